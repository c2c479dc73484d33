#include "records/late_feedback_internal.h"
#include "records/line_blocks_internal.h"
#include "records/record_fields.h"

#include <array>

namespace assay::records {
namespace {

constexpr std::array<std::string_view, 6> kPaths = {
    "generation_id", "feedback_time", "score", "accepted", "validator_uid", "validator_hotkey"};
enum Path : std::uint8_t { kId, kTime, kScore, kAccepted, kUid, kHotkey };

json::Field& at(std::span<json::Field> fields, RecordField field) {
  return fields[static_cast<std::size_t>(field)];
}

}  // namespace

Result<LateFeedback> LateFeedback::read(files::FileSystem& file_system,
                                        const std::filesystem::path& folder) {
  LateFeedback feedback;
  const std::filesystem::path path = folder / "generation_feedback.jsonl";
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return feedback;
  ASSIGN_OR_RETURN(auto stream, open_history_stream(file_system, {.path = path}));
  LineBlocks blocks(std::move(stream));
  LineBlock block;
  json::LineScan scan({kPaths.data(), 1});
  while (true) {
    ASSIGN_OR_RETURN(const bool has_more, blocks.next(block));
    if (!has_more) break;
    for_each_line(block.text(), [&](std::string_view line) {
      scan.scan(line);
      const json::Field& id = scan.fields()[kId];
      if (id.kind != json::FieldKind::kText || id.text.empty()) return;
      feedback.places_[digest_id(id.text)] = {feedback.lines_.size(), line.size()};
      feedback.lines_ += line;
    });
  }
  feedback.lines_.append(json::LineScan::kPadding, '\0');
  return feedback;
}

std::string_view LateFeedback::find(const IdDigest& digest) const {
  const auto found = places_.find(digest);
  if (found == places_.end()) return {};
  return std::string_view(lines_).substr(found->second.begin, found->second.size);
}

FeedbackMerge::FeedbackMerge(const LateFeedback& feedback) : feedback_(&feedback), scan_(kPaths) {}

bool FeedbackMerge::apply(const IdDigest& digest, std::span<json::Field> fields) {
  const std::string_view line = feedback_->find(digest);
  if (line.empty()) return false;
  scan_.scan(line);
  json::Field received;
  received.kind = json::FieldKind::kBoolean;
  received.boolean = true;
  received.raw = "true";
  at(fields, RecordField::kReceived) = received;
  at(fields, RecordField::kFeedbackTime) = scan_.fields()[kTime];
  at(fields, RecordField::kScore) = scan_.fields()[kScore];
  at(fields, RecordField::kAccepted) = scan_.fields()[kAccepted];
  // A validator that the feedback does not name is still the one of the task.
  if (scan_.fields()[kUid].is_present()) {
    at(fields, RecordField::kValidatorUid) = scan_.fields()[kUid];
  }
  if (scan_.fields()[kHotkey].is_present()) {
    at(fields, RecordField::kValidatorHotkey) = scan_.fields()[kHotkey];
  }
  return true;
}

}  // namespace assay::records
