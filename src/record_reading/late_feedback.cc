#include "record_reading/late_feedback_internal.h"
#include "record_reading/line_blocks.h"
#include "records/record_fields.h"

#include <algorithm>
#include <array>

namespace assay::record_reading {
namespace {

constexpr std::string_view kIdPath = "generation_id";
constexpr std::array<std::string_view, 10> kPaths = {
    "feedback_time",          "score",         "accepted",
    "feedback_delay_seconds", "validator_uid", "validator_hotkey",
    "ply_file_path",          "ply_file_hash", "rejected_sample_path",
    "rejected_sample_hash"};

/// The first of kPaths: what the feedback is; null there replaces what the record has.
constexpr std::array kFeedbackFields = {
    records::RecordField::kFeedbackTime, records::RecordField::kScore,
    records::RecordField::kAccepted, records::RecordField::kFeedbackDelaySeconds};
/// The rest: what the line may say of the record beside, when it names it.
constexpr std::array kOtherFields = {
    records::RecordField::kValidatorUid,       records::RecordField::kValidatorHotkey,
    records::RecordField::kPlyFilePath,        records::RecordField::kPlyFileHash,
    records::RecordField::kRejectedSamplePath, records::RecordField::kRejectedSampleHash};

json::Field& at(std::span<json::Field> fields, records::RecordField field) {
  return fields[static_cast<std::size_t>(field)];
}

}  // namespace

Result<LateFeedback> LateFeedback::read(files::FileSystem& file_system,
                                        const std::filesystem::path& folder) {
  LateFeedback feedback;
  const std::filesystem::path path = folder / "generation_feedback.jsonl";
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return feedback;
  ASSIGN_OR_RETURN(auto stream, open_history_stream(file_system, path));
  LineBlocks blocks(std::move(stream));
  LineBlock block;
  json::LineScan scan({&kIdPath, 1});
  while (true) {
    ASSIGN_OR_RETURN(const bool has_more, blocks.next(block));
    if (!has_more) break;
    for_each_line(block.text(), [&](std::string_view line) {
      scan.scan(line);
      const json::Field& id = scan.fields().front();
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
  const std::span<const json::Field> late = scan_.fields();
  const auto feedback = late.first(kFeedbackFields.size());
  const bool has_feedback = std::ranges::any_of(
      feedback, [](const json::Field& field) { return field.kind != json::FieldKind::kAbsent; });
  if (has_feedback) {
    json::Field received;
    received.kind = json::FieldKind::kBoolean;
    received.boolean = true;
    received.raw = "true";
    at(fields, records::RecordField::kReceived) = received;
    for (std::size_t i = 0; i < feedback.size(); ++i) at(fields, kFeedbackFields[i]) = feedback[i];
  }
  const auto others = late.subspan(feedback.size());
  for (std::size_t i = 0; i < others.size(); ++i) {
    const bool names_nobody = kOtherFields[i] == records::RecordField::kValidatorHotkey &&
                              others[i].kind == json::FieldKind::kText && others[i].text.empty();
    if (others[i].is_present() && !names_nobody) at(fields, kOtherFields[i]) = others[i];
  }
  return has_feedback;
}

}  // namespace assay::record_reading
