/// \file
/// An open Parquet file: its footer, checked against the file's size, and its leaves by path.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "tables/arrow_source_internal.h"
#include "tables/leaf.h"

#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace assay::tables {

/// A footer may claim up to so many rows in a row group; real ones have a few million at most.
inline constexpr std::int64_t kMaxRowsInGroup = std::int64_t{1} << 31;

struct ParquetFile {
  std::unique_ptr<files::ByteSource> source;
  std::shared_ptr<LimitedPool> pool;
  parquet::ReaderProperties properties;
  std::shared_ptr<parquet::FileMetaData> metadata;
};

/// Read and check the footer. Pages over `max_page_size` will be refused.
/// Errors: kInvalidInput (not Parquet, encrypted, two columns of one name), kCorrupt, kExhausted,
///         and those of the source; each names the file.
Result<std::unique_ptr<ParquetFile>> open_parquet(std::unique_ptr<files::ByteSource> source,
                                                  ByteCount max_page_size);

/// Where a dotted path leads in a schema.
struct LeafPlace {
  LeafInfo info;
  int column = -1;  ///< The leaf's column number; -1 when it has no values to read.
};
LeafPlace find_leaf(const parquet::SchemaDescriptor& schema, std::string_view path);

/// What the type of a node is, for a program and for people.
LeafInfo describe_leaf(const parquet::schema::Node& node);
/// The same for the values of a leaf, whether it is repeated or not.
LeafInfo describe_values(const parquet::schema::PrimitiveNode& node);

/// The bytes of a column chunk in the file.
struct ChunkRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
/// Errors: kCorrupt (outside the file).
Result<ChunkRange> chunk_range(const ParquetFile& file, const parquet::ColumnChunkMetaData& chunk);

}  // namespace assay::tables
