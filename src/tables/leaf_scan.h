/// \file
/// Read chosen leaf columns of nested Parquet files, batch by batch, without row objects.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "tables/dataset.h"
#include "tables/leaf.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::tables {

/// Keep the rows whose `column` is in [since, until). Rows where it is null are not kept.
struct TimeFilter {
  std::string column = "created_at";
  std::optional<Timestamp> since = std::nullopt;
  std::optional<Timestamp> until = std::nullopt;

  bool is_set() const { return since.has_value() || until.has_value(); }
};

struct LeafScanOptions {
  /// Dotted paths: `response_payload.callback_metadata.has_image`. A leaf is known by its place
  /// here.
  std::vector<std::string> leaves = {};
  /// 0: one for each hardware thread. With 1 the batches come in the order of the rows.
  std::size_t num_workers = 0;
  /// Read the first rows of the data set only, counted before `time`.
  std::optional<std::uint64_t> max_rows = std::nullopt;
  TimeFilter time = {};
  /// The most rows in a batch.
  std::size_t batch_rows = 2048;
  /// How much of a column chunk is read at once, unless a page is larger: of local files little, so
  /// that what is read stays in the cache, of remote ones much, because each request takes its
  /// time. A worker holds so much, or a page, for each leaf in use.
  ByteCount read_size = ByteCount(64 << 10);
  ByteCount remote_read_size = ByteCount(4 << 20);
  /// A page that would grow beyond this when decompressed is refused.
  ByteCount max_page_size = ByteCount(std::uint64_t{1} << 30);
};

/// Consecutive rows of one row group; fewer when a time filter dropped some.
/// Threads: one thread at a time, that of the callback.
class LeafBatch {
 public:
  virtual ~LeafBatch() = default;
  LeafBatch() = default;
  LeafBatch(const LeafBatch&) = delete;
  LeafBatch& operator=(const LeafBatch&) = delete;

  std::size_t num_rows() const { return num_rows_; }
  /// The file's place in LeafScan::files().
  std::size_t file() const { return file_; }
  std::size_t row_group() const { return row_group_; }
  /// The place of the batch's row among all rows of the data set, before any filter.
  std::uint64_t row_number(std::size_t row) const {
    return first_row_ + (row_offsets_.empty() ? row : row_offsets_[row]);
  }
  /// The same within the row's file, for messages.
  std::uint64_t row_in_file(std::size_t row) const { return row_number(row) - file_first_row_; }

  /// Decode the leaf at this place of LeafScanOptions::leaves. A leaf that is not asked for is not
  /// read, and pages in which no batch asks for it are skipped.
  ///
  /// Cost:   the first call for a batch decodes; further ones return the same column.
  /// Errors: kCorrupt (names file, row group and column), kExhausted (a page over the limit),
  ///         kDenied, kUnavailable, kTimeout.
  virtual Result<const LeafColumn*> column(std::size_t leaf) = 0;

  /// Decode the leaf in some rows of the batch only, `rows` ascending: value i of the column is
  /// that of row rows[i]. For texts without a dictionary this costs less than column().
  ///
  /// Pre:    a leaf is asked for by column() or by column_at(), and by column_at() once a batch.
  /// Errors: as column().
  virtual Result<const LeafColumn*> column_at(std::size_t leaf,
                                              std::span<const std::uint32_t> rows) = 0;

 protected:
  std::size_t num_rows_ = 0;
  std::size_t file_ = 0;
  std::size_t row_group_ = 0;
  std::uint64_t first_row_ = 0;
  std::uint64_t file_first_row_ = 0;
  std::vector<std::uint32_t> row_offsets_;  // of the rows that a filter kept; empty: all rows
};

/// What one file of the data set holds.
struct ScannedFile {
  std::string name;
  std::uint64_t num_rows = 0;
  std::size_t num_row_groups = 0;
  /// One for each of LeafScanOptions::leaves.
  std::vector<LeafInfo> leaves;
};

/// A read of a data set. Opening it reads the footers; run() reads the columns.
/// Threads: one thread at a time.
class LeafScan {
 public:
  /// Called with batches, by several workers at once; `worker` is below num_workers().
  /// An error ends the scan.
  using OnBatch = std::function<Status(std::size_t worker, LeafBatch& batch)>;

  /// Read the footers of `files` and find the leaves. `sources` are borrowed until the end.
  /// Errors: kNotFound, kInvalidInput (not a Parquet file, two columns of one name, a time column
  ///         that is absent or not a timestamp), kCorrupt (a broken footer), kExhausted (a footer
  ///         over the limits), kDenied, kUnavailable, kTimeout, kCancelled; each names the file.
  static Result<LeafScan> open(const DatasetSources& sources, std::vector<DatasetFile> files,
                               LeafScanOptions options, const std::stop_token& stop);

  LeafScan(LeafScan&&) noexcept;
  LeafScan& operator=(LeafScan&&) = delete;
  ~LeafScan();

  const std::vector<ScannedFile>& files() const;
  std::size_t num_workers() const;
  /// Rows of the data set, cut by max_rows; a time filter does not change it.
  std::uint64_t num_rows() const;

  /// Hand all batches to `on_batch`. Workers take row groups in order, each one at a time; when
  /// several fail, the error of the earliest row group is returned.
  /// Errors: those of LeafBatch::column() and `on_batch`, and kCancelled.
  Status run(const OnBatch& on_batch, const std::stop_token& stop);

 private:
  class Implementation;
  explicit LeafScan(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace assay::tables
