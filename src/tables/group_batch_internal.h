/// \file
/// One row group as a scan reads it: batch after batch.

#pragma once

#include "tables/column_cursor_internal.h"
#include "tables/leaf_scan.h"
#include "tables/parquet_file_internal.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tables {

/// A row group to read, and how much of it.
struct ScanTask {
  std::size_t file = 0;
  int row_group = 0;
  std::uint64_t first_row = 0;  // in the data set
  std::uint64_t num_rows = 0;
  bool check_time = false;
};

/// A file of the data set.
struct FileState {
  DatasetFile source;
  std::vector<LeafPlace> places;  // of the leaves, then of the time column when there is a filter
  std::vector<const std::optional<std::string>*> constants;  // of the leaves; null: from the file
  std::uint64_t first_row = 0;
  int num_row_groups = 0;
  std::mutex mutex;  // guards what follows
  std::shared_ptr<ParquetFile> open;
  std::size_t pending_tasks = 0;
};

/// The batches of one row group, one after the other in the same object.
/// Threads: one at a time. Errors: those of ColumnCursor, with file, row group and column.
class GroupBatch final : public LeafBatch {
 public:
  GroupBatch(const LeafScanOptions& options, const FileState& state,
             std::shared_ptr<const ParquetFile> parquet, const ScanTask& task);

  /// Go to the next batch that has rows; false at the end.
  Result<bool> next();

  Result<const LeafColumn*> column(std::size_t leaf) override;
  Result<const LeafColumn*> column_at(std::size_t leaf,
                                      std::span<const std::uint32_t> rows) override;

 private:
  // Keeps the rows within the time filter.
  Status select();
  Status load(std::size_t leaf, std::span<const std::uint32_t> keep);
  Result<LeafColumn> read(std::size_t leaf, const LeafPlace& place,
                          std::span<const std::uint32_t> keep);
  Status load_constant(std::size_t leaf, std::size_t num_rows);

  // What is_loaded_ holds beside 0.
  static constexpr std::uint8_t kWhole = 1;
  static constexpr std::uint8_t kInPart = 2;

  const LeafScanOptions& options_;
  const FileState& state_;
  std::shared_ptr<const ParquetFile> parquet_;
  ScanTask task_;
  std::vector<std::unique_ptr<ColumnCursor>> cursors_;
  std::vector<LeafColumn> columns_;
  std::vector<std::uint8_t> is_loaded_;
  std::uint64_t begin_ = 0;
  std::size_t rows_in_range_ = 0;
  std::vector<std::uint32_t> chosen_;  // rows of the file's range, for column_at()
  std::vector<std::int32_t> constant_codes_;
  std::vector<std::int32_t> null_codes_;
  std::vector<std::string_view> constants_;
};

}  // namespace assay::tables
