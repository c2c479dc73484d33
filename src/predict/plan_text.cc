#include "predict/plan.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace assay::predict {
namespace {

using report::count_text;
using report::counted;

/// The sizes of the old plan.
struct SizeClass {
  std::string_view name;
  std::uint64_t end = 0;  ///< Projects have fewer images than this.
};
constexpr auto kSizeClasses =
    std::to_array<SizeClass>({{"Small (under 3,000 images)", 3'000},
                              {"Medium (3,000 to 9,999 images)", 10'000},
                              {"Large (10,000 images and more)", UINT64_MAX}});

const SizeClass& size_class_of(std::uint64_t num_images) {
  return *std::ranges::find_if(
      kSizeClasses, [&](const SizeClass& size_class) { return num_images < size_class.end; });
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(seconds, 1.0)));
  constexpr std::uint64_t kSecondsOfMinutes = 5'400;  // up to here minutes say enough
  if (whole < 90) return fmt::format("{} s", whole);
  if (whole < kSecondsOfMinutes) return fmt::format("{} min", (whole + 30) / 60);
  return fmt::format("{:.1f} h", static_cast<double>(whole) / 3600.0);
}

std::string status_text(const PlannedProject& project) {
  switch (project.status) {
    case PlanStatus::kToDo:
      return "Needs predictions";
    case PlanStatus::kDone:
      return fmt::format("Already done: {}", project.reason);
    case PlanStatus::kAmbiguous:
      return fmt::format("Ambiguous: {}", project.reason);
    case PlanStatus::kUnreadable:
      return fmt::format("Unreadable: {}", project.reason);
    case PlanStatus::kNoImages:
      return "No images";
    case PlanStatus::kLeftOut:
      return "Left out by the table";
    case PlanStatus::kNotThere:
      return "Passed over: not there, and not in this source";
  }
  return {};
}

/// Columns as wide as they must be; numbers to the right.
class TextTable {
 public:
  static constexpr std::size_t kNumColumns = 6;
  using Row = std::array<std::string, kNumColumns>;
  static constexpr std::size_t kFirstNumber = 2;
  static constexpr std::size_t kLastNumber = 3;

  void add(Row row) {
    for (std::string& cell : row) cell = report::visible_text(cell);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths_[i] = std::max(widths_[i], report::count_characters(row[i]));
    }
    rows_.push_back(std::move(row));
  }

  void write(std::string& text) const {
    for (const Row& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string blanks(widths_[i] - report::count_characters(row[i]), ' ');
        line += i >= kFirstNumber && i <= kLastNumber ? blanks + row[i] : row[i] + blanks;
        line += "  ";
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
  }

 private:
  std::vector<Row> rows_;
  std::array<std::size_t, kNumColumns> widths_{};
};

struct Totals {
  std::uint64_t num_projects = 0;
  std::uint64_t num_images = 0;
  double seconds = 0.0;
  bool is_estimated = true;  ///< All of them.

  void add(const PlannedProject& project) {
    ++num_projects;
    num_images += project.num_images;
    seconds += project.estimated_seconds().value_or(0.0);
    is_estimated = is_estimated && project.estimated_seconds().has_value();
  }
  std::string text() const {
    std::string words = fmt::format("{}, {}", counted(num_projects, "project", "projects"),
                                    counted(num_images, "image", "images"));
    if (is_estimated && num_projects != 0) words += fmt::format(", {}", duration_text(seconds));
    return words;
  }
};

template <typename Predicate>
Totals total_of(const Plan& plan, Predicate belongs) {
  Totals totals;
  for (const PlannedProject& project : plan.projects) {
    if (belongs(project)) totals.add(project);
  }
  return totals;
}

bool is_to_do(const PlannedProject& project) { return project.status == PlanStatus::kToDo; }

void write_projects(const Plan& plan, std::string& text) {
  TextTable table;
  table.add({"Project", "Source", "Images", "Time", "Database", "Status"});
  for (const PlannedProject& project : plan.projects) {
    const bool is_folder = project.kind == archives::SourceKind::kFolder;
    const auto seconds = project.estimated_seconds();
    table.add({project.project.empty() ? "?" : project.project,
               is_folder ? project.source + "/ (folder)" : project.source,
               count_text(project.num_images), seconds ? duration_text(*seconds) : "-",
               project.databases.empty() ? "no" : "yes", status_text(project)});
  }
  table.write(text);
}

void write_order(const Plan& plan, std::string& text) {
  auto out = std::back_inserter(text);
  const Totals to_do = total_of(plan, is_to_do);
  const Totals done =
      total_of(plan, [](const auto& project) { return project.status == PlanStatus::kDone; });
  fmt::format_to(out, "\nDone:  {}\nTo do: {}\n", done.text(), to_do.text());
  for (const SizeClass& size_class : kSizeClasses) {
    const auto belongs = [&](const PlannedProject& project) {
      return is_to_do(project) && &size_class_of(project.num_images) == &size_class;
    };
    const Totals totals = total_of(plan, belongs);
    if (totals.num_projects == 0) continue;
    fmt::format_to(out, "\n{}: {}\n", size_class.name, totals.text());
    for (const PlannedProject& project : plan.projects) {
      if (!belongs(project)) continue;
      fmt::format_to(out, "  {} ({})", report::visible_text(project.project),
                     counted(project.num_images, "image", "images"));
      if (const auto seconds = project.estimated_seconds()) {
        fmt::format_to(out, ", {}", duration_text(*seconds));
      }
      text += '\n';
    }
  }
}

void write_groups(const Plan& plan, std::string& text) {
  std::map<std::size_t, std::uint64_t> groups;
  std::uint64_t num_ungrouped = 0;
  for (const PlannedProject& project : plan.projects) {
    if (!is_to_do(project)) continue;
    for (const auto& [size, count] : project.groups_by_size) groups[size] += count;
    num_ungrouped += project.num_ungrouped;
  }
  auto out = std::back_inserter(text);
  fmt::format_to(out, "\nGroups to do (mode {}):\n", to_string(plan.grouping_mode));
  for (const auto& [size, count] : groups) {
    fmt::format_to(out, "  of {}: {}\n", counted(size, "image", "images"), count_text(count));
  }
  fmt::format_to(out, "  images in no group: {}\n", count_text(num_ungrouped));
}

void write_remarks(const Plan& plan, std::string& text) {
  std::string remarks;
  auto out = std::back_inserter(remarks);
  for (const PlannedProject& project : plan.projects) {
    const std::string name =
        report::visible_text(project.project.empty() ? project.source : project.project);
    const std::string left_out = left_out_text(project);
    if (!left_out.empty()) fmt::format_to(out, "  {}: {}\n", name, left_out);
    for (const std::string& remark : project.remarks) {
      fmt::format_to(out, "  {}: {}\n", name, report::visible_text(remark));
    }
  }
  if (plan.num_loose_images != 0) {
    fmt::format_to(out, "  {}\n", loose_images_text(plan));
  }
  for (const std::string& source : plan.not_utf8_sources) {
    fmt::format_to(out, "  {}\n", not_utf8_text(source));
  }
  if (plan.num_unreadable_log_lines != 0) {
    fmt::format_to(out, "  {} of the log cannot be read\n",
                   counted(plan.num_unreadable_log_lines, "line", "lines"));
  }
  if (!remarks.empty()) text += "\nRemarks:\n" + remarks;
}

double mean_prepare_seconds(const Plan& plan) {
  double seconds = 0;
  std::uint64_t num_images = 0;
  for (const PlannedProject& project : plan.projects) {
    if (!project.sampled_time) continue;
    seconds +=
        project.sampled_time->prepare_seconds_per_image * static_cast<double>(project.num_images);
    num_images += project.num_images;
  }
  return num_images == 0 ? 0.0 : seconds / static_cast<double>(num_images);
}

void write_time_basis(const Plan& plan, std::string& text) {
  if (!plan.time_basis || plan.time_basis->num_samples == 0) return;
  const embedding::TimeBasis& basis = *plan.time_basis;
  auto out = std::back_inserter(text);
  fmt::format_to(out,
                 "\nTime: with {}, from {}: a worker takes {:.1f} ms to read, decode and resize an "
                 "image",
                 counted(basis.num_workers, "worker", "workers"),
                 counted(basis.num_samples, "decoded sample", "decoded samples"),
                 mean_prepare_seconds(plan) * 1e3);
  if (basis.model_seconds_per_image) {
    fmt::format_to(out, ", and all together {:.1f} ms for the model",
                   *basis.model_seconds_per_image * 1e3);
  } else {
    fmt::format_to(out, "; the model could not be measured and is not in it ({})",
                   report::visible_text(basis.model_problem));
  }
  if (basis.store_seconds_per_image) {
    fmt::format_to(out, ". Keeping its vector takes a worker {:.1f} ms",
                   *basis.store_seconds_per_image * 1e3);
  } else if (basis.model_seconds_per_image) {
    text += ". How fast the disk keeps vectors is not in it";
  }
  text += ". What is in the store already takes less.\n";
}

void write_needs(const Plan& plan, std::string& text) {
  auto out = std::back_inserter(text);
  text += "\nModels:\n";
  for (const FoundModel& model : plan.models) {
    if (!model.problem.empty()) {
      fmt::format_to(out, "  {}: {}\n", model.wanted.role, report::visible_text(model.problem));
    } else if (model.path.empty()) {
      fmt::format_to(out, "  {}: missing; {}\n", model.wanted.role, model.wanted.advice);
    } else {
      fmt::format_to(out, "  {}: {}\n", model.wanted.role,
                     report::visible_text(model.path.native()));
    }
  }
  fmt::format_to(out, "\nDisk: some {} needed", to_string(plan.needed_space));
  if (plan.free_space) fmt::format_to(out, ", {} free", to_string(*plan.free_space));
  text += '\n';
  write_time_basis(plan, text);
}

}  // namespace

std::string left_out_text(const PlannedProject& project) {
  std::uint64_t num_left_out = 0;
  std::string reasons;
  for (std::size_t i = 0; i < project.left_out.size(); ++i) {
    const auto reason = static_cast<archives::LeftOut>(i);
    if (project.left_out[i] == 0 || reason == archives::LeftOut::kFolder) continue;
    num_left_out += project.left_out[i];
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", count_text(project.left_out[i]),
                           archives::to_string(reason));
  }
  if (num_left_out == 0) return {};
  return fmt::format("{} left out ({})", counted(num_left_out, "file", "files"), reasons);
}

std::string loose_images_text(const Plan& plan) {
  return fmt::format("{} directly in {} {} in no project; put them in a folder there",
                     counted(plan.num_loose_images, "image", "images"),
                     report::visible_text(plan.source.native()),
                     plan.num_loose_images == 1 ? "is" : "are");
}

std::string not_utf8_text(std::string_view source) {
  return fmt::format("{}: passed over, for its name is not UTF-8; rename it",
                     report::visible_text(source));
}

std::string to_text(const Plan& plan) {
  std::string text = fmt::format("Source: {}\n\n", report::visible_text(plan.source.native()));
  write_projects(plan, text);
  write_order(plan, text);
  write_groups(plan, text);
  write_remarks(plan, text);
  write_needs(plan, text);
  return text;
}

}  // namespace assay::predict
