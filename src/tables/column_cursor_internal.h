/// \file
/// The values of one column chunk, a batch at a time, going forward.

#pragma once

#include "core/result.h"
#include "tables/leaf.h"
#include "tables/parquet_file_internal.h"

#include <cstdint>
#include <memory>
#include <span>

namespace assay::tables {

/// Decodes one leaf of one row group.
/// Threads: one thread at a time. Errors: kCorrupt, kExhausted, and those of the source; none names
/// the file or column: the caller does.
class ColumnCursor {
 public:
  virtual ~ColumnCursor() = default;
  ColumnCursor() = default;
  ColumnCursor(const ColumnCursor&) = delete;
  ColumnCursor& operator=(const ColumnCursor&) = delete;

  /// The values of rows [first, first + count) of the row group; rows before `first` that were not
  /// read are skipped. With `keep`, only the rows at these offsets within the range are given.
  /// Pre:      `first` does not go back; count is at most the batch size.
  /// Lifetime: of the views in the column: until the next call.
  virtual Result<LeafColumn> read(std::uint64_t first, std::size_t count,
                                  std::span<const std::uint32_t> keep) = 0;
};

/// Start reading a column chunk; nothing is read before the first read(). `file` is borrowed.
/// Errors: kCorrupt (the chunk's place or count in the footer is impossible), kInvalidInput (a
///         codec that is not built in).
Result<std::unique_ptr<ColumnCursor>> open_column(const ParquetFile& file, int row_group,
                                                  const LeafPlace& place, std::size_t batch_rows,
                                                  ByteCount read_size);

}  // namespace assay::tables
