// A page's header is a struct in the compact protocol of Thrift (thrift-compact-protocol.md of
// Apache Thrift; the fields are those of parquet.thrift): each field is a byte with the distance of
// its number to the one before and its type, then the value; integers are zigzag varints, texts
// their length and bytes, and a zero byte ends a struct. Fields that are not known are passed over.
// The library's own reader of headers hands out nothing but whole pages, and a page of images may
// have hundreds of megabytes.

#include "tables/page_header_internal.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace assay::tables {
namespace {

constexpr int kMaxDepth = 16;

enum class Type : std::uint8_t {
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
};

/// Bytes that end too early are no error: more of them may come.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool has_ended() const { return has_ended_; }
  bool is_broken() const { return is_broken_; }
  bool is_good() const { return !has_ended_ && !is_broken_; }
  std::size_t position() const { return position_; }
  void break_off() { is_broken_ = true; }

  std::uint8_t byte() {
    if (position_ >= bytes_.size()) {
      has_ended_ = true;
      return 0;
    }
    return std::to_integer<std::uint8_t>(bytes_[position_++]);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64 && is_good(); shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if ((next & 0x80) == 0) return value;
    }
    if (!has_ended_) is_broken_ = true;
    return 0;
  }
  std::int64_t integer() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  void skip(std::uint64_t count) {
    if (count > bytes_.size() - position_) {
      has_ended_ = true;
      return;
    }
    position_ += static_cast<std::size_t>(count);
  }

  void skip_value(Type type, int depth) {
    if (depth > kMaxDepth) is_broken_ = true;
    if (!is_good()) return;
    switch (type) {
      case Type::kTrue:
      case Type::kFalse:
        return;
      case Type::kByte:
        skip(1);
        return;
      case Type::kInt16:
      case Type::kInt32:
      case Type::kInt64:
        varint();
        return;
      case Type::kDouble:
        skip(8);
        return;
      case Type::kBinary:
        skip(varint());
        return;
      case Type::kList:
      case Type::kSet:
        skip_list(depth);
        return;
      case Type::kStruct:
        for_each_field([&](int, Type inner) { skip_value(inner, depth + 1); });
        return;
      case Type::kMap:
        break;
    }
    is_broken_ = true;  // no header has one
  }

  /// `on_field(number, type)` reads the value, or passes over it.
  template <typename OnField>
  void for_each_field(const OnField& on_field) {
    int number = 0;
    while (is_good()) {
      const std::uint8_t head = byte();
      if (head == 0 || !is_good()) return;
      const int distance = head >> 4;
      number = distance == 0 ? static_cast<int>(integer() & 0x7FFF) : number + distance;
      const int type = head & 0x0F;
      if (type < 1 || type > 12) is_broken_ = true;
      if (is_good()) on_field(number, static_cast<Type>(type));
    }
  }

 private:
  void skip_list(int depth) {
    const std::uint8_t head = byte();
    const std::uint64_t count = head >> 4 == 15 ? varint() : head >> 4;
    const int type = head & 0x0F;
    if (type < 1 || type > 12) is_broken_ = true;
    // Booleans in a list have a byte each.
    const auto inner = type <= 2 ? Type::kByte : static_cast<Type>(type);
    for (std::uint64_t i = 0; i < count && is_good(); ++i) skip_value(inner, depth + 1);
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  bool has_ended_ = false;
  bool is_broken_ = false;
};

class HeaderReader {
 public:
  explicit HeaderReader(std::span<const std::byte> bytes) : reader_(bytes) {}

  /// Errors: kCorrupt.
  Result<std::optional<PageHeader>> read() {
    std::int64_t kind = -1;
    reader_.for_each_field([&](int number, Type type) {
      const bool is_page = number == 5 || number == 7 || number == 8;
      if (number == 1) {
        read_number(type, kind);
      } else if (number == 2) {
        read_size(type, header_.raw_size);
      } else if (number == 3) {
        read_size(type, header_.stored_size);
      } else if (is_page && type == Type::kStruct) {
        const int page = number;
        reader_.for_each_field([&](int field, Type inner) { read_page_field(page, field, inner); });
      } else {
        reader_.skip_value(type, 0);
      }
    });
    if (reader_.is_broken() || (!reader_.has_ended() && (kind < 0 || kind > 3))) {
      return corrupt("a page with a broken header");
    }
    if (reader_.has_ended()) return std::optional<PageHeader>();
    header_.kind = static_cast<PageKind>(kind);
    header_.header_size = reader_.position();
    return std::optional(header_);
  }

 private:
  void read_number(Type type, std::int64_t& into) {
    const bool is_integer = type == Type::kInt32 || type == Type::kInt16 || type == Type::kInt64;
    if (is_integer) {
      into = reader_.integer();
    } else {
      reader_.break_off();
    }
  }
  void read_size(Type type, std::uint64_t& into) {
    std::int64_t value = 0;
    read_number(type, value);
    if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) reader_.break_off();
    into = static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
  }
  void read_encoding(Type type, std::int32_t& into) {
    std::uint64_t value = 0;
    read_size(type, value);
    into = static_cast<std::int32_t>(value);
  }

  // 5 is of data pages, 7 of dictionaries, 8 of data pages of the second version.
  void read_page_field(int page, int field, Type type) {
    if (field == 1) {
      read_size(type, header_.num_values);
    } else if (page == 8) {
      read_second_version(field, type);
    } else if (field == 2) {
      read_encoding(type, header_.encoding);
    } else if (page == 5 && field == 3) {
      read_encoding(type, header_.level_encoding);
    } else {
      reader_.skip_value(type, 0);
    }
  }
  void read_second_version(int field, Type type) {
    switch (field) {
      case 4:
        read_encoding(type, header_.encoding);
        return;
      case 5:
        read_size(type, header_.definition_size);
        return;
      case 6:
        read_size(type, header_.repetition_size);
        return;
      case 7:
        header_.is_compressed = type != Type::kFalse;
        break;
      default:
        break;
    }
    reader_.skip_value(type, 0);
  }

  Reader reader_;
  PageHeader header_;
};

}  // namespace

Result<std::optional<PageHeader>> parse_page_header(std::span<const std::byte> bytes) {
  return HeaderReader(bytes).read();
}

}  // namespace assay::tables
