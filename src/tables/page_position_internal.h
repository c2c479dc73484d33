/// \file
/// Reading the pages of a column chunk, leaving out those that hold no row that is wanted.

#pragma once

#include "core/bytes.h"
#include "tables/parquet_file_internal.h"

#include <parquet/column_reader.h>
#include <parquet/file_reader.h>

#include <cstdint>
#include <memory>

namespace assay::tables {

/// Where a reader stands in its chunk, shared with the page filter: a page that ends before the
/// first row that is wanted is neither decompressed nor decoded.
struct Position {
  std::uint64_t next_row = 0;    // of the row group: what the reader would give next
  std::uint64_t page_begin = 0;  // rows of the pages before the one that is read next
  std::uint64_t wanted = 0;      // the first row that is wanted
};

/// The pages of a chunk, decompressed unless `codec` says that they are not compressed. The filter
/// keeps `position` and is held to it. May throw what Parquet throws.
std::unique_ptr<parquet::PageReader> open_pages(const ParquetFile& file,
                                                const parquet::ColumnChunkMetaData& chunk,
                                                parquet::Compression::type codec, int column,
                                                ChunkRange range, ByteCount read_size,
                                                std::shared_ptr<Position> position);

/// A row group of which only the chunk at `range` can be read: Parquet's readers that expose
/// dictionaries are made by a row group. `file` is borrowed.
std::unique_ptr<parquet::RowGroupReader> group_of_one_chunk(
    const ParquetFile& file, std::unique_ptr<parquet::RowGroupMetaData> metadata, ChunkRange range,
    ByteCount read_size, std::shared_ptr<Position> position);

}  // namespace assay::tables
