/// \file
/// The fields of a generation record that readers ask for, and where they stand in its JSON.

#pragma once

#include "core/timestamp.h"
#include "json/line_scan.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace assay::records {

/// Order: that of kRecordFieldPaths.
enum class RecordField : std::uint8_t {
  kGenerationId,
  kTimestamp,
  kMinerUid,
  kMinerVersion,
  kValidatorUid,
  kValidatorHotkey,
  kNetwork,
  kTaskType,
  kPrompt,
  kBase64ImageHash,
  kImageFilePath,
  kMinerConfig,  ///< The object.
  kEnhancedPrompt,
  kTiming,  ///< The object; its members are read from it where a report wants each.
  kNumGaussians,
  kFileSizeMb,
  kPlyFilePath,
  kPlyFileHash,
  kRejectedSamplePath,
  kRejectedSampleHash,
  kQualityMetrics,  ///< The object.
  kGaussianStats,   ///< The object.
  kSubmitted,
  kSubmissionTime,
  kPreSubmissionRejection,
  kRejectionReason,
  kReceived,
  kFeedbackTime,
  kScore,
  kAccepted,
  kFailed,
  kErrorType,
  kErrorMessage,
  // The sections themselves: an object where the record has one. miner_config is above.
  kMetadata,
  kTask,
  kGeneration,
  kValidatorFeedback,
  kFailureAnalysis,
  // What a table of the records has beside.
  kPromptLength,
  kIsBase64Image,
  kNegativePrompt,
  kTotalTime,
  kClipScore,
  kOutput,  ///< The object.
  kFeedbackDelaySeconds,
  kStackTrace,
};

inline constexpr std::array<std::string_view, 46> kRecordFieldPaths = {
    "metadata.generation_id",
    "metadata.timestamp",
    "metadata.miner_uid",
    "metadata.miner_version",
    "metadata.validator_uid",
    "metadata.validator_hotkey",
    "metadata.network",
    "task.task_type",
    "task.prompt",
    "task.base64_image_hash",
    "task.image_file_path",
    "miner_config",
    "generation.enhanced_prompt",
    "generation.timing",
    "generation.output.num_gaussians",
    "generation.output.file_size_mb",
    "generation.output.ply_file_path",
    "generation.output.ply_file_hash",
    "generation.output.rejected_sample_path",
    "generation.output.rejected_sample_hash",
    "generation.output.quality_metrics",
    "generation.output.gaussian_stats",
    "generation.submission.submitted",
    "generation.submission.submission_time",
    "generation.submission.pre_submission_rejection",
    "generation.submission.rejection_reason",
    "validator_feedback.received",
    "validator_feedback.feedback_time",
    "validator_feedback.score",
    "validator_feedback.accepted",
    "failure_analysis.failed",
    "failure_analysis.error_type",
    "failure_analysis.error_message",
    "metadata",
    "task",
    "generation",
    "validator_feedback",
    "failure_analysis",
    "task.prompt_length",
    "task.is_base64_image",
    "generation.negative_prompt",
    "generation.timing.total_time",
    "generation.output.quality_metrics.clip_score",
    "generation.output",
    "validator_feedback.feedback_delay_seconds",
    "failure_analysis.stack_trace",
};

/// One record: its fields, and the whole line. Lifetime: valid during the call that hands it over.
struct RecordView {
  std::span<const json::Field> fields;
  /// Without its LF. As it stands in the file: feedback that came late is in the fields alone.
  std::string_view line;
  /// Of metadata.timestamp, when it is a time.
  std::optional<Timestamp> time = std::nullopt;

  const json::Field& operator[](RecordField field) const {
    return fields[static_cast<std::size_t>(field)];
  }
};

}  // namespace assay::records
