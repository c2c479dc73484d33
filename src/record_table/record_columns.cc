#include "record_table/record_columns.h"

#include "core/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace assay::record_table {
namespace {

using enum ColumnType;
using records::RecordField;

constexpr std::array kColumns = {
    RecordColumn{"generation_id", kText, RecordField::kGenerationId},
    RecordColumn{"timestamp", kTime, RecordField::kTimestamp},
    RecordColumn{"miner_uid", kInteger, RecordField::kMinerUid},
    RecordColumn{"miner_version", kText, RecordField::kMinerVersion},
    RecordColumn{"validator_uid", kInteger, RecordField::kValidatorUid},
    RecordColumn{"validator_hotkey", kText, RecordField::kValidatorHotkey},
    RecordColumn{"network", kText, RecordField::kNetwork},
    RecordColumn{"task_type", kText, RecordField::kTaskType},
    RecordColumn{"prompt", kText, RecordField::kPrompt},
    RecordColumn{"prompt_length", kInteger, RecordField::kPromptLength},
    RecordColumn{"is_base64_image", kBoolean, RecordField::kIsBase64Image},
    RecordColumn{"base64_image_hash", kText, RecordField::kBase64ImageHash},
    RecordColumn{"image_file_path", kText, RecordField::kImageFilePath},
    RecordColumn{"miner_config", kJson, RecordField::kMinerConfig},
    RecordColumn{"enhanced_prompt", kText, RecordField::kEnhancedPrompt},
    RecordColumn{"negative_prompt", kText, RecordField::kNegativePrompt},
    RecordColumn{"timing", kJson, RecordField::kTiming},
    RecordColumn{"total_time", kNumber, RecordField::kTotalTime},
    RecordColumn{"num_gaussians", kInteger, RecordField::kNumGaussians},
    RecordColumn{"file_size_mb", kNumber, RecordField::kFileSizeMb},
    RecordColumn{"ply_file_path", kText, RecordField::kPlyFilePath},
    RecordColumn{"ply_file_hash", kText, RecordField::kPlyFileHash},
    RecordColumn{"rejected_sample_path", kText, RecordField::kRejectedSamplePath},
    RecordColumn{"rejected_sample_hash", kText, RecordField::kRejectedSampleHash},
    RecordColumn{"quality_metrics", kJson, RecordField::kQualityMetrics},
    RecordColumn{"clip_score", kNumber, RecordField::kClipScore},
    RecordColumn{"gaussian_stats", kJson, RecordField::kGaussianStats},
    RecordColumn{"submitted", kBoolean, RecordField::kSubmitted},
    RecordColumn{"submission_time", kTime, RecordField::kSubmissionTime},
    RecordColumn{"pre_submission_rejection", kBoolean, RecordField::kPreSubmissionRejection},
    RecordColumn{"rejection_reason", kText, RecordField::kRejectionReason},
    RecordColumn{"received", kBoolean, RecordField::kReceived},
    RecordColumn{"feedback_time", kTime, RecordField::kFeedbackTime},
    RecordColumn{"score", kNumber, RecordField::kScore},
    RecordColumn{"accepted", kBoolean, RecordField::kAccepted},
    RecordColumn{"feedback_delay_seconds", kNumber, RecordField::kFeedbackDelaySeconds},
    RecordColumn{"failed", kBoolean, RecordField::kFailed},
    RecordColumn{"error_type", kText, RecordField::kErrorType},
    RecordColumn{"error_message", kText, RecordField::kErrorMessage},
    RecordColumn{"stack_trace", kText, RecordField::kStackTrace},
    RecordColumn{"output", kJson, RecordField::kOutput, false},
    RecordColumn{"record", kJson, std::nullopt, false},
};

Error no_such_column(std::string_view name) {
  std::array<std::string_view, kColumns.size()> names{};
  std::ranges::transform(kColumns, names.begin(), &RecordColumn::name);
  return invalid_input(fmt::format("columns: there is no column '{}'{}; expected some of {}", name,
                                   suggestion(name, names), fmt::join(names, ", ")));
}

}  // namespace

std::span<const RecordColumn> all_record_columns() { return kColumns; }

Result<std::vector<RecordColumn>> choose_columns(
    const std::optional<std::vector<std::string>>& names) {
  std::vector<RecordColumn> chosen;
  if (!names) {
    std::ranges::copy_if(kColumns, std::back_inserter(chosen), &RecordColumn::is_default);
    return chosen;
  }
  if (names->empty()) return invalid_input("columns: expected one name at least");
  for (const std::string_view name : *names) {
    const auto* const found = std::ranges::find(kColumns, name, &RecordColumn::name);
    if (found == kColumns.end()) return no_such_column(name);
    if (std::ranges::find(chosen, name, &RecordColumn::name) != chosen.end()) {
      return invalid_input(fmt::format("columns: '{}' is named twice: name it once", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace assay::record_table
