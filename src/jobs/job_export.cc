#include "jobs/job_export.h"

#include "core/check.h"
#include "crypto/digest.h"
#include "jobs/job_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay::jobs {
namespace {

using tables::ColumnType;

// NOLINTNEXTLINE(cppcoreguidelines-use-enum-class): each is an index, of several arrays.
enum Column : std::size_t {
  kJobId,
  kJobType,
  kModelId,
  kPriority,
  kStatus,
  kMinerHotkey,
  kMinerUid,
  kValidatorHotkey,
  kSource,
  kCreatedAt,
  kQueuedAt,
  kStartedAt,
  kCompletedAt,
  kUpdatedAt,
  kExpiresAt,
  kRetryCount,
  kTimeoutSeconds,
  kPromptHash,
  kWidth,
  kHeight,
  kSteps,
  kGuidance,
  kRandomSeed,
  kImageUri,
  kImageSha256,
  kImageCount,
  kHasImage,
  kCallbackUri,
  kReceivedAt,
  kCallbackStatus,
  kQueueMs,
  kInferenceMs,
  kUploadMs,
  kFailureReason,
  kResultSha256,
  kAuditStatus,
  kIsAuditJob,
  kNumColumns
};

// Other programs read these names and types: they never change.
const std::array<tables::ColumnSpec, kNumColumns>& columns() {
  static const std::array<tables::ColumnSpec, kNumColumns> kColumns = {{
      {"job_id", ColumnType::kText},
      {"job_type", ColumnType::kText},
      {"model_id", ColumnType::kText},
      {"priority", ColumnType::kInt32},
      {"status", ColumnType::kText},
      {"miner_hotkey", ColumnType::kText},
      {"miner_uid", ColumnType::kInt32},
      {"validator_hotkey", ColumnType::kText},
      {"source", ColumnType::kText},
      {"created_at", ColumnType::kTimestamp},
      {"queued_at", ColumnType::kTimestamp},
      {"started_at", ColumnType::kTimestamp},
      {"completed_at", ColumnType::kTimestamp},
      {"updated_at", ColumnType::kTimestamp},
      {"expires_at", ColumnType::kTimestamp},
      {"retry_count", ColumnType::kInt32},
      {"timeout_seconds", ColumnType::kInt32},
      {"payload.prompt_hash", ColumnType::kText},
      {"payload.width", ColumnType::kInt32},
      {"payload.height", ColumnType::kInt32},
      {"payload.steps", ColumnType::kInt32},
      {"payload.guidance", ColumnType::kDouble},
      {"payload.seed", ColumnType::kInt64},
      {"response_payload.image_uri", ColumnType::kText},
      {"response_payload.image_sha256", ColumnType::kText},
      {"response_payload.image_count", ColumnType::kInt32},
      {"response_payload.callback_metadata.has_image", ColumnType::kBoolean},
      {"response_payload.callback_metadata.image_uri", ColumnType::kText},
      {"response_payload.callback_metadata.received_at", ColumnType::kTimestamp},
      {"response_payload.callback_metadata.callback_status", ColumnType::kText},
      {"response_payload.runtimes.queue_ms", ColumnType::kDouble},
      {"response_payload.runtimes.inference_ms", ColumnType::kDouble},
      {"response_payload.runtimes.upload_ms", ColumnType::kDouble},
      {"failure_reason", ColumnType::kText},
      {"result_image_sha256", ColumnType::kText},
      {"audit_status", ColumnType::kText},
      {"is_audit_job", ColumnType::kBoolean},
  }};
  return kColumns;
}

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
  RowGroup() {
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      full_levels_[i] = static_cast<std::int16_t>(1 + std::ranges::count(columns()[i].path, '.'));
    }
  }

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
    std::array<tables::ColumnData, kNumColumns> data;
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      const Values& column = columns_[i];
      data[i].levels = column.levels;
      switch (columns()[i].type) {
        case ColumnType::kBoolean:
          data[i].values = std::span<const bool>(column.booleans.get(), column.num_booleans);
          break;
        case ColumnType::kInt32:
          data[i].values = std::span<const std::int32_t>(column.int32s);
          break;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
          data[i].values = std::span<const std::int64_t>(column.int64s);
          break;
        case ColumnType::kDouble:
          data[i].values = std::span<const double>(column.doubles);
          break;
        default:
          data[i].values = std::span<const std::string_view>(column.texts);
      }
    }
    RETURN_IF_ERROR(writer.write_row_group(num_rows_, data));
    columns_ = {};
    texts_.clear();
    num_rows_ = 0;
    return {};
  }

 private:
  struct Values {
    std::vector<std::int16_t> levels;
    // NOLINTNEXTLINE(*-avoid-c-arrays): std::vector<bool> has no bool to point to.
    std::unique_ptr<bool[]> booleans;
    std::size_t num_booleans = 0;
    std::vector<std::int32_t> int32s;
    std::vector<std::int64_t> int64s;
    std::vector<double> doubles;
    std::vector<std::string_view> texts;
  };

  Values& filled(Column column) {
    Values& values = columns_[column];
    values.levels.push_back(full_levels_[column]);
    return values;
  }
  /// `level`: how many of the structs around the value are there.
  void put_null(Column column, std::int16_t level = 0) { columns_[column].levels.push_back(level); }
  /// Of a text that outlives the group.
  void put(Column column, std::string_view text) { filled(column).texts.push_back(text); }
  void put_owned(Column column, std::string text) {
    put(column, texts_.emplace_back(std::move(text)));
  }
  void put(Column column, std::int32_t value) { filled(column).int32s.push_back(value); }
  void put(Column column, double value) { filled(column).doubles.push_back(value); }
  void put(Column column, Timestamp time) { filled(column).int64s.push_back(microseconds(time)); }
  void put_boolean(Column column, bool value) {
    Values& values = filled(column);
    // NOLINTNEXTLINE(*-avoid-c-arrays): as its declaration says.
    if (!values.booleans) values.booleans = std::make_unique_for_overwrite<bool[]>(kRowGroupRows);
    values.booleans[values.num_booleans++] = value;
  }
  void put_time(Column column, std::optional<Timestamp> time) {
    time ? put(column, *time) : put_null(column);
  }
  void put_text(Column column, std::string text, std::int16_t null_level) {
    text.empty() ? put_null(column, null_level) : put_owned(column, std::move(text));
  }

  void add_flat(const Job& job) {
    put_owned(kJobId, job.id.to_text());
    put(kJobType, "gen_image");
    put_null(kModelId);
    put(kPriority, std::int32_t{0});
    put(kStatus, status_of(job.state));
    put_owned(kMinerHotkey, job.miner.to_ss58());
    put(kMinerUid, std::int32_t{job.uid});
    put_owned(kValidatorHotkey, job.validator.to_ss58());
    put(kSource, "validator");
    put(kCreatedAt, job.sent);
    put(kQueuedAt, job.sent);
    const bool is_accepted = !job.task_id.empty();
    put_time(kStartedAt, is_accepted ? job.answered : std::nullopt);
    put_time(kCompletedAt, job.report ? std::optional(job.report->at) : std::nullopt);
    put(kUpdatedAt, job.updated());
    put(kExpiresAt, job.deadline);
    put(kRetryCount, std::int32_t{0});
    put(kTimeoutSeconds,
        static_cast<std::int32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(job.deadline - job.sent).count()));
  }

  void add_payload(const Job& job) {
    put_owned(kPromptHash, crypto::sha256(job.prompt).to_hex());
    for (const Column column : {kWidth, kHeight, kSteps, kGuidance, kRandomSeed}) {
      put_null(column, 1);
    }
  }

  void add_response(const Job& job) {
    if (!job.report) {
      for (std::size_t column = kImageUri; column <= kUploadMs; ++column) {
        put_null(static_cast<Column>(column));
      }
      return;
    }
    const JobReport& report = *job.report;
    const Timestamp accepted = job.answered.value_or(job.sent);
    put_text(kImageUri, report.image_uri, 1);
    put_text(kImageSha256, content_of(job), 1);
    put(kImageCount, std::int32_t{report.has_image ? 1 : 0});
    put_boolean(kHasImage, report.has_image);
    put_text(kCallbackUri, report.image_uri, 2);
    put(kReceivedAt, report.at);
    put(kCallbackStatus, job.state == JobState::kCompleted ? "completed" : "failed");
    put(kQueueMs, milliseconds_between(job.sent, accepted));
    put(kInferenceMs, milliseconds_between(accepted, report.at));
    put_null(kUploadMs, 2);
  }

  void add_outcome(const Job& job) {
    put_text(kFailureReason, failure_of(job), 0);
    const bool is_sound = job.check && job.check->verdict == ImageVerdict::kSound;
    put_text(kResultSha256, is_sound ? content_of(job) : std::string(), 0);
    put(kAuditStatus, audit_status_of(job));
    put_boolean(kIsAuditJob, false);
  }

  std::array<std::int16_t, kNumColumns> full_levels_ = {};
  std::array<Values, kNumColumns> columns_;
  std::deque<std::string> texts_;  // what the views in columns_ show
  std::size_t num_rows_ = 0;
};

}  // namespace

std::span<const tables::ColumnSpec> export_columns() { return columns(); }

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
  ASSIGN_OR_RETURN(auto writer, tables::ParquetWriter::create(file_system, target, columns()));
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
