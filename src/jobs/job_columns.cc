#include "jobs/job_columns.h"

#include <algorithm>
#include <span>

namespace assay::jobs {

using tables::ColumnType;

const std::array<tables::ColumnSpec, kNumColumns>& job_columns() {
  static const std::array<tables::ColumnSpec, kNumColumns> kSpecs = {{
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
  return kSpecs;
}

JobColumns::JobColumns() {
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    full_levels_[i] = static_cast<std::int16_t>(1 + std::ranges::count(job_columns()[i].path, '.'));
  }
}

void JobColumns::start(std::size_t num_rows) {
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    ColumnValues& column = columns_[i];
    column.levels.clear();
    column.int32s.clear();
    column.int64s.clear();
    column.doubles.clear();
    column.texts.clear();
    column.num_booleans = 0;
    if (job_columns()[i].type == ColumnType::kBoolean) {
      // NOLINTNEXTLINE(*-avoid-c-arrays): as its declaration says.
      column.booleans = std::make_unique_for_overwrite<bool[]>(num_rows);
    }
  }
}

void JobColumns::put_null(JobColumn column, int level) {
  columns_[column].levels.push_back(static_cast<std::int16_t>(level));
}

void JobColumns::put(JobColumn column, std::string_view text) {
  put_level(column);
  columns_[column].texts.push_back(text);
}

void JobColumns::put(JobColumn column, std::int32_t value) {
  put_level(column);
  columns_[column].int32s.push_back(value);
}

void JobColumns::put(JobColumn column, std::int64_t value) {
  put_level(column);
  columns_[column].int64s.push_back(value);
}

void JobColumns::put(JobColumn column, double value) {
  put_level(column);
  columns_[column].doubles.push_back(value);
}

void JobColumns::put_boolean(JobColumn column, bool value) {
  put_level(column);
  columns_[column].booleans[columns_[column].num_booleans++] = value;
}

void JobColumns::put_optional(JobColumn column, const std::optional<std::string>& text,
                              int null_level) {
  text ? put(column, *text) : put_null(column, null_level);
}

Status JobColumns::write(tables::ParquetWriter& writer, std::size_t num_rows) const {
  std::array<tables::ColumnData, kNumColumns> data;
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    const ColumnValues& column = columns_[i];
    data[i].levels = column.levels;
    switch (job_columns()[i].type) {
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
  return writer.write_row_group(num_rows, data);
}

}  // namespace assay::jobs
