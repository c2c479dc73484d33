#include "tables/page_position_internal.h"

#include <algorithm>
#include <utility>

namespace assay::tables {

std::unique_ptr<parquet::PageReader> open_pages(const ParquetFile& file,
                                                const parquet::ColumnChunkMetaData& chunk,
                                                parquet::Compression::type codec, int column,
                                                ChunkRange range, ByteCount read_size,
                                                std::shared_ptr<Position> position) {
  auto pages = parquet::PageReader::Open(
      chunk_stream(*file.source, range.begin, range.end, read_size), chunk.num_values(), codec,
      file.properties, *file.metadata->schema()->Column(column));
  pages->set_data_page_filter([position = std::move(position)](const parquet::DataPageStats& page) {
    const std::uint64_t begin = position->page_begin;
    position->page_begin += static_cast<std::uint64_t>(std::max(page.num_values, 0));
    if (position->page_begin <= position->wanted) return true;
    position->next_row = begin;
    return false;
  });
  return pages;
}

}  // namespace assay::tables
