/// \file
/// The columns of the table of jobs, and the values of one row group of them. What each column
/// holds: docs/formats/generation-jobs.md.

#pragma once

#include "tables/parquet_writer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::jobs {

/// The leaves of the table, in the order of the file: 23 columns, of which `payload` and
/// `response_payload` are nested.
// NOLINTNEXTLINE(cppcoreguidelines-use-enum-class): each is an index, of several arrays.
enum JobColumn : std::size_t {
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
const std::array<tables::ColumnSpec, kNumColumns>& job_columns();

/// Takes a value or a null of each column for every row, column by column in any order.
class JobColumns {
 public:
  JobColumns();

  /// Forget all values, and have room for `num_rows` rows.
  void start(std::size_t num_rows);

  /// `level` is the number of structs around the value that are there.
  void put_null(JobColumn column, int level = 0);
  void put(JobColumn column, std::string_view text);
  void put(JobColumn column, std::int32_t value);
  void put(JobColumn column, std::int64_t value);
  void put(JobColumn column, double value);
  void put_boolean(JobColumn column, bool value);
  void put_optional(JobColumn column, const std::optional<std::string>& text, int null_level);

  /// Lifetime: the texts that were put are read here.
  /// Errors: those of the writer.
  Status write(tables::ParquetWriter& writer, std::size_t num_rows) const;

 private:
  // The values of a column of any type.
  struct ColumnValues {
    std::vector<std::int16_t> levels;
    // NOLINTNEXTLINE(*-avoid-c-arrays): std::vector<bool> has no bool to point to.
    std::unique_ptr<bool[]> booleans;
    std::size_t num_booleans = 0;
    std::vector<std::int32_t> int32s;
    std::vector<std::int64_t> int64s;
    std::vector<double> doubles;
    std::vector<std::string_view> texts;
  };

  void put_level(JobColumn column) { columns_[column].levels.push_back(full_levels_[column]); }

  std::array<std::int16_t, kNumColumns> full_levels_ = {};
  std::array<ColumnValues, kNumColumns> columns_;
};

}  // namespace assay::jobs
