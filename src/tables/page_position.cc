#include "tables/page_position_internal.h"

#include <algorithm>
#include <utility>

namespace assay::tables {

namespace {

class ChunkContents final : public parquet::RowGroupReader::Contents {
 public:
  ChunkContents(const ParquetFile& file, std::unique_ptr<parquet::RowGroupMetaData> metadata,
                ChunkRange range, ByteCount read_size, std::shared_ptr<Position> position)
      : file_(file),
        metadata_(std::move(metadata)),
        range_(range),
        read_size_(read_size),
        position_(std::move(position)) {}

  std::unique_ptr<parquet::PageReader> GetColumnPageReader(int column) override {
    const auto chunk = metadata_->ColumnChunk(column);
    return open_pages(file_, *chunk, chunk->compression(), column, range_, read_size_, position_);
  }
  const parquet::RowGroupMetaData* metadata() const override { return metadata_.get(); }
  const parquet::ReaderProperties* properties() const override { return &file_.properties; }

 private:
  const ParquetFile& file_;
  std::unique_ptr<parquet::RowGroupMetaData> metadata_;
  ChunkRange range_;
  ByteCount read_size_;
  std::shared_ptr<Position> position_;
};

}  // namespace

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

std::unique_ptr<parquet::RowGroupReader> group_of_one_chunk(
    const ParquetFile& file, std::unique_ptr<parquet::RowGroupMetaData> metadata, ChunkRange range,
    ByteCount read_size, std::shared_ptr<Position> position) {
  return std::make_unique<parquet::RowGroupReader>(std::make_unique<ChunkContents>(
      file, std::move(metadata), range, read_size, std::move(position)));
}

}  // namespace assay::tables
