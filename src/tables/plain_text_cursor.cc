// Addresses are nearly all different, so that writers give up their dictionary early: most of such
// a chunk is plain pages, where each value is its length and its bytes. To find the values of some
// rows all lengths before them must be walked, but nothing more: no view is made of what is not
// asked for, and of what is, only the part that a batch leaves behind in a finished page is copied.
// Parquet's own reader makes a view of every value first, which took a fifth of the time of a whole
// audit.

#include "tables/arrow_error_internal.h"
#include "tables/owned_array_internal.h"
#include "tables/page_position_internal.h"
#include "tables/plain_text_cursor_internal.h"
#include "tables/snappy_internal.h"

#include <arrow/util/checked_cast.h>
#include <fmt/format.h>
#include <parquet/column_page.h>
#include <parquet/encoding.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tables {

namespace {

constexpr std::size_t kTextLengthSize = 4;

using Bytes = std::span<const std::uint8_t>;

std::uint32_t length_at(const std::uint8_t* place) {
  std::uint32_t length = 0;
  std::memcpy(&length, place, sizeof length);
  return length;
}

bool is_dictionary(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY ||
         encoding == parquet::Encoding::RLE_DICTIONARY;
}

// What the page reader hands out.
enum class PageForm : std::uint8_t {
  kReady,
  kSnappy,  // still compressed: we decompress
};

class PlainTextCursor final : public ColumnCursor {
 public:
  PlainTextCursor(const ParquetFile& file, const parquet::ColumnDescriptor& column, LeafKind kind,
                  std::unique_ptr<parquet::PageReader> pages, std::shared_ptr<Position> position,
                  PageForm form, std::size_t batch_rows)
      : column_(column),
        pool_(file.pool.get()),
        kind_(kind),
        pages_(std::move(pages)),
        position_(std::move(position)),
        form_(form),
        max_level_(column.max_definition_level()),
        level_decoder_(max_level_),
        max_page_size_(static_cast<std::size_t>(file.pool->largest().count())),
        levels_(batch_rows, max_level_),
        starts_(batch_rows),
        texts_(batch_rows),
        all_rows_(batch_rows) {
    std::uint32_t next = 0;
    for (std::uint32_t& row : all_rows_) row = next++;
  }

  Result<LeafColumn> read(std::uint64_t first, std::size_t count,
                          std::span<const std::uint32_t> keep) override {
    return guard_parquet(ErrorCode::kCorrupt, [&] -> Result<LeafColumn> {
      RETURN_IF_ERROR(seek(first));
      return read_rows(count, keep.empty() ? std::span(all_rows_).first(count) : keep);
    });
  }

 private:
  Status seek(std::uint64_t row) {
    position_->wanted = row;
    while (position_->next_row < row || rows_left_ == 0) {
      if (rows_left_ == 0) {
        RETURN_IF_ERROR(open_page());
        continue;
      }
      const auto skip = static_cast<std::size_t>(
          std::min<std::uint64_t>({row - position_->next_row, rows_left_, levels_.size()}));
      RETURN_IF_ERROR(walk(skip));
    }
    return {};
  }

  Result<LeafColumn> read_rows(std::size_t count, std::span<const std::uint32_t> rows) {
    kept_.clear();
    std::size_t done = 0;
    std::size_t num_texts = 0;
    while (true) {
      const std::size_t here = std::min(count - done, rows_left_);
      const std::size_t first_text = num_texts;
      RETURN_IF_ERROR(walk(here));
      while (num_texts < rows.size() && rows[num_texts] < done + here) {
        texts_[num_texts] = text_at(rows[num_texts] - done);
        ++num_texts;
      }
      done += here;
      if (done == count) break;
      keep_texts(std::span(texts_).subspan(first_text, num_texts - first_text));
      RETURN_IF_ERROR(open_page());
    }
    LeafColumn column;
    column.kind = kind_;
    column.texts = std::span(texts_).first(num_texts);
    return column;
  }

  Status open_page() {
    while (true) {
      page_ = pages_->NextPage();
      if (page_ == nullptr) return corrupt("the column ends before its row group does");
      Bytes bytes(page_->data(), static_cast<std::size_t>(page_->size()));
      if (page_->type() == parquet::PageType::DICTIONARY_PAGE) {
        if (form_ == PageForm::kSnappy) {
          ASSIGN_OR_RETURN(bytes, decompressed(bytes));
        }
        RETURN_IF_ERROR(use_dictionary(
            arrow::internal::checked_cast<const parquet::DictionaryPage&>(*page_), bytes));
      } else if (page_->type() == parquet::PageType::DATA_PAGE) {
        const auto& page = arrow::internal::checked_cast<const parquet::DataPageV1&>(*page_);
        if (form_ == PageForm::kSnappy) {
          ASSIGN_OR_RETURN(bytes, decompressed(bytes));
        }
        ASSIGN_OR_RETURN(const Bytes values, after_levels(page, bytes));
        return start_page(page, values);
      } else if (page_->type() == parquet::PageType::DATA_PAGE_V2) {
        const auto& page = arrow::internal::checked_cast<const parquet::DataPageV2&>(*page_);
        ASSIGN_OR_RETURN(Bytes values, after_levels(page, bytes));
        if (form_ == PageForm::kSnappy && page.is_compressed() && !values.empty()) {
          ASSIGN_OR_RETURN(values, decompressed(values));
        }
        return start_page(page, values);
      }
    }
  }

  Result<Bytes> decompressed(Bytes block) {
    ASSIGN_OR_RETURN(const std::size_t size, snappy_size(block));
    if (size > max_page_size_) {
      return exhausted(
          fmt::format("a page of {} bytes, over the limit of {}", size, max_page_size_));
    }
    if (size > buffer_size_) {
      buffer_ = make_uncleared_array<std::uint8_t>(size);
      buffer_size_ = size;
    }
    RETURN_IF_ERROR(snappy_decompress(block, {buffer_.get(), size}));
    return Bytes(buffer_.get(), size);
  }

  // The levels of the first version are in front of the values and compressed with them.
  Result<Bytes> after_levels(const parquet::DataPageV1& page, Bytes bytes) {
    if (max_level_ == 0) return bytes;
    const int length =
        level_decoder_.SetData(page.definition_level_encoding(), max_level_, page.num_values(),
                               bytes.data(), static_cast<std::int32_t>(bytes.size()));
    if (length < 0 || static_cast<std::size_t>(length) > bytes.size()) return parts_too_large();
    return bytes.subspan(static_cast<std::size_t>(length));
  }

  Result<Bytes> after_levels(const parquet::DataPageV2& page, Bytes bytes) {
    const std::int64_t repetitions = page.repetition_levels_byte_length();
    const std::int64_t definitions = page.definition_levels_byte_length();
    if (repetitions < 0 || definitions < 0 ||
        repetitions + definitions > static_cast<std::int64_t>(bytes.size())) {
      return parts_too_large();
    }
    if (max_level_ > 0) {
      level_decoder_.SetDataV2(static_cast<std::int32_t>(definitions), max_level_,
                               page.num_values(), bytes.data() + repetitions);
    }
    return bytes.subspan(static_cast<std::size_t>(repetitions + definitions));
  }

  static Error parts_too_large() { return corrupt("a page whose parts are larger than the page"); }

  Status start_page(const parquet::DataPage& page, Bytes values) {
    if (page.num_values() < 0) return corrupt("a page of fewer rows than none");
    rows_left_ = static_cast<std::size_t>(page.num_values());
    values_ = values.data();
    values_size_ = values.size();
    next_value_ = 0;
    by_dictionary_ = is_dictionary(page.encoding());
    if (!by_dictionary_ && page.encoding() != parquet::Encoding::PLAIN) {
      return corrupt("a page in an encoding that its column chunk does not name");
    }
    if (!by_dictionary_) return {};
    if (!decoder_) return corrupt("a page of codes without a dictionary");
    decoder_->SetData(page.num_values(), values_, static_cast<int>(values_size_));
    return {};
  }

  Status use_dictionary(const parquet::DictionaryPage& page, Bytes bytes) {
    if (decoder_ || page.num_values() < 0) return corrupt("a second dictionary, or none in it");
    auto values = parquet::MakeTypedDecoder<parquet::ByteArrayType>(parquet::Encoding::PLAIN,
                                                                    &column_, pool_);
    values->SetData(page.num_values(), bytes.data(), static_cast<int>(bytes.size()));
    decoder_ = parquet::MakeDictDecoder<parquet::ByteArrayType>(&column_, pool_);
    decoder_->SetDict(values.get());
    const parquet::ByteArray* entries = nullptr;
    std::int32_t length = 0;
    decoder_->GetDictionary(&entries, &length);
    for (std::int32_t i = 0; i < length; ++i) {
      dictionary_.push_back(entries[i].len == 0 ? std::string_view("")
                                                : static_cast<std::string_view>(entries[i]));
    }
    codes_.resize(levels_.size());
    return {};
  }

  // Goes over `count` rows of the page and finds where their values are. Pre: the page has them.
  Status walk(std::size_t count) {
    if (max_level_ > 0 &&
        level_decoder_.Decode(static_cast<int>(count), levels_.data()) != static_cast<int>(count)) {
      return corrupt("a page holds fewer values than it claims");
    }
    RETURN_IF_ERROR(by_dictionary_ ? walk_codes(count) : walk_values(count));
    rows_left_ -= count;
    position_->next_row += count;
    return {};
  }

  Status walk_values(std::size_t count) {
    const std::uint8_t* const values = values_;
    const std::uint64_t size = values_size_;
    const std::int16_t* const levels = levels_.data();
    const std::int16_t full = max_level_;
    std::uint32_t* const starts = starts_.data();
    std::uint64_t next = next_value_;
    for (std::size_t row = 0; row < count; ++row) {
      starts[row] = static_cast<std::uint32_t>(next);
      const std::uint64_t present = levels[row] == full ? 1 : 0;
      if (next + kTextLengthSize > size) [[unlikely]] {
        if (present != 0 || next > size) return values_end_early();
        continue;
      }
      // Without a branch: where nulls are is as good as random.
      next += (kTextLengthSize + length_at(values + next)) & (0 - present);
    }
    if (next > size) return values_end_early();
    next_value_ = static_cast<std::size_t>(next);
    return {};
  }

  static Status values_end_early() { return corrupt("a text of the page is longer than the page"); }

  Status walk_codes(std::size_t count) {
    const auto num_values = static_cast<std::size_t>(std::count(
        levels_.begin(), levels_.begin() + static_cast<std::ptrdiff_t>(count), max_level_));
    if (decoder_->DecodeIndices(static_cast<int>(num_values), codes_.data()) !=
        static_cast<int>(num_values)) {
      return corrupt("a page holds fewer values than it claims");
    }
    for (std::size_t i = 0; i < num_values; ++i) {
      if (static_cast<std::uint32_t>(codes_[i]) >= dictionary_.size()) {
        return corrupt(fmt::format("code {} in a dictionary of {}", codes_[i], dictionary_.size()));
      }
    }
    std::uint32_t next = 0;
    for (std::size_t row = 0; row < count; ++row) {
      starts_[row] = next;
      next += levels_[row] == max_level_ ? 1 : 0;
    }
    return {};
  }

  // The value of a row of the last walk.
  std::string_view text_at(std::size_t row) const {
    if (levels_[row] != max_level_) return {};
    if (by_dictionary_) return dictionary_[static_cast<std::size_t>(codes_[starts_[row]])];
    const std::uint8_t* place = values_ + starts_[row];
    return {reinterpret_cast<const char*>(place + kTextLengthSize), length_at(place)};
  }

  // The page goes, and what was read of it stays.
  void keep_texts(std::span<std::string_view> texts) {
    if (by_dictionary_) return;
    std::size_t total = 0;
    for (const std::string_view text : texts) total += text.size();
    auto block = make_uncleared_array<char>(total);
    char* next = block.get();
    for (std::string_view& text : texts) {
      if (text.data() == nullptr) continue;
      std::ranges::copy(text, next);
      text = {next, text.size()};
      next += text.size();
    }
    kept_.push_back(std::move(block));
  }

  const parquet::ColumnDescriptor& column_;
  arrow::MemoryPool* pool_;
  LeafKind kind_;
  std::unique_ptr<parquet::PageReader> pages_;
  std::shared_ptr<Position> position_;
  PageForm form_;
  std::int16_t max_level_;
  parquet::LevelDecoder level_decoder_;
  std::size_t max_page_size_;
  OwnedArray<std::uint8_t> buffer_;  // of the page when we decompress it
  std::size_t buffer_size_ = 0;

  std::shared_ptr<parquet::Page> page_;
  std::size_t rows_left_ = 0;  // of the page
  const std::uint8_t* values_ = nullptr;
  std::size_t values_size_ = 0;
  std::size_t next_value_ = 0;
  bool by_dictionary_ = false;
  std::unique_ptr<parquet::DictDecoder<parquet::ByteArrayType>> decoder_;
  std::vector<std::string_view> dictionary_;

  // Of the rows of the last walk.
  std::vector<std::int16_t> levels_;
  std::vector<std::uint32_t> starts_;  // where in the page, or which of codes_
  std::vector<std::int32_t> codes_;

  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> all_rows_;
  std::vector<OwnedArray<char>> kept_;
};

}  // namespace

bool suits_plain_text_cursor(const parquet::ColumnChunkMetaData& chunk) {
  if (chunk.type() != parquet::Type::BYTE_ARRAY) return false;
  const auto& pages = chunk.encoding_stats();
  const bool is_all_dictionary =
      !pages.empty() && std::ranges::all_of(pages, [](const parquet::PageEncodingStats& page) {
        return page.page_type == parquet::PageType::DICTIONARY_PAGE || is_dictionary(page.encoding);
      });
  if (is_all_dictionary) return false;
  return std::ranges::all_of(chunk.encodings(), [](parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::PLAIN || encoding == parquet::Encoding::RLE ||
           encoding == parquet::Encoding::BIT_PACKED || is_dictionary(encoding);
  });
}

Result<std::unique_ptr<ColumnCursor>> open_plain_text_column(
    const ParquetFile& file, const parquet::ColumnChunkMetaData& chunk, const LeafPlace& place,
    ChunkRange range, std::size_t batch_rows, ByteCount read_size) {
  auto position = std::make_shared<Position>();
  const bool is_snappy = chunk.compression() == parquet::Compression::SNAPPY;
  auto pages =
      open_pages(file, chunk, is_snappy ? parquet::Compression::UNCOMPRESSED : chunk.compression(),
                 place.column, range, read_size, position);
  return std::make_unique<PlainTextCursor>(
      file, *file.metadata->schema()->Column(place.column), place.info.kind, std::move(pages),
      std::move(position), is_snappy ? PageForm::kSnappy : PageForm::kReady, batch_rows);
}

}  // namespace assay::tables
