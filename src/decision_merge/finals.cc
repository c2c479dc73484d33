#include "decision_merge/finals.h"

#include "archives/entry_source.h"
#include "db/database.h"
#include "decision_merge/merge_internal.h"
#include "decisions/entry_image.h"
#include "decisions/scored_project.h"
#include "decisions/side_tables.h"
#include "grouping/image_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>

namespace assay::decision_merge {
namespace {

namespace fs = std::filesystem;
using archives::EntrySource;
using decisions::Decision;

// A final image that lacks less on each side was saved, not cropped.
constexpr double kFullFrame = 0.02;

std::string_view stem_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == 0 || dot == std::string_view::npos ? name : name.substr(0, dot);
}

/// Where each name is in a source.
class NameIndex {
 public:
  explicit NameIndex(const EntrySource& source) {
    const auto entries = source.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].verdict == archives::EntryVerdict::kDuplicate) continue;
      const std::string_view name = decisions::base_name_of(entries[i].path);
      by_name_[name].push_back(i);
      by_stem_[stem_of(name)].push_back(i);
    }
  }

  std::span<const std::size_t> with_name(std::string_view name) const { return at(by_name_, name); }
  std::span<const std::size_t> with_stem(std::string_view name) const {
    return at(by_stem_, stem_of(name));
  }

 private:
  using Index = std::unordered_map<std::string_view, std::vector<std::size_t>>;
  static std::span<const std::size_t> at(const Index& index, std::string_view key) {
    const auto found = index.find(key);
    return found == index.end() ? std::span<const std::size_t>() : std::span(found->second);
  }

  Index by_name_;
  Index by_stem_;
};

decisions::CropBox box_of(const images::PartPlace& place, images::ImageSize size) {
  const auto share = [](double edge, std::uint32_t length) {
    return std::clamp(edge / length, 0.0, 1.0);
  };
  return {.x1 = share(place.left, size.width),
          .y1 = share(place.top, size.height),
          .x2 = share(place.left + place.width, size.width),
          .y2 = share(place.top + place.height, size.height)};
}

bool is_full_frame(const decisions::CropBox& box) {
  return std::max({box.x1, box.y1, 1 - box.x2, 1 - box.y2}) <= kFullFrame;
}

Result<std::unique_ptr<EntrySource>> open_images(files::FileSystem& file_system,
                                                 const fs::path& path) {
  return archives::open_entry_source(file_system, path,
                                     {.extensions = grouping::image_extensions()});
}

/// Errors: as find_finals().
Result<std::unique_ptr<EntrySource>> open_originals(files::FileSystem& file_system,
                                                    const decisions::ScoredProject& project,
                                                    const FinalsOptions& options) {
  if (!options.originals) {
    if (!project.run) {
      return invalid_input(
          fmt::format("{}: nothing in it says where the originals are; name their zip or folder "
                      "with --source",
                      options.database.native()));
    }
    return open_images(file_system, project.run->source);
  }
  if (project.run) {
    const fs::path inside = *options.originals / fs::path(project.run->source).filename();
    const auto info = file_system.info(inside);
    if (info && *info) return open_images(file_system, inside);
  }
  return open_images(file_system, *options.originals);
}

/// Finds the final image of one group after the other. Threads: find() is safe from any thread.
class Finder {
 public:
  Finder(const EntrySource& originals, const EntrySource& finals,
         images::ExifOrientation orientation, double min_score)
      : originals_(&originals),
        finals_(&finals),
        original_names_(originals),
        final_names_(finals),
        orientation_(orientation),
        min_score_(min_score) {}

  FoundFinal find(const decisions::ScoredGroup& group) const {
    const Decision& decision = group.decision;
    FoundFinal found{.group_id = decision.group_id};
    if (decision.user_action) return found;
    const std::span<const std::size_t> candidates = candidates_of(decision, found);
    if (!found.image_index) {
      found.fate = decision.ai_selected_index ? FinalFate::kRejected : FinalFate::kNoPrediction;
      return found;
    }
    found.image = decision.images[*found.image_index];
    auto original = read_original(group.images[*found.image_index]);
    if (!original) {
      found.fate = FinalFate::kUnreadable;
      found.problem = "the original: " + original.error();
      return found;
    }
    found.original = original->size();
    match(*original, candidates, found);
    judge(found);
    return found;
  }

 private:
  /// The final images of the first image of the group that has any.
  std::span<const std::size_t> candidates_of(const Decision& decision, FoundFinal& found) const {
    for (const bool by_stem : {false, true}) {
      for (std::size_t i = 0; i < decision.images.size(); ++i) {
        const std::string_view name = decisions::base_name_of(decision.images[i]);
        const auto candidates =
            by_stem ? final_names_.with_stem(name) : final_names_.with_name(name);
        if (candidates.empty()) continue;
        found.image_index = i;
        return candidates;
      }
    }
    return {};
  }

  std::expected<images::Image, std::string> read_original(
      const decisions::ScoredImage& image) const {
    if (image.score) {
      const auto index = decisions::find_entry(*originals_, image.score->entry);
      if (!index) return std::unexpected("no longer in the source");
      return decisions::decode_entry(*originals_, *index, image.score->crc32, orientation_);
    }
    // A database of the old tools has the name alone.
    const auto same = original_names_.with_name(decisions::base_name_of(image.name));
    if (same.size() != 1) {
      return std::unexpected(fmt::format("{} files of this name are in the source", same.size()));
    }
    return decisions::decode_entry(*originals_, same.front(), std::nullopt, orientation_);
  }

  void match(const images::Image& original, std::span<const std::size_t> candidates,
             FoundFinal& found) const {
    found.fate = FinalFate::kUnreadable;
    for (const std::size_t candidate : candidates) {
      if (found.final.empty()) found.final = finals_->entries()[candidate].path;
      const auto image = decisions::decode_entry(*finals_, candidate, std::nullopt, orientation_);
      if (!image) {
        if (found.problem.empty()) found.problem = "the final image: " + image.error();
        continue;
      }
      found.fate = FinalFate::kUnmatched;
      const auto place = images::find_part(original, *image);
      if (!place || (found.place && found.place->score >= place->score)) continue;
      found.place = place;
      found.final = finals_->entries()[candidate].path;
    }
  }

  void judge(FoundFinal& found) const {
    if (found.fate == FinalFate::kUnreadable) return;
    if (!found.place) {
      found.problem = "no part of the original is like it";
      return;
    }
    if (found.place->score < min_score_) {
      found.problem = fmt::format("the best place has a score of {:.3f}, under {}",
                                  found.place->score, min_score_);
      return;
    }
    found.problem.clear();
    found.crop = box_of(*found.place, found.original);
    found.fate = is_full_frame(*found.crop) ? FinalFate::kApproved : FinalFate::kCropped;
  }

  const EntrySource* originals_;
  const EntrySource* finals_;
  NameIndex original_names_;
  NameIndex final_names_;
  images::ExifOrientation orientation_;
  double min_score_;
};

/// What the user did, as a row that a merge takes; nothing when that is not known.
std::optional<Decision> row_of(const Decision& decision, const FoundFinal& found) {
  Decision row{.group_id = decision.group_id, .images = decision.images};
  switch (found.fate) {
    case FinalFate::kApproved:
      row.user_action = "approve";
      break;
    case FinalFate::kCropped:
      row.user_action = "crop";
      row.final_crop_coords = found.crop;
      break;
    case FinalFate::kRejected:
      row.user_action = "reject";
      row.user_selected_index = decision.ai_selected_index;
      return row;
    case FinalFate::kUnmatched:
    case FinalFate::kUnreadable:
    case FinalFate::kNoPrediction:
    case FinalFate::kDecidedBefore:
      return std::nullopt;
  }
  row.user_selected_index = static_cast<std::int64_t>(found.image_index.value_or(0));
  row.image_width = found.original.width;
  row.image_height = found.original.height;
  return row;
}

/// Errors: as db::Database.
Status write_matches(db::Database& database, std::span<const FoundFinal> finals) {
  RETURN_IF_ERROR(decisions::create_final_matches(database));
  ASSIGN_OR_RETURN(
      db::Statement insert,
      database.prepare("INSERT OR REPLACE INTO final_matches VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  for (const FoundFinal& found : finals) {
    if (found.fate == FinalFate::kDecidedBefore) continue;
    insert.bind_text(1, found.group_id).bind_text(2, to_string(found.fate));
    if (found.image_index) {
      insert.bind_integer(3, static_cast<std::int64_t>(*found.image_index));
      insert.bind_text(4, found.final);
    }
    if (const auto& place = found.place) {
      const decisions::CropBox pixels{.x1 = place->left,
                                      .y1 = place->top,
                                      .x2 = place->left + place->width,
                                      .y2 = place->top + place->height};
      insert.bind_real(5, place->score).bind_real(6, place->scale);
      insert.bind_text(7, decisions::coords_to_json(pixels));
    }
    if (!found.problem.empty()) insert.bind_text(8, found.problem);
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

}  // namespace

std::string_view to_string(FinalFate fate) {
  switch (fate) {
    case FinalFate::kApproved:
      return "approved";
    case FinalFate::kCropped:
      return "cropped";
    case FinalFate::kRejected:
      return "rejected";
    case FinalFate::kUnmatched:
      return "unmatched";
    case FinalFate::kUnreadable:
      return "unreadable";
    case FinalFate::kNoPrediction:
      return "no_prediction";
    case FinalFate::kDecidedBefore:
      return "decided_before";
  }
  std::unreachable();
}

bool FinalsReport::is_complete() const {
  return count(FinalFate::kUnmatched) + count(FinalFate::kUnreadable) +
             count(FinalFate::kNoPrediction) + merge.plan.conflicts.size() ==
         0;
}

Result<FinalsReport> find_finals(files::FileSystem& file_system, ThreadPool& pool, Clock& clock,
                                 const FinalsOptions& options, const OnFinalsProgress& on_progress,
                                 const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const decisions::ScoredProject project,
                   decisions::read_scored_project(options.database));
  ASSIGN_OR_RETURN(const auto finals, open_images(file_system, options.finals));
  ASSIGN_OR_RETURN(const auto originals, open_originals(file_system, project, options));
  const Finder finder(
      *originals, *finals,
      project.run ? decisions::orientation_of(*project.run) : images::ExifOrientation::kIgnore,
      options.min_score);
  FinalsReport report;
  report.finals.resize(project.groups.size());
  std::mutex mutex;
  std::uint64_t num_done = 0;
  RETURN_IF_ERROR(parallel_for(
      pool, project.groups.size(),
      [&](std::size_t i) -> Status {
        report.finals[i] = finder.find(project.groups[i]);
        const std::scoped_lock lock(mutex);
        ++num_done;
        if (on_progress) on_progress(num_done, project.groups.size());
        return {};
      },
      stop));
  decisions::DecisionTable table;
  for (std::size_t i = 0; i < report.finals.size(); ++i) {
    const FoundFinal& found = report.finals[i];
    ++report.counts.at(static_cast<std::size_t>(found.fate));
    if (auto row = row_of(project.groups[i].decision, found)) {
      table.decisions.push_back(std::move(*row));
    }
  }
  const bool is_any_there = std::ranges::any_of(
      report.finals, [](const FoundFinal& found) { return found.image_index.has_value(); });
  if (!is_any_there && report.count(FinalFate::kDecidedBefore) < report.finals.size()) {
    // Rather than call all of them rejected.
    return invalid_input(fmt::format("{}: no image of {} is in it; is it the right folder?",
                                     options.finals.native(), options.database.native()));
  }
  ASSIGN_OR_RETURN(report.merge,
                   merge_offer(file_system,
                               {.table = table,
                                .also_write =
                                    [&](db::Database& database, const MergePlan& /*plan*/) {
                                      return write_matches(database, report.finals);
                                    }},
                               options.database, clock, options.mode));
  return report;
}

}  // namespace assay::decision_merge
