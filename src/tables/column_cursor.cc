#include "tables/arrow_error_internal.h"
#include "tables/column_cursor_internal.h"
#include "tables/integer_conversion_internal.h"
#include "tables/owned_array_internal.h"
#include "tables/page_position_internal.h"
#include "tables/plain_text_cursor_internal.h"

#include <fmt/format.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/types.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tables {

namespace {

template <typename T>
std::span<T> compact(std::vector<T>& values, std::size_t count,
                     std::span<const std::uint32_t> keep) {
  if (keep.empty()) return std::span(values).first(count);
  for (std::size_t i = 0; i < keep.size(); ++i) values[i] = values[keep[i]];
  return std::span(values).first(keep.size());
}

// What every kind of column shares: moving forward, and levels. `Type` is Parquet's.
template <typename Type>
class TypedCursor : public ColumnCursor {
 public:
  using Reader = parquet::TypedColumnReader<Type>;

  TypedCursor(const parquet::ColumnDescriptor& column,
              std::unique_ptr<parquet::RowGroupReader> row_group,
              std::shared_ptr<parquet::ColumnReader> reader, std::shared_ptr<Position> position,
              std::size_t batch_rows)
      : row_group_(std::move(row_group)),
        reader_(std::static_pointer_cast<Reader>(std::move(reader))),
        position_(std::move(position)),
        max_level_(column.max_definition_level()),
        levels_(max_level_ > 0 ? batch_rows : 0) {}

  Result<LeafColumn> read(std::uint64_t first, std::size_t count,
                          std::span<const std::uint32_t> keep) final {
    return guard_parquet(ErrorCode::kCorrupt, [&] -> Result<LeafColumn> {
      RETURN_IF_ERROR(seek(first));
      return read_here(count, keep);
    });
  }

 protected:
  Reader& reader() { return *reader_; }
  bool is_nullable() const { return max_level_ > 0; }
  // Whether the row has a value, by the levels of the last read.
  bool is_present(std::size_t row) const { return levels_[row] == max_level_; }
  std::int16_t max_level() const { return max_level_; }
  std::int16_t* levels(std::size_t from) { return is_nullable() ? levels_.data() + from : nullptr; }

  // `read_some(done, count)` reads at most `count` rows after `done` and returns how many.
  template <typename ReadSome>
  Status read_all(std::size_t count, const ReadSome& read_some) {
    std::size_t done = 0;
    while (done < count) {
      if (!reader_->HasNext()) return corrupt("the column ends before its row group does");
      const std::int64_t read = read_some(done, static_cast<std::int64_t>(count - done));
      if (read <= 0) return corrupt("a page holds fewer values than it claims");
      done += static_cast<std::size_t>(read);
    }
    position_->next_row = position_->wanted + count;
    return {};
  }

 private:
  virtual Result<LeafColumn> read_here(std::size_t count, std::span<const std::uint32_t> keep) = 0;

  Status seek(std::uint64_t row) {
    position_->wanted = row;
    while (position_->next_row < row) {
      // HasNext() opens the next page that the filter lets through, which moves next_row.
      if (!reader_->HasNext()) return corrupt("the column ends before its row group does");
      const std::uint64_t in_page = position_->page_begin - position_->next_row;
      const std::uint64_t skip = std::min(in_page, row - std::min(row, position_->next_row));
      if (skip == 0) break;
      const auto skipped = reader_->Skip(static_cast<std::int64_t>(skip));
      if (skipped <= 0) return corrupt("a page holds fewer values than it claims");
      position_->next_row += static_cast<std::uint64_t>(skipped);
    }
    return {};
  }

  std::unique_ptr<parquet::RowGroupReader> row_group_;
  std::shared_ptr<Reader> reader_;
  std::shared_ptr<Position> position_;
  std::int16_t max_level_;
  std::vector<std::int16_t> levels_;
};

class BooleanCursor final : public TypedCursor<parquet::BooleanType> {
 public:
  template <typename... Arguments>
  explicit BooleanCursor(const LeafInfo& /*info*/, std::size_t batch_rows, Arguments&&... arguments)
      : TypedCursor(std::forward<Arguments>(arguments)..., batch_rows),
        values_(make_array<bool>(batch_rows)),
        spaced_(batch_rows) {}

 private:
  Result<LeafColumn> read_here(std::size_t count, std::span<const std::uint32_t> keep) override {
    std::size_t num_values = 0;
    RETURN_IF_ERROR(read_all(count, [&](std::size_t done, std::int64_t most) {
      std::int64_t values = 0;
      const auto read =
          reader().ReadBatch(most, levels(done), nullptr, values_.get() + num_values, &values);
      num_values += static_cast<std::size_t>(values);
      return read;
    }));
    if (!is_nullable()) {
      if (num_values != count) return corrupt("a page holds fewer values than it claims");
      std::copy_n(values_.get(), count, spaced_.begin());
    } else if (space(values_.get(), levels(0), max_level(), count, spaced_.data()) != num_values) {
      return corrupt("a page holds another number of values than it claims");
    }
    return LeafColumn{.kind = LeafKind::kBoolean, .booleans = compact(spaced_, count, keep)};
  }

  // Gives every row its place and returns how many values there were. Without a branch: where nulls
  // are is as good as random. Plain pointers, because bytes could alias every member.
  static std::size_t space(const bool* values, const std::int16_t* levels, std::int16_t full,
                           std::size_t count, std::uint8_t* spaced) {
    std::size_t next = 0;
    for (std::size_t row = 0; row < count; ++row) {
      const bool present = levels[row] == full;
      const auto value = static_cast<std::uint8_t>(values[next]);
      spaced[row] = present ? value : LeafColumn::kNull;
      next += present ? 1 : 0;
    }
    return next;
  }

  OwnedArray<bool> values_;
  std::vector<std::uint8_t> spaced_;
};

// Integers and instants, or floating point.
template <typename Type>
class NumberCursor final : public TypedCursor<Type> {
 public:
  static constexpr bool kIsReal = std::is_floating_point_v<typename Type::c_type>;
  using Stored = std::conditional_t<kIsReal, double, std::int64_t>;

  template <typename... Arguments>
  NumberCursor(const LeafInfo& info, std::size_t batch_rows,
               const parquet::ColumnDescriptor& column, Arguments&&... arguments)
      : TypedCursor<Type>(column, std::forward<Arguments>(arguments)..., batch_rows),
        kind_(info.kind),
        convert_(*column.logical_type()),
        values_(batch_rows),
        spaced_(batch_rows),
        valid_(this->is_nullable() ? batch_rows : 0) {}

 private:
  Result<LeafColumn> read_here(std::size_t count, std::span<const std::uint32_t> keep) override {
    std::size_t num_values = 0;
    RETURN_IF_ERROR(this->read_all(count, [&](std::size_t done, std::int64_t most) {
      std::int64_t values = 0;
      const auto read = this->reader().ReadBatch(most, this->levels(done), nullptr,
                                                 values_.data() + num_values, &values);
      num_values += static_cast<std::size_t>(values);
      return read;
    }));
    std::size_t next = 0;
    for (std::size_t row = 0; row < count; ++row) {
      const bool present = !this->is_nullable() || this->is_present(row);
      spaced_[row] = present ? stored(values_[next]) : Stored{0};
      if (this->is_nullable()) valid_[row] = present ? 1 : 0;
      next += present ? 1 : 0;
    }
    if (next != num_values) return corrupt("a page holds another number of values than it claims");
    LeafColumn column{.kind = kind_};
    if constexpr (kIsReal) {
      column.reals = compact(spaced_, count, keep);
    } else {
      column.integers = compact(spaced_, count, keep);
    }
    if (this->is_nullable()) column.valid = compact(valid_, count, keep);
    return column;
  }

  Stored stored(const Type::c_type& value) const {
    if constexpr (kIsReal) {
      return static_cast<double>(value);
    } else {
      return convert_(value);
    }
  }

  LeafKind kind_;
  IntegerConversion convert_;
  std::vector<typename Type::c_type> values_;
  std::vector<Stored> spaced_;
  std::vector<std::uint8_t> valid_;
};

// Texts and binary values. A chunk whose pages are all dictionary-encoded gives codes; the others
// give views into the page, which holds until the reader opens the next one: when a batch goes over
// the end of a page, what was read of it is copied.
template <typename Type>
class TextCursor final : public TypedCursor<Type> {
 public:
  using Value = Type::c_type;

  template <typename... Arguments>
  TextCursor(const LeafInfo& info, std::size_t batch_rows, const parquet::ColumnDescriptor& column,
             Arguments&&... arguments)
      : TypedCursor<Type>(column, std::forward<Arguments>(arguments)..., batch_rows),
        kind_(info.kind),
        fixed_length_(column.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY
                          ? static_cast<std::size_t>(std::max(column.type_length(), 0))
                          : 0),
        has_dictionary_(this->reader().GetExposedEncoding() ==
                        parquet::ExposedEncoding::DICTIONARY),
        values_(has_dictionary_ ? 0 : batch_rows),
        texts_(has_dictionary_ ? 0 : batch_rows),
        indices_(has_dictionary_ ? batch_rows : 0),
        codes_(has_dictionary_ ? batch_rows : 0) {}

 private:
  Result<LeafColumn> read_here(std::size_t count, std::span<const std::uint32_t> keep) override {
    return has_dictionary_ ? read_codes(count, keep) : read_texts(count, keep);
  }

  std::string_view view(const Value& value) const {
    // An empty value must not look like a null, which has no pointer.
    constexpr auto kEmpty = std::string_view("");
    if constexpr (std::is_same_v<Value, parquet::ByteArray>) {
      if (value.len == 0) return kEmpty;
      return {reinterpret_cast<const char*>(value.ptr), value.len};
    } else {
      if (fixed_length_ == 0) return kEmpty;
      return {reinterpret_cast<const char*>(value.ptr), fixed_length_};
    }
  }

  Result<LeafColumn> read_codes(std::size_t count, std::span<const std::uint32_t> keep) {
    std::size_t num_values = 0;
    RETURN_IF_ERROR(this->read_all(count, [&](std::size_t done, std::int64_t most) {
      std::int64_t values = 0;
      const Value* dictionary = nullptr;
      std::int32_t length = 0;
      const auto read = this->reader().ReadBatchWithDictionary(most, this->levels(done), nullptr,
                                                               indices_.data() + num_values,
                                                               &values, &dictionary, &length);
      num_values += static_cast<std::size_t>(values);
      if (dictionary != nullptr && dictionary_source_ != dictionary) {
        dictionary_source_ = dictionary;
        dictionary_.clear();
        dictionary_.reserve(static_cast<std::size_t>(length));
        for (std::int32_t i = 0; i < length; ++i) dictionary_.push_back(view(dictionary[i]));
      }
      return read;
    }));
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < num_values; ++i) {
      largest = std::max(largest, static_cast<std::uint32_t>(indices_[i]));
    }
    if (num_values > 0 && largest >= dictionary_.size()) {
      return corrupt(fmt::format("code {} in a dictionary of {}", largest, dictionary_.size()));
    }
    RETURN_IF_ERROR(
        space(count, num_values, indices_, codes_, LeafColumn::kNullCode, std::identity{}));
    LeafColumn column;
    column.kind = kind_;
    column.codes = compact(codes_, count, keep);
    column.dictionary = dictionary_;
    column.has_dictionary = true;
    return column;
  }

  Result<LeafColumn> read_texts(std::size_t count, std::span<const std::uint32_t> keep) {
    std::size_t num_values = 0;
    std::size_t num_owned = 0;  // values that do not point into the current page
    kept_.clear();
    RETURN_IF_ERROR(this->read_all(count, [&](std::size_t done, std::int64_t most) {
      // A read never goes over the end of a page, so that more than one read means another page.
      std::int64_t values = 0;
      const auto read = this->reader().ReadBatch(most, this->levels(done), nullptr,
                                                 values_.data() + num_values, &values);
      num_values += static_cast<std::size_t>(values);
      if (read > 0 && read < most) keep_values(std::exchange(num_owned, num_values), num_values);
      return read;
    }));
    RETURN_IF_ERROR(space(count, num_values, values_, texts_, std::string_view(),
                          [this](const Value& value) { return view(value); }));
    LeafColumn column;
    column.kind = kind_;
    column.texts = compact(texts_, count, keep);
    return column;
  }

  void keep_values(std::size_t from, std::size_t to) {
    std::size_t total = 0;
    for (std::size_t i = from; i < to; ++i) total += view(values_[i]).size();
    auto block = make_uncleared_array<char>(total);
    char* next = block.get();
    for (std::size_t i = from; i < to; ++i) {
      const std::string_view text = view(values_[i]);
      std::ranges::copy(text, next);
      values_[i].ptr = reinterpret_cast<const std::uint8_t*>(next);
      next += text.size();
    }
    kept_.push_back(std::move(block));
  }

  // Gives every row its place: `values` holds those of the rows that are not null.
  template <typename From, typename To, typename Convert>
  Status space(std::size_t count, std::size_t num_values, const std::vector<From>& values,
               std::vector<To>& spaced, To null, const Convert& convert) {
    if (!this->is_nullable() || num_values == count) {
      if (num_values != count) return corrupt("a page holds fewer values than it claims");
      for (std::size_t row = 0; row < count; ++row) spaced[row] = convert(values[row]);
      return {};
    }
    std::size_t next = 0;
    for (std::size_t row = 0; row < count; ++row) {
      const bool present = this->is_present(row);
      // `next` is never over `row`, so that the place is there even when the page lies.
      spaced[row] = present ? convert(values[next]) : null;
      next += present ? 1 : 0;
    }
    if (next != num_values) return corrupt("a page holds another number of values than it claims");
    return {};
  }

  LeafKind kind_;
  std::size_t fixed_length_;
  bool has_dictionary_;
  std::vector<Value> values_;
  std::vector<std::string_view> texts_;
  std::vector<std::int32_t> indices_;
  std::vector<std::int32_t> codes_;
  std::vector<std::string_view> dictionary_;
  const Value* dictionary_source_ = nullptr;
  std::vector<OwnedArray<char>> kept_;
};

}  // namespace

Result<std::unique_ptr<ColumnCursor>> open_column(const ParquetFile& file, int row_group,
                                                  const LeafPlace& place, std::size_t batch_rows,
                                                  ByteCount read_size) {
  using Cursor = std::unique_ptr<ColumnCursor>;
  return guard_parquet(ErrorCode::kCorrupt, [&] -> Result<Cursor> {
    const parquet::ColumnDescriptor& column = *file.metadata->schema()->Column(place.column);
    auto metadata = file.metadata->RowGroup(row_group);
    const auto chunk = metadata->ColumnChunk(place.column);
    if (chunk->num_values() != metadata->num_rows()) {
      return corrupt(fmt::format("the footer claims {} values in a row group of {} rows",
                                 chunk->num_values(), metadata->num_rows()));
    }
    if (!chunk->can_decompress()) {
      return invalid_input(
          fmt::format("its codec {} is not supported; write the file again with snappy or zstd",
                      static_cast<int>(chunk->compression())));
    }
    ASSIGN_OR_RETURN(const ChunkRange range, chunk_range(file, *chunk));
    if (suits_plain_text_cursor(*chunk)) {
      return open_plain_text_column(file, *chunk, place, range, batch_rows, read_size);
    }
    auto position = std::make_shared<Position>();
    auto reader_of_group =
        group_of_one_chunk(file, std::move(metadata), range, read_size, position);
    auto reader = column.physical_type() == parquet::Type::BYTE_ARRAY
                      ? reader_of_group->ColumnWithExposeEncoding(
                            place.column, parquet::ExposedEncoding::DICTIONARY)
                      : reader_of_group->Column(place.column);
    const auto make = [&]<typename Chosen>(std::type_identity<Chosen>) -> Cursor {
      return std::make_unique<Chosen>(place.info, batch_rows, column, std::move(reader_of_group),
                                      std::move(reader), std::move(position));
    };
    switch (column.physical_type()) {
      case parquet::Type::BOOLEAN:
        return make(std::type_identity<BooleanCursor>{});
      case parquet::Type::INT32:
        return make(std::type_identity<NumberCursor<parquet::Int32Type>>{});
      case parquet::Type::INT64:
        return make(std::type_identity<NumberCursor<parquet::Int64Type>>{});
      case parquet::Type::INT96:
        return make(std::type_identity<NumberCursor<parquet::Int96Type>>{});
      case parquet::Type::FLOAT:
        return make(std::type_identity<NumberCursor<parquet::FloatType>>{});
      case parquet::Type::DOUBLE:
        return make(std::type_identity<NumberCursor<parquet::DoubleType>>{});
      case parquet::Type::BYTE_ARRAY:
        return make(std::type_identity<TextCursor<parquet::ByteArrayType>>{});
      case parquet::Type::FIXED_LEN_BYTE_ARRAY:
        return make(std::type_identity<TextCursor<parquet::FLBAType>>{});
      default:
        return internal("a column type without values was read");
    }
  });
}

}  // namespace assay::tables
