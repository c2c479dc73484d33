#include "tables/wide_values.h"

#include "tables/arrow_error_internal.h"
#include "tables/code_runs_internal.h"
#include "tables/page_bytes_internal.h"
#include "tables/page_header_internal.h"
#include "tables/parquet_file_internal.h"

#include <fmt/format.h>
#include <parquet/column_reader.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

namespace assay::tables {
namespace {

constexpr std::size_t kMaxHeaderSize = 16U << 20;
// Of codes and levels: a page has a few thousand rows.
constexpr std::uint64_t kMaxCodesSize = 64U << 20;
constexpr std::size_t kLengthSize = 4;
constexpr ByteCount kMaxFooterPage{std::uint64_t{1} << 30};

bool is_dictionary_number(std::int32_t encoding) {
  return encoding == static_cast<std::int32_t>(parquet::Encoding::PLAIN_DICTIONARY) ||
         encoding == static_cast<std::int32_t>(parquet::Encoding::RLE_DICTIONARY);
}

bool is_plain(std::int32_t encoding) {
  return encoding == static_cast<std::int32_t>(parquet::Encoding::PLAIN);
}

/// Whether all its pages are of the form that this file reads.
bool suits(const parquet::ColumnChunkMetaData& chunk) {
  const bool is_stored = chunk.compression() == parquet::Compression::UNCOMPRESSED ||
                         chunk.compression() == parquet::Compression::SNAPPY;
  return chunk.type() == parquet::Type::BYTE_ARRAY && is_stored &&
         std::ranges::all_of(chunk.encodings(), [](parquet::Encoding::type encoding) {
           return encoding == parquet::Encoding::PLAIN || encoding == parquet::Encoding::RLE ||
                  encoding == parquet::Encoding::PLAIN_DICTIONARY ||
                  encoding == parquet::Encoding::RLE_DICTIONARY;
         });
}

/// One page: where it is in the file, and what its header says.
struct Page {
  PageHeader header;
  std::uint64_t begin = 0;  ///< Behind the header.

  std::uint64_t end() const { return begin + header.stored_size; }
};

/// Its bytes, unpacked.
class OpenPage {
 public:
  OpenPage(const files::ByteSource& source, std::uint64_t begin, std::uint64_t end, bool is_packed)
      : stored_(source, begin, end) {
    if (is_packed) unpacked_ = std::make_unique<UnpackedBytes>(stored_);
  }
  PageBytes& bytes() { return unpacked_ ? static_cast<PageBytes&>(*unpacked_) : stored_; }

 private:
  StoredBytes stored_;
  std::unique_ptr<UnpackedBytes> unpacked_;
};

/// Reads some rows of one column chunk.
/// Errors: as read_wide_values(), without file and row group.
class WideChunk {
 public:
  WideChunk(const ParquetFile& file, const parquet::ColumnDescriptor& column, bool is_packed,
            ByteCount max_value_size, const OnWideValue& on_value)
      : source_(*file.source),
        is_packed_(is_packed),
        max_level_(column.max_definition_level()),
        max_value_size_(max_value_size.count()),
        on_value_(on_value) {}

  /// `rows` are of the row group, `first_row` is its first in the file.
  Status read(ChunkRange range, std::span<const std::uint64_t> rows, std::uint64_t first_row,
              std::uint64_t num_rows, const std::stop_token& stop);

 private:
  Result<Page> page_at(std::uint64_t begin, std::uint64_t end) const;
  /// `rows` are those of the page, counted from its first.
  Status read_page(const Page& page, std::span<const std::uint64_t> rows, std::uint64_t page_row);
  Status read_levels(const PageHeader& header, PageBytes& bytes, std::uint64_t& left);
  Status read_plain(PageBytes& bytes, std::uint64_t left, std::span<const std::uint64_t> rows,
                    std::uint64_t page_row);
  Status read_codes(PageBytes& bytes, std::uint64_t left, std::span<const std::uint64_t> rows,
                    std::uint64_t page_row);
  Status read_dictionary(const Page& page);
  Result<std::string_view> read_value(PageBytes& bytes, std::uint64_t& left, bool is_wanted);

  const files::ByteSource& source_;
  bool is_packed_;
  std::int16_t max_level_;
  std::uint64_t max_value_size_;
  const OnWideValue& on_value_;
  std::optional<Page> dictionary_;
  std::map<std::uint32_t, std::vector<std::uint64_t>> rows_of_code_;
  std::vector<std::int16_t> levels_;
  std::string value_;
};

Result<Page> WideChunk::page_at(std::uint64_t begin, std::uint64_t end) const {
  // Headers may hold the least and the largest value of their page.
  for (std::size_t size = 256;; size *= 8) {
    std::vector<std::byte> bytes(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, end - begin)));
    ASSIGN_OR_RETURN(const std::size_t count, source_.read_at(begin, bytes));
    bytes.resize(count);
    ASSIGN_OR_RETURN(const auto header, parse_page_header(bytes));
    if (header) {
      const Page page{.header = *header, .begin = begin + header->header_size};
      if (page.header.stored_size > end - page.begin) {
        return corrupt("a page that goes on behind its column chunk");
      }
      return page;
    }
    if (count < size || size > kMaxHeaderSize) return corrupt("a page with a broken header");
  }
}

Status WideChunk::read(ChunkRange range, std::span<const std::uint64_t> rows,
                       std::uint64_t first_row, std::uint64_t num_rows,
                       const std::stop_token& stop) {
  std::uint64_t page_row = 0;  // of the row group
  for (std::uint64_t at = range.begin; !rows.empty();) {
    if (stop.stop_requested()) return cancelled("stopped while reading the data set");
    if (at >= range.end || page_row >= num_rows) {
      return corrupt("the column ends before its row group does");
    }
    ASSIGN_OR_RETURN(const Page page, page_at(at, range.end));
    at = page.end();
    if (page.header.kind == PageKind::kDictionary) {
      if (dictionary_ || page_row > 0) return corrupt("a second dictionary");
      dictionary_ = page;
      continue;
    }
    if (page.header.kind == PageKind::kIndex) continue;
    const std::uint64_t next_row = page_row + page.header.num_values;
    const auto behind = std::ranges::lower_bound(rows, first_row + next_row);
    const auto count = static_cast<std::size_t>(behind - rows.begin());
    if (count > 0) RETURN_IF_ERROR(read_page(page, rows.first(count), first_row + page_row));
    rows = rows.subspan(count);
    page_row = next_row;
  }
  if (rows_of_code_.empty() || !dictionary_) return {};
  return read_dictionary(*dictionary_);
}

// Of levels, codes and lengths it is always known how many bytes of the page are left: what a page
// claims of itself never makes more than that come into memory.
Status WideChunk::read_page(const Page& page, std::span<const std::uint64_t> rows,
                            std::uint64_t page_row) {
  const PageHeader& header = page.header;
  std::uint64_t begin = page.begin;
  std::uint64_t left = header.raw_size;
  if (header.num_values > kMaxCodesSize) return exhausted("a page of too many rows");
  bool is_packed = is_packed_;
  if (header.kind == PageKind::kDataV2) {
    // Its levels are not packed, whatever the rest is.
    const std::uint64_t levels = header.definition_size + header.repetition_size;
    if (levels > header.stored_size || levels > left) {
      return corrupt("a page whose parts are larger than the page");
    }
    StoredBytes stored(source_, begin, begin + levels);
    std::uint64_t levels_left = levels;
    RETURN_IF_ERROR(read_levels(header, stored, levels_left));
    begin += levels;
    left -= levels;
    is_packed = is_packed && header.is_compressed;
  }
  OpenPage open(source_, begin, page.end(), is_packed && begin < page.end());
  if (header.kind == PageKind::kData) RETURN_IF_ERROR(read_levels(header, open.bytes(), left));
  if (is_plain(header.encoding)) return read_plain(open.bytes(), left, rows, page_row);
  if (is_dictionary_number(header.encoding)) return read_codes(open.bytes(), left, rows, page_row);
  return corrupt("a page in an encoding that its column chunk does not name");
}

Status WideChunk::read_levels(const PageHeader& header, PageBytes& bytes, std::uint64_t& left) {
  levels_.assign(static_cast<std::size_t>(header.num_values), max_level_);
  if (max_level_ == 0) return {};
  std::vector<std::byte> packed;
  const auto take = [&](std::uint64_t count) -> Status {
    if (count > left || count > kMaxCodesSize) {
      return corrupt("a page whose parts are larger than the page");
    }
    packed.resize(packed.size() + static_cast<std::size_t>(count));
    RETURN_IF_ERROR(bytes.read(std::span(packed).last(static_cast<std::size_t>(count))));
    left -= count;
    return {};
  };
  parquet::LevelDecoder decoder;
  const int num_values = static_cast<int>(header.num_values);
  if (header.kind == PageKind::kDataV2) {
    RETURN_IF_ERROR(take(header.repetition_size));
    packed.clear();
    RETURN_IF_ERROR(take(header.definition_size));
    decoder.SetDataV2(static_cast<std::int32_t>(packed.size()), max_level_, num_values,
                      reinterpret_cast<const std::uint8_t*>(packed.data()));
  } else {
    if (header.level_encoding != static_cast<std::int32_t>(parquet::Encoding::RLE)) {
      return invalid_input("its levels are in an encoding of old; write the file again");
    }
    RETURN_IF_ERROR(take(kLengthSize));
    std::uint32_t size = 0;
    std::memcpy(&size, packed.data(), sizeof size);
    RETURN_IF_ERROR(take(size));
    decoder.SetData(parquet::Encoding::RLE, max_level_, num_values,
                    reinterpret_cast<const std::uint8_t*>(packed.data()),
                    static_cast<std::int32_t>(packed.size()));
  }
  if (decoder.Decode(num_values, levels_.data()) != num_values) {
    return corrupt("a page holds fewer values than it claims");
  }
  return {};
}

Result<std::string_view> WideChunk::read_value(PageBytes& bytes, std::uint64_t& left,
                                               bool is_wanted) {
  std::array<std::byte, kLengthSize> head;
  if (left < head.size()) return corrupt("a page holds fewer values than it claims");
  RETURN_IF_ERROR(bytes.read(head));
  left -= head.size();
  std::uint32_t length = 0;
  std::memcpy(&length, head.data(), sizeof length);
  if (length > left) return corrupt("a value of the page is longer than the page");
  left -= length;
  if (!is_wanted) {
    RETURN_IF_ERROR(bytes.skip(length));
    return std::string_view();
  }
  if (length > max_value_size_) {
    return exhausted(
        fmt::format("a value of {} bytes, over the limit of {}", length, max_value_size_));
  }
  value_.resize(length);
  RETURN_IF_ERROR(bytes.read(std::as_writable_bytes(std::span(value_))));
  return std::string_view(value_);
}

Status WideChunk::read_plain(PageBytes& bytes, std::uint64_t left,
                             std::span<const std::uint64_t> rows, std::uint64_t page_row) {
  for (std::size_t i = 0; !rows.empty() && i < levels_.size(); ++i) {
    const bool is_wanted = rows.front() == page_row + i;
    std::optional<std::string_view> value;
    if (levels_[i] == max_level_) {
      ASSIGN_OR_RETURN(value, read_value(bytes, left, is_wanted));
    }
    if (!is_wanted) continue;
    RETURN_IF_ERROR(on_value_(rows.front(), value));
    rows = rows.subspan(1);
  }
  return {};
}

Status WideChunk::read_codes(PageBytes& bytes, std::uint64_t left,
                             std::span<const std::uint64_t> rows, std::uint64_t page_row) {
  if (!dictionary_) return corrupt("a page of codes without a dictionary");
  if (left > kMaxCodesSize) return exhausted("a page of too many codes");
  std::vector<std::byte> packed(static_cast<std::size_t>(left));
  const auto num_present = static_cast<std::size_t>(std::ranges::count(levels_, max_level_));
  std::vector<std::uint32_t> codes;
  if (num_present > 0) {
    RETURN_IF_ERROR(bytes.read(packed));
    ASSIGN_OR_RETURN(codes, decode_codes(packed, num_present));
  }
  std::size_t next_code = 0;
  for (std::size_t i = 0; !rows.empty() && i < levels_.size(); ++i) {
    const bool is_present = levels_[i] == max_level_;
    const std::size_t code = next_code;
    next_code += is_present ? 1 : 0;
    if (rows.front() != page_row + i) continue;
    if (is_present) {
      if (codes[code] >= dictionary_->header.num_values) {
        return corrupt(fmt::format("code {} in a dictionary of {}", codes[code],
                                   dictionary_->header.num_values));
      }
      rows_of_code_[codes[code]].push_back(rows.front());
    } else {
      RETURN_IF_ERROR(on_value_(rows.front(), std::nullopt));
    }
    rows = rows.subspan(1);
  }
  return {};
}

Status WideChunk::read_dictionary(const Page& page) {
  if (!is_plain(page.header.encoding) && !is_dictionary_number(page.header.encoding)) {
    return corrupt("a dictionary in an encoding that is none");
  }
  OpenPage open(source_, page.begin, page.end(), is_packed_);
  std::uint64_t left = page.header.raw_size;
  std::uint32_t next = 0;
  for (const auto& [code, rows] : rows_of_code_) {
    std::string_view value;
    for (; next <= code; ++next) {
      ASSIGN_OR_RETURN(value, read_value(open.bytes(), left, next == code));
    }
    for (const std::uint64_t row : rows) RETURN_IF_ERROR(on_value_(row, value));
  }
  return {};
}

}  // namespace

Result<WideRead> read_wide_values(const DatasetSources& sources, const std::string& address,
                                  const WideValueOptions& options,
                                  std::span<const std::uint64_t> rows, const OnWideValue& on_value,
                                  const std::stop_token& stop) {
  ASSIGN_OR_RETURN(auto bytes, open_source(sources, address));
  ASSIGN_OR_RETURN(const auto file, open_parquet(std::move(bytes), kMaxFooterPage));
  const auto read = [&] -> Result<WideRead> {
    const LeafPlace place = find_leaf(*file->metadata->schema(), options.leaf);
    if (place.column < 0) return WideRead::kUnsuited;
    const parquet::ColumnDescriptor& column = *file->metadata->schema()->Column(place.column);
    if (column.max_repetition_level() > 0) return WideRead::kUnsuited;
    for (int group = 0; group < file->metadata->num_row_groups(); ++group) {
      if (!suits(*file->metadata->RowGroup(group)->ColumnChunk(place.column))) {
        return WideRead::kUnsuited;
      }
    }
    std::uint64_t first_row = 0;
    for (int group = 0; group < file->metadata->num_row_groups() && !rows.empty(); ++group) {
      const auto metadata = file->metadata->RowGroup(group);
      const auto num_rows = static_cast<std::uint64_t>(metadata->num_rows());
      const auto count = static_cast<std::size_t>(
          std::ranges::lower_bound(rows, first_row + num_rows) - rows.begin());
      if (count > 0) {
        const auto chunk = metadata->ColumnChunk(place.column);
        ASSIGN_OR_RETURN(const ChunkRange range, chunk_range(*file, *chunk));
        WideChunk wide(*file, column, chunk->compression() == parquet::Compression::SNAPPY,
                       options.max_value_size, on_value);
        RETURN_IF_ERROR(
            with_context(wide.read(range, rows.first(count), first_row, num_rows, stop),
                         fmt::format("{}: row group {}: column {}", address, group, options.leaf)));
      }
      rows = rows.subspan(count);
      first_row += num_rows;
    }
    return WideRead::kDone;
  };
  return guard_parquet(ErrorCode::kCorrupt, read);
}

}  // namespace assay::tables
