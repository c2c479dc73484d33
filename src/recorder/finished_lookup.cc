#include "derivation/derivation.h"
#include "record_reading/history_snapshot.h"
#include "recorder/finished_lookup_internal.h"
#include "records/record_fields.h"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

namespace assay::recorder {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexSuffix = ".ids";

fs::path index_folder(const fs::path& folder) { return folder / "journal" / "ids"; }

// `archive/x.jsonl` and `x.jsonl` have an index each.
std::string index_name(const fs::path& folder, const fs::path& path) {
  std::string name = path.lexically_relative(folder).native();
  std::ranges::replace(name, '/', '-');
  return name + std::string(kIndexSuffix);
}

}  // namespace

FinishedLookup::FinishedLookup(files::FileSystem& file_system, fs::path folder,
                               const record_reading::IdIndexOptions& options)
    : file_system_(&file_system),
      folder_(std::move(folder)),
      index_(file_system, index_folder(folder_), options) {}

Result<std::optional<records::KnownGeneration>> FinishedLookup::find(
    const std::string& generation_id) {
  const std::scoped_lock guard(mutex_);
  ASSIGN_OR_RETURN(auto known, find_record(generation_id));
  if (known) RETURN_IF_ERROR(add_late_feedback(*known));
  return known;
}

Result<std::optional<records::KnownGeneration>> FinishedLookup::find_record(
    const std::string& generation_id) {
  ASSIGN_OR_RETURN(const record_reading::HistorySnapshot snapshot,
                   record_reading::open_history(*file_system_, folder_, std::nullopt));
  std::set<std::string> names = {index_name(folder_, folder_ / derivation::kFeedbackName)};
  for (const record_reading::OpenHistoryFile& file : snapshot.files) {
    names.insert(index_name(folder_, file.file.path));
  }
  // The newest first: that is where late feedback belongs.
  for (const record_reading::OpenHistoryFile& file : std::views::reverse(snapshot.files)) {
    const auto id = static_cast<std::size_t>(records::RecordField::kGenerationId);
    const auto line = index_.find_last({.file = file.opened.get(),
                                        .size = file.size,
                                        .path = file.file.path,
                                        .id_path = records::kRecordFieldPaths.at(id),
                                        .index_name = index_name(folder_, file.file.path)},
                                       generation_id);
    // A broken archive costs what it holds.
    if (!line && line.error().code == ErrorCode::kCorrupt) continue;
    if (!line) return line.error();
    auto known = *line ? records::known_generation_of_record(**line) : std::nullopt;
    if (known) return known;
  }
  // Of files that are gone: a month that was compressed, say.
  const auto present = file_system_->list(index_folder(folder_));
  for (const std::string& name : present ? *present : std::vector<std::string>()) {
    if (name.ends_with(kIndexSuffix) && !names.contains(name)) {
      static_cast<void>(file_system_->remove(index_folder(folder_) / name));
    }
  }
  return std::optional<records::KnownGeneration>();
}

Status FinishedLookup::add_late_feedback(records::KnownGeneration& known) {
  const fs::path path = folder_ / derivation::kFeedbackName;
  auto opened = file_system_->open(path, files::OpenMode::kRead);
  if (!opened) {
    return opened.error().code == ErrorCode::kNotFound ? Status() : Status(opened.error());
  }
  ASSIGN_OR_RETURN(const ByteCount size, (*opened)->size());
  ASSIGN_OR_RETURN(const auto line, index_.find_last({.file = opened->get(),
                                                      .size = size,
                                                      .path = path,
                                                      .id_path = "generation_id",
                                                      .index_name = index_name(folder_, path)},
                                                     known.generation_id));
  if (line) records::merge_feedback_line(*line, known);
  return {};
}

}  // namespace assay::recorder
