#include "cli/predict_batch_printer_internal.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace assay::cli {
namespace {

using embedding::EmbeddingFigures;
using report::counted;

// Often enough to watch, seldom enough to keep.
constexpr std::chrono::seconds kEventInterval(10);

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// Images that were worked on in `seconds`.
double rate_of(const EmbeddingFigures& figures, double seconds) {
  return seconds > 0 ? static_cast<double>(figures.num_own()) / seconds : 0;
}

std::string text_of(const predict::ProjectResult& result, const predict::ProjectReport* report,
                    grouping::GroupingMode mode) {
  const std::string project = report::visible_text(result.project);
  if (result.outcome == predict::ProjectOutcome::kStopped) {
    const predict::ImageCounts& images = result.images;
    return fmt::format(
        "{}: stopped after {} of {}; run again to go on\n", project,
        report::count_text(images.num_embedded + images.num_reused + images.num_failed),
        counted(images.num_images, "image", "images"));
  }
  if (report == nullptr) {
    return fmt::format("{}: FAILED: {}\n", project, report::visible_text(result.error));
  }
  const predict::ImageCounts& images = result.images;
  std::string text = fmt::format(
      "{}: {}, {} embedded, {} known", project, counted(images.num_images, "image", "images"),
      report::count_text(images.num_embedded), report::count_text(images.num_reused));
  if (report->figures.num_other_shard > 0) {
    text +=
        fmt::format(", {} of other shards", report::count_text(report->figures.num_other_shard));
  }
  if (report->database) {
    text += fmt::format("; {}, {} in none", counted(images.num_groups, "group", "groups"),
                        counted(images.num_ungrouped, "image", "images"));
  }
  for (const auto& [error, count] : report->failures) {
    text += fmt::format("; {} {}", report::count_text(count), report::visible_text(error));
  }
  if (report->database) {
    text += fmt::format("; {}", report::visible_text(report->database->native()));
  }
  if (report->backup) {
    text += fmt::format("; the one before is kept as {}",
                        report::visible_text(report->backup->filename().native()));
  }
  const bool has_nothing = report->database && images.num_groups == 0;
  if (has_nothing && mode != grouping::GroupingMode::kSingle) {
    text += "; no group: --mode single takes every image on its own";
  }
  return text + "\n";
}

void write_stages(json::Writer& writer, const EmbeddingFigures& figures) {
  writer.name("stage_seconds").begin_object();
  for (std::size_t i = 0; i < embedding::kNumEmbeddingStages; ++i) {
    writer.name(to_string(static_cast<embedding::EmbeddingStage>(i)));
    writer.number(seconds_of(figures.time.at(i)));
  }
  writer.end_object();
}

void write_or_null(json::Writer& writer, std::optional<double> number) {
  if (number) {
    writer.number(*number);
  } else {
    writer.null();
  }
}

double batch_seconds(const predict::BatchReport& report) {
  return seconds_of(report.summary.completed - report.summary.started);
}

/// Those that came to a stage.
std::uint64_t images_of(embedding::EmbeddingStage stage, const EmbeddingFigures& figures) {
  const bool is_of_all =
      stage == embedding::EmbeddingStage::kRead || stage == embedding::EmbeddingStage::kHash;
  return is_of_all ? figures.num_images() : figures.num_embedded;
}

/// The share of the workers' time in each stage, and how many images a second all workers together
/// would do if there were no other.
std::string stages_text(const EmbeddingFigures& figures, std::size_t num_workers) {
  double all = 0;
  for (const auto time : figures.time) all += seconds_of(time);
  if (all <= 0) return {};
  std::string text;
  for (std::size_t i = 0; i < embedding::kNumEmbeddingStages; ++i) {
    const auto stage = static_cast<embedding::EmbeddingStage>(i);
    const double seconds = seconds_of(figures.time.at(i));
    text +=
        fmt::format("{}{} {:.0f} %", i == 0 ? "; " : ", ", to_string(stage), 100 * seconds / all);
    const std::uint64_t num_images = images_of(stage, figures);
    if (num_images == 0 || seconds <= 0) continue;
    const double rate = static_cast<double>(num_images * num_workers) / seconds;
    text += fmt::format(" ({}/s)", report::count_text(static_cast<std::uint64_t>(rate)));
  }
  return text;
}

/// Projects that did not begin.
std::uint64_t num_not_reached(const predict::BatchReport& report) {
  return report.summary.num_remaining - report.num_stopped_projects;
}

std::string total_text(const predict::BatchReport& report, std::size_t num_workers) {
  const EmbeddingFigures& figures = report.figures;
  const double seconds = batch_seconds(report);
  std::string text =
      "total: " +
      counted(report.summary.projects.size() + report.num_stopped_projects, "project", "projects");
  if (report.num_failed_projects > 0) {
    text += fmt::format(", {} failed", report::count_text(report.num_failed_projects));
  }
  if (report.num_stopped_projects > 0) {
    text += fmt::format(", {} stopped", report::count_text(report.num_stopped_projects));
  }
  if (num_not_reached(report) > 0) {
    text += fmt::format(", {} not reached", report::count_text(num_not_reached(report)));
  }
  text += fmt::format("; {} in {:.1f} s", counted(figures.num_own(), "image", "images"), seconds);
  if (figures.num_own() > 0) text += fmt::format(", {:.1f} images/s", rate_of(figures, seconds));
  return text + stages_text(figures, num_workers) + "\n";
}

std::string total_json(const predict::BatchReport& report) {
  const double seconds = batch_seconds(report);
  json::Writer writer;
  writer.begin_object().name("event").text("total");
  writer.name("projects")
      .unsigned_integer(report.summary.projects.size() + report.num_stopped_projects);
  writer.name("failed_projects").unsigned_integer(report.num_failed_projects);
  writer.name("stopped_projects").unsigned_integer(report.num_stopped_projects);
  writer.name("remaining_projects").unsigned_integer(num_not_reached(report));
  writer.name("images").unsigned_integer(report.figures.num_own());
  writer.name("other_shard_images").unsigned_integer(report.figures.num_other_shard);
  writer.name("failed_images").unsigned_integer(report.num_failed_images);
  writer.name("seconds").number(seconds);
  writer.name("images_per_second").number(rate_of(report.figures, seconds));
  write_stages(writer, report.figures);
  writer.name("summary").text(report.summary_path.native());
  return writer.end_object().take() + "\n";
}

}  // namespace

BatchPrinter::BatchPrinter(const BatchPrinterOptions& options, Clock& clock)
    : options_(options), clock_(&clock), pace_(clock, options.amount) {}

void BatchPrinter::on_begin(const predict::PlannedProject& project, std::size_t number,
                            std::size_t count) {
  pace_.begin(project);
  project_ = project.project;
  title_ = fmt::format("{} ({}/{})", report::visible_text(project.project), number, count);
  has_more_projects_ = number < count;
  num_shown_ = 0;
  bar_.reset();
  last_event_ = clock_->monotonic();
  if (options_.form != OutputForm::kJson) return;
  json::Writer writer;
  writer.begin_object().name("event").text("begin");
  writer.name("project").text(project.project).name("source").text(project.source);
  writer.name("number").unsigned_integer(number).name("count").unsigned_integer(count);
  writer.name("images").unsigned_integer(project.num_images);
  writer.name("remaining_seconds");
  write_or_null(writer, pace_.remaining_seconds());
  write(writer.end_object().take() + "\n");
}

void BatchPrinter::on_progress(const predict::ProjectProgress& progress) {
  pace_.advance(progress);
  if (options_.form == OutputForm::kJson) write_progress(progress);
  if (!options_.is_quiet) show_bar(progress);
}

void BatchPrinter::on_end(const predict::ProjectResult& result,
                          const predict::ProjectReport* report) {
  // What a stop leaves of a project is still to be done.
  if (result.outcome != predict::ProjectOutcome::kStopped) pace_.end();
  bar_.reset();
  write(options_.form == OutputForm::kJson ? json_of(result, report)
                                           : text_of(result, report, options_.grouping_mode));
}

void BatchPrinter::on_batch_end(const predict::BatchReport& report) {
  bar_.reset();
  write(options_.form == OutputForm::kJson ? total_json(report)
                                           : total_text(report, options_.num_workers));
}

void BatchPrinter::show_bar(const predict::ProjectProgress& progress) {
  if (!bar_) {
    bar_.emplace(title_, *clock_,
                 ProgressOptions{.style = progress_style_of_stderr(),
                                 .total = progress.num_images,
                                 .already_done = progress.num_before,
                                 .unit = "images"});
  }
  const std::uint64_t done = progress.figures.num_images();
  std::string note;
  if (progress.figures.num_failed > 0) note = fmt::format("{} failed", progress.figures.num_failed);
  if (progress.figures.num_other_shard > 0) {
    note += fmt::format("{}{} of them of other shards", note.empty() ? "" : "; ",
                        progress.figures.num_other_shard);
  }
  // What the bar says by itself is left of this project.
  const auto left = has_more_projects_ ? pace_.remaining_seconds() : std::nullopt;
  if (left) {
    note += fmt::format("{}all projects: {} left", note.empty() ? "" : "; ", remaining_text(*left));
  }
  if (!note.empty()) bar_->set_note(note);
  bar_->advance(done - num_shown_);
  num_shown_ = done;
}

void BatchPrinter::write_progress(const predict::ProjectProgress& progress) {
  const auto now = clock_->monotonic();
  if (now - last_event_ < kEventInterval) return;
  last_event_ = now;
  json::Writer writer;
  writer.begin_object().name("event").text("progress").name("project").text(project_);
  writer.name("images").unsigned_integer(progress.num_images);
  writer.name("done").unsigned_integer(progress.num_before + progress.figures.num_own());
  writer.name("other_shard").unsigned_integer(progress.figures.num_other_shard);
  writer.name("failed").unsigned_integer(progress.figures.num_failed);
  writer.name("images_per_second").number(pace_.images_per_second());
  writer.name("remaining_seconds");
  write_or_null(writer, pace_.remaining_seconds());
  write(writer.end_object().take() + "\n");
}

std::string BatchPrinter::json_of(const predict::ProjectResult& result,
                                  const predict::ProjectReport* report) const {
  json::Writer writer;
  writer.begin_object().name("event").text("end").name("project").text(result.project);
  const bool is_stopped = result.outcome == predict::ProjectOutcome::kStopped;
  const std::string_view ended = report == nullptr ? "failed" : "success";
  writer.name("status").text(is_stopped ? "stopped" : ended);
  const double seconds = seconds_of(result.duration);
  writer.name("seconds").number(seconds);
  writer.name("remaining_seconds");
  write_or_null(writer, pace_.remaining_seconds());
  if (is_stopped) {
    writer.name("images").unsigned_integer(result.images.num_images);
    writer.name("embedded").unsigned_integer(result.images.num_embedded);
    writer.name("known").unsigned_integer(result.images.num_reused);
    writer.name("failed").unsigned_integer(result.images.num_failed);
    return writer.end_object().take() + "\n";
  }
  if (report == nullptr) {
    writer.name("error").text(result.error);
    return writer.end_object().take() + "\n";
  }
  const predict::ImageCounts& images = result.images;
  writer.name("images_per_second").number(rate_of(report->figures, seconds));
  writer.name("images").unsigned_integer(images.num_images);
  writer.name("embedded").unsigned_integer(images.num_embedded);
  writer.name("known").unsigned_integer(images.num_reused);
  writer.name("failed").unsigned_integer(images.num_failed);
  writer.name("groups").unsigned_integer(images.num_groups);
  writer.name("ungrouped").unsigned_integer(images.num_ungrouped);
  writer.name("failures").begin_object();
  for (const auto& [error, count] : report->failures) {
    writer.name(error).unsigned_integer(count);
  }
  writer.end_object();
  write_stages(writer, report->figures);
  writer.name("database");
  if (report->database) {
    writer.text(report->database->native());
  } else {
    writer.null();
  }
  writer.name("backup");
  if (report->backup) {
    writer.text(report->backup->native());
  } else {
    writer.null();
  }
  return writer.end_object().take() + "\n";
}

void BatchPrinter::write(const std::string& text) {
  if (const Status printed = print(text); !printed && status_) status_ = printed;
}

}  // namespace assay::cli
