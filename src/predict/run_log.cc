#include "predict/run_log.h"

#include "core/utf8.h"
#include "files/atomic_file.h"
#include "files/brief_lock.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <memory>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSummaryName = "batch_predictions_summary";
constexpr ByteCount kMaxLogSize{std::uint64_t{1} << 30};

std::string seconds_text(Timestamp instant) {
  return to_rfc3339(std::chrono::floor<std::chrono::seconds>(instant));
}

/// `20251101T093000Z`.
std::string name_text(Timestamp instant) {
  std::string text;
  for (const char character : seconds_text(instant)) {
    if (character != '-' && character != ':') text += character;
  }
  return text;
}

double seconds_of(std::chrono::milliseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

void write_text_or_null(json::Writer& writer, std::string_view name, std::string_view text) {
  writer.name(name);
  if (text.empty()) {
    writer.null();
  } else {
    writer.text(text);
  }
}

void write_models(json::Writer& writer, const RunModels& models) {
  writer.name("models").begin_object();
  write_text_or_null(writer, "ranker", models.ranker);
  write_text_or_null(writer, "ranker_sha256", models.ranker_sha256);
  write_text_or_null(writer, "ranker_wanted", models.ranker_wanted);
  write_text_or_null(writer, "crop_proposer", models.crop_proposer);
  write_text_or_null(writer, "crop_proposer_sha256", models.crop_proposer_sha256);
  write_text_or_null(writer, "clip", models.clip);
  write_text_or_null(writer, "clip_sha256", models.clip_sha256);
  write_text_or_null(writer, "precision", models.precision);
  writer.end_object();
}

// The members of the old log under their old names, then ours.
void write_project(json::Writer& writer, const ProjectResult& result) {
  const bool is_success = result.outcome == ProjectOutcome::kSuccess;
  writer.begin_object();
  writer.name("schema_version").integer(kRunLogSchemaVersion);
  writer.name("project_id").text(result.project);
  writer.name("zip_file").text(result.source);
  writer.name("image_count").unsigned_integer(result.images.num_images);
  writer.name("duration_seconds").number(seconds_of(result.duration));
  writer.name("status").text(is_success ? "success" : "failed");
  writer.name("timestamp").text(seconds_text(result.finished));
  write_text_or_null(writer, "database", result.database);
  write_text_or_null(writer, "error", result.error);
  writer.name("groups_processed").unsigned_integer(result.images.num_groups);
  writer.name("images_embedded").unsigned_integer(result.images.num_embedded);
  writer.name("images_reused").unsigned_integer(result.images.num_reused);
  writer.name("images_failed").unsigned_integer(result.images.num_failed);
  writer.name("images_ungrouped").unsigned_integer(result.images.num_ungrouped);
  write_models(writer, result.models);
  writer.end_object();
}

// One write, so that lines of two processes do not mix.
Status append_line(files::FileSystem& file_system, const fs::path& path, std::string_view text) {
  RETURN_IF_ERROR(file_system.create_folders(path.parent_path()));
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kAppend));
  ASSIGN_OR_RETURN(const ByteCount size, file->size());
  std::string line;
  if (size > ByteCount(0)) {
    std::array<std::byte, 1> last{};
    ASSIGN_OR_RETURN(const std::size_t num_read, file->read_at(size.count() - 1, last));
    if (num_read == 1 && last[0] != std::byte{'\n'}) line += '\n';
  }
  line += text;
  line += '\n';
  RETURN_IF_ERROR(file->append(as_bytes(line)));
  RETURN_IF_ERROR(file->sync());
  return info ? Status() : file_system.sync_folder(path.parent_path());
}

/// The text of a file, or nothing for one that is not there.
Result<std::string> read_if_there(files::FileSystem& file_system, const fs::path& path) {
  auto text = files::read_file(file_system, path, kMaxLogSize);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  return text;
}

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& on_line) {
  text = without_byte_order_mark(text);
  constexpr std::string_view kBlanks = " \t\r\v\f";
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
    if (!line.empty()) on_line(line);
  }
}

Status append_line_once(files::FileSystem& file_system, const fs::path& path,
                        std::string_view text) {
  ASSIGN_OR_RETURN(const std::string content, read_if_there(file_system, path));
  bool is_there = false;
  for_each_line(content, [&](std::string_view line) { is_there = is_there || line == text; });
  if (!is_there) return append_line(file_system, path, text);
  // Who wrote it may have died before it lasted.
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kAppend));
  return file->sync();
}

void read_log_line(std::string_view line, FinishedProjects& finished) {
  const auto value = json::parse(line);
  const json::Value* project = value ? value->find("project_id") : nullptr;
  const json::Value* status = value ? value->find("status") : nullptr;
  if (project == nullptr || project->text() == nullptr || status == nullptr ||
      status->text() == nullptr) {
    ++finished.num_unreadable_lines;
    return;
  }
  if (*status->text() == "success") {
    finished.projects.try_emplace(*project->text(), FinishedProjects::Where::kLog);
    return;
  }
  const json::Value* error = value->find("error");
  finished.failures.insert_or_assign(*project->text(), error != nullptr && error->text() != nullptr
                                                           ? *error->text()
                                                           : *status->text());
}

}  // namespace

RunLogPaths run_log_paths(const fs::path& root) {
  const fs::path folder = root / "ai_data";
  return {.log = folder / "batch_predictions_log.jsonl",
          .progress = folder / "batch_predictions_progress.txt",
          .summary_folder = folder};
}

std::string log_line(const ProjectResult& result) {
  json::Writer writer;
  write_project(writer, result);
  return writer.take();
}

Status append_log(files::FileSystem& file_system, const RunLogPaths& paths,
                  const ProjectResult& result) {
  return append_line(file_system, paths.log, log_line(result));
}

Status append_progress(files::FileSystem& file_system, const RunLogPaths& paths,
                       std::string_view project) {
  if (project.find_first_of("\r\n") != std::string_view::npos) {
    return invalid_input("the name of a project holds a line break; rename it in projects.csv");
  }
  return append_line_once(file_system, paths.progress, project);
}

Status append_missing(files::FileSystem& file_system, const RunLogPaths& paths,
                      std::string_view project, std::string_view line) {
  RETURN_IF_ERROR(append_line_once(file_system, paths.log, line));
  return append_progress(file_system, paths, project);
}

Result<fs::path> write_summary(files::FileSystem& file_system, const RunLogPaths& paths,
                               const BatchSummary& summary) {
  const std::string stamp = name_text(summary.started);
  std::uint64_t num_failed = 0;
  for (const ProjectResult& project : summary.projects) {
    if (project.outcome == ProjectOutcome::kFailed) ++num_failed;
  }
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("schema_version").integer(kRunLogSchemaVersion);
  writer.name("batch_id").text("batch_" + stamp);
  writer.name("started_at").text(seconds_text(summary.started));
  writer.name("completed_at").text(seconds_text(summary.completed));
  writer.name("total_duration_seconds")
      .integer(
          std::chrono::floor<std::chrono::seconds>(summary.completed - summary.started).count());
  write_models(writer, summary.models);
  writer.name("results").begin_object();
  writer.name("total_projects")
      .unsigned_integer(summary.projects.size() + summary.num_skipped + summary.num_remaining);
  writer.name("processed").unsigned_integer(summary.projects.size() - num_failed);
  writer.name("skipped").unsigned_integer(summary.num_skipped);
  writer.name("failed").unsigned_integer(num_failed);
  writer.name("remaining").unsigned_integer(summary.num_remaining);
  writer.end_object();
  writer.name("output_directory").text(summary.output_folder);
  writer.name("log_file").text(paths.log.native());
  writer.name("projects").begin_list();
  for (const ProjectResult& project : summary.projects) write_project(writer, project);
  writer.end_list().end_object();
  const std::string text = writer.take() + "\n";

  // Others may have started within the same second, and end now.
  ASSIGN_OR_RETURN(const auto turn,
                   files::BriefLock::take(file_system, paths.summary_folder / kSummaryName));
  for (int number = 1;; ++number) {
    const std::string suffix = number == 1 ? "" : fmt::format("_{}", number);
    fs::path path = paths.summary_folder / fmt::format("{}_{}{}.json", kSummaryName, stamp, suffix);
    ASSIGN_OR_RETURN(const auto info, file_system.info(path));
    if (info) continue;
    RETURN_IF_ERROR(files::write_file(file_system, path, text));
    return path;
  }
}

Result<FinishedProjects> read_finished_projects(files::FileSystem& file_system,
                                                const RunLogPaths& paths) {
  FinishedProjects finished;
  ASSIGN_OR_RETURN(const std::string progress, read_if_there(file_system, paths.progress));
  for_each_line(progress, [&](std::string_view line) {
    finished.projects.try_emplace(std::string(line), FinishedProjects::Where::kProgressFile);
  });
  ASSIGN_OR_RETURN(const std::string log, read_if_there(file_system, paths.log));
  for_each_line(log, [&](std::string_view line) { read_log_line(line, finished); });
  std::erase_if(finished.failures,
                [&](const auto& failure) { return finished.projects.contains(failure.first); });
  return finished;
}

}  // namespace assay::predict
