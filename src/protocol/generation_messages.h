/// \file
/// Generation jobs: a prompt that is taken on at once, and answered later by a callback.

#pragma once

#include "core/result.h"

#include <string>
#include <string_view>

namespace assay::protocol {

inline constexpr std::string_view kGenerationTarget = "/gen_image";
inline constexpr std::string_view kCallbackTarget = "/generative_callback";
/// The header of a request that tells where the callback goes.
inline constexpr std::string_view kWebhookHeader = "X-Webhook-URL";
/// What a miner answers that takes a job on: 202, or 201 as some do.
inline constexpr int kJobAccepted = 202;

/// What to make.
struct GenerationRequest {
  std::string prompt;
  /// `1K`, `2K` or `4K`; empty when the asker does not mind.
  std::string resolution = {};
};

std::string write_generation_request(const GenerationRequest& request);
/// Errors: kInvalidInput (not JSON; no prompt, or one that is empty, too long or not one text;
///         another resolution), kExhausted (a body of more than 64 KiB).
Result<GenerationRequest> parse_generation_request(std::string_view body);

/// The answer that names the job.
std::string write_job_accepted(std::string_view task_id);
/// The job's name. Errors: kInvalidInput (not JSON, no task_id, one that no file name could hold),
///         kExhausted.
Result<std::string> parse_job_accepted(std::string_view body);

enum class JobOutcome { kCompleted, kFailed };

/// How a job ended.
struct GenerationCallback {
  std::string task_id;
  JobOutcome outcome = JobOutcome::kFailed;
  /// Whether the miner says that it made an image: a claim, to be checked where `image_uri` points.
  bool has_image = false;
  /// `s3://`, `gs://`, `file://` or a path in the store; empty without an image.
  std::string image_uri = {};
  /// Of a failure, in the miner's words.
  std::string reason = {};
};

std::string write_generation_callback(const GenerationCallback& callback);
/// Errors: kInvalidInput (not JSON, a field missing or of another kind, a text with control
///         characters, an image without address or an address without image), kExhausted.
Result<GenerationCallback> parse_generation_callback(std::string_view body);

}  // namespace assay::protocol
