/// \file
/// What happens to jobs, one fact each, and its bytes in the ledger:
/// docs/formats/generation-jobs.md.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "jobs/job.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace assay::jobs {

/// A job leaves for its miner.
struct JobSent {
  JobId id = JobId({});
  Timestamp at = {};
  Timestamp deadline = {};
  Uid uid = 0;
  keys::Hotkey miner = keys::Hotkey(keys::AccountId{});
  keys::Hotkey validator = keys::Hotkey(keys::AccountId{});
  PromptLabel label = PromptLabel::kNone;
  std::string prompt = {};
  std::string resolution = {};
};

/// What the miner said to it. Persisted: do not change the values.
enum class AnswerKind : std::uint8_t { kAccepted = 0, kRefused = 1, kUnanswered = 2 };

struct JobAnswered {
  JobId id = JobId({});
  Timestamp at = {};
  AnswerKind kind = AnswerKind::kUnanswered;
  int status = 0;
  /// The task id of kAccepted, else the reason.
  std::string text = {};
};

/// How the miner says that it ended. Persisted: do not change the values.
enum class ReportKind : std::uint8_t { kCompleted = 0, kFailed = 1 };

struct JobReported {
  JobId id = JobId({});
  ReportKind kind = ReportKind::kFailed;
  JobReport report = {};
};

/// Why we wait no more. Persisted: do not change the values.
enum class GivingUp : std::uint8_t { kTimedOut = 0, kInterrupted = 1 };

struct JobGivenUp {
  JobId id = JobId({});
  Timestamp at = {};
  GivingUp why = GivingUp::kTimedOut;
};

struct JobChecked {
  JobId id = JobId({});
  ImageCheck check = {};
};

using JobEvent = std::variant<JobSent, JobAnswered, JobReported, JobGivenUp, JobChecked>;

const JobId& job_of(const JobEvent& event);

/// No text of an event is longer; what comes from outside is bounded by its protocol already.
inline constexpr std::size_t kMaxEventText = 16'384;
/// No record of the ledger is shorter.
inline constexpr ByteCount kMinLedgerRecord{27};

/// Events that become lasting together, as one record. Longer texts are cut.
std::string encode_events(std::span<const JobEvent> events);
/// Errors: kCorrupt (no record of ours), kInvalidInput (of a later version).
Result<std::vector<JobEvent>> decode_events(std::span<const std::byte> record);

}  // namespace assay::jobs
