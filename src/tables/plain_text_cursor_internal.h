/// \file
/// Text and binary columns whose pages hold the values themselves, one after the other.

#pragma once

#include "tables/column_cursor_internal.h"
#include "tables/parquet_file_internal.h"

#include <memory>

namespace assay::tables {

/// Whether the chunk is of texts, not all by dictionary, and only in encodings that the cursor
/// knows.
bool suits_plain_text_cursor(const parquet::ColumnChunkMetaData& chunk);

/// Pre: suits_plain_text_cursor(). May throw what Parquet throws.
Result<std::unique_ptr<ColumnCursor>> open_plain_text_column(
    const ParquetFile& file, const parquet::ColumnChunkMetaData& chunk, const LeafPlace& place,
    ChunkRange range, std::size_t batch_rows, ByteCount read_size);

}  // namespace assay::tables
