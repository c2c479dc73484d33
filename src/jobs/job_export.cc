#include "jobs/job_export.h"

#include "core/check.h"
#include "crypto/digest.h"
#include "jobs/job_columns.h"
#include "jobs/job_ledger.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay::jobs {
namespace {

constexpr std::size_t kRowGroupRows = 50'000;

std::int64_t microseconds(Timestamp time) { return time.time_since_epoch().count(); }

double milliseconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

std::string_view status_of(JobState state) {
  if (is_open(state)) return "pending";
  return state == JobState::kCompleted ? "success" : "failed";
}

std::string failure_of(const Job& job) {
  switch (job.state) {
    case JobState::kRefused:
      return job.answer_status == 0
                 ? "refused: " + job.refusal
                 : fmt::format("refused ({}): {}", job.answer_status, job.refusal);
    case JobState::kUnanswered:
      return "no answer: " + job.refusal;
    case JobState::kInterrupted:
      return "the validator stopped before the answer came";
    case JobState::kTimedOut:
      return "no callback in time";
    case JobState::kFailed:
      return job.report && !job.report->reason.empty() ? job.report->reason
                                                       : "the miner gave no reason";
    default:
      return {};
  }
}

std::string_view audit_status_of(const Job& job) {
  if (!job.check) return "none";
  if (job.check->verdict == ImageVerdict::kSound) return "pass";
  return is_false_claim(job.check->verdict) ? "fail" : "none";
}

/// SHA-256 of the claimed object, in hexadecimal; empty when it was not read.
std::string content_of(const Job& job) {
  if (!job.check || !job.check->content) return {};
  return job.check->content->to_hex();
}

/// The values of one row group.
class RowGroup {
 public:
  RowGroup() { columns_.start(kRowGroupRows); }

  std::size_t num_rows() const { return num_rows_; }

  void add(const Job& job) {
    ++num_rows_;
    add_flat(job);
    add_payload(job);
    add_response(job);
    add_outcome(job);
  }

  /// Errors: those of the writer.
  Status write(tables::ParquetWriter& writer) {
    if (num_rows_ == 0) return {};
    RETURN_IF_ERROR(columns_.write(writer, num_rows_));
    columns_.start(kRowGroupRows);
    texts_.clear();
    num_rows_ = 0;
    return {};
  }

 private:
  void put_owned(JobColumn column, std::string text) {
    columns_.put(column, texts_.emplace_back(std::move(text)));
  }
  void put_time(JobColumn column, std::optional<Timestamp> time) {
    time ? columns_.put(column, microseconds(*time)) : columns_.put_null(column);
  }
  void put_text(JobColumn column, std::string text, int null_level) {
    text.empty() ? columns_.put_null(column, null_level) : put_owned(column, std::move(text));
  }

  void add_flat(const Job& job) {
    put_owned(kJobId, job.id.to_text());
    columns_.put(kJobType, "gen_image");
    columns_.put_null(kModelId);
    columns_.put(kPriority, std::int32_t{0});
    columns_.put(kStatus, status_of(job.state));
    put_owned(kMinerHotkey, job.miner.to_ss58());
    columns_.put(kMinerUid, std::int32_t{job.uid});
    put_owned(kValidatorHotkey, job.validator.to_ss58());
    columns_.put(kSource, "validator");
    put_time(kCreatedAt, job.sent);
    put_time(kQueuedAt, job.sent);
    const bool is_accepted = !job.task_id.empty();
    put_time(kStartedAt, is_accepted ? job.answered : std::nullopt);
    put_time(kCompletedAt, job.report ? std::optional(job.report->at) : std::nullopt);
    put_time(kUpdatedAt, job.updated());
    put_time(kExpiresAt, job.deadline);
    columns_.put(kRetryCount, std::int32_t{0});
    columns_.put(
        kTimeoutSeconds,
        static_cast<std::int32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(job.deadline - job.sent).count()));
  }

  void add_payload(const Job& job) {
    put_owned(kPromptHash, crypto::sha256(job.prompt).to_hex());
    for (const JobColumn column : {kWidth, kHeight, kSteps, kGuidance, kRandomSeed}) {
      columns_.put_null(column, 1);
    }
  }

  void add_response(const Job& job) {
    if (!job.report) {
      for (std::size_t column = kImageUri; column <= kUploadMs; ++column) {
        columns_.put_null(static_cast<JobColumn>(column));
      }
      return;
    }
    const JobReport& report = *job.report;
    const Timestamp accepted = job.answered.value_or(job.sent);
    put_text(kImageUri, report.image_uri, 1);
    put_text(kImageSha256, content_of(job), 1);
    columns_.put(kImageCount, std::int32_t{report.has_image ? 1 : 0});
    columns_.put_boolean(kHasImage, report.has_image);
    put_text(kCallbackUri, report.image_uri, 2);
    put_time(kReceivedAt, report.at);
    columns_.put(kCallbackStatus, job.state == JobState::kCompleted ? "completed" : "failed");
    columns_.put(kQueueMs, milliseconds_between(job.sent, accepted));
    columns_.put(kInferenceMs, milliseconds_between(accepted, report.at));
    columns_.put_null(kUploadMs, 2);
  }

  void add_outcome(const Job& job) {
    put_text(kFailureReason, failure_of(job), 0);
    const bool is_sound = job.check && job.check->verdict == ImageVerdict::kSound;
    put_text(kResultSha256, is_sound ? content_of(job) : std::string(), 0);
    columns_.put(kAuditStatus, audit_status_of(job));
    columns_.put_boolean(kIsAuditJob, false);
  }

  JobColumns columns_;
  std::deque<std::string> texts_;  // what the views in columns_ show
  std::size_t num_rows_ = 0;
};

}  // namespace

Result<JobExport> export_jobs(files::FileSystem& file_system, const std::filesystem::path& folder,
                              const std::filesystem::path& target,
                              const JobExportOptions& options) {
  // Before the target: without a ledger nothing is to be made.
  std::vector<Job> jobs;
  JobCounter counter;
  ASSIGN_OR_RETURN(JobReading reading, read_jobs(file_system, folder, [&](const Job& job) {
                     if (job.sent < options.since) return;
                     counter.add(job);
                     jobs.push_back(job);
                   }));
  ASSIGN_OR_RETURN(auto writer, tables::ParquetWriter::create(file_system, target, job_columns()));
  RowGroup group;
  for (const Job& job : jobs) {
    group.add(job);
    if (group.num_rows() == kRowGroupRows) RETURN_IF_ERROR(group.write(writer));
  }
  RETURN_IF_ERROR(group.write(writer));
  RETURN_IF_ERROR(writer.finish());
  return JobExport{.num_jobs = jobs.size(),
                   .counts = counter.total(),
                   .num_miners = counter.miners().size(),
                   .damage = std::move(reading.damage)};
}

}  // namespace assay::jobs
