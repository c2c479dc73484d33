#include "embedding_store/npy.h"

#include "core/parse_number.h"
#include "embedding_store/little_endian.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::embedding_store {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kShortPrefixSize = 10;  // of version 1: magic, version, u16 length
constexpr std::size_t kLongPrefixSize = 12;   // of version 2: a u32 length
constexpr std::size_t kAlignment = 64;
// NumPy's own limit for a header it reads without being told to trust it.
constexpr std::size_t kMaxHeaderSize = 10'000;

struct Header {
  std::string dtype;
  bool is_fortran_order = false;
  std::vector<std::size_t> shape;
};

/// Reads the header: a Python dictionary literal of three known members, in any order.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  std::optional<Header> read() {
    Header header;
    unsigned seen = 0;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      const auto name = quoted();
      if (!name || !take(':')) return std::nullopt;
      const unsigned member = member_of(*name);
      if (member == 0 || (seen & member) != 0) return std::nullopt;
      seen |= member;
      if (!read_value(member, header)) return std::nullopt;
      if (!take(',') && !at('}')) return std::nullopt;
    }
    skip_blanks();
    if (!text_.empty() || seen != 7U) return std::nullopt;
    return header;
  }

 private:
  /// A bit of its own for each, 0 for what is none.
  static unsigned member_of(std::string_view name) {
    if (name == "descr") return 1U;
    if (name == "fortran_order") return 2U;
    return name == "shape" ? 4U : 0U;
  }

  bool read_value(unsigned member, Header& header) {
    if (member == 1U) {
      auto dtype = quoted();
      if (!dtype) return false;
      header.dtype = std::move(*dtype);
      return true;
    }
    if (member == 2U) {
      skip_blanks();
      header.is_fortran_order = take_word("True");
      return header.is_fortran_order || take_word("False");
    }
    auto shape = tuple();
    if (!shape) return false;
    header.shape = std::move(*shape);
    return true;
  }

  std::optional<std::vector<std::size_t>> tuple() {
    std::vector<std::size_t> values;
    if (!take('(')) return std::nullopt;
    while (!take(')')) {
      skip_blanks();
      const std::size_t length = std::min(text_.find_first_not_of("0123456789"), text_.size());
      const auto value = parse_integer(text_.substr(0, length));
      if (length == 0 || !value || *value < 0) return std::nullopt;
      text_.remove_prefix(length);
      values.push_back(static_cast<std::size_t>(*value));
      // `(512)` is no tuple in Python.
      if (!take(',') && (values.size() == 1 || !at(')'))) return std::nullopt;
    }
    return values;
  }

  std::optional<std::string> quoted() {
    skip_blanks();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return std::nullopt;
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(1, end - 1));
    if (value.contains('\\')) return std::nullopt;
    text_.remove_prefix(end + 1);
    return value;
  }

  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }
  bool at(char character) {
    skip_blanks();
    return text_.starts_with(character);
  }
  bool take(char character) {
    if (!at(character)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::string_view text_;
};

struct Parts {
  std::string_view header;
  std::span<const std::byte> values;
};

Result<Parts> split(std::span<const std::byte> file) {
  if (file.size() > kMaxNpySize.count()) {
    return exhausted(fmt::format(".npy: {}, but the most is {}", to_string(ByteCount(file.size())),
                                 to_string(kMaxNpySize)));
  }
  if (!as_text(file).starts_with(kNpyMagic)) {
    return invalid_input("this is no .npy file: it does not begin as one");
  }
  if (file.size() < kShortPrefixSize) return corrupt(".npy: cut short in the header");
  const auto major = std::to_integer<unsigned>(file[6]);
  const auto minor = std::to_integer<unsigned>(file[7]);
  if ((major != 1 && major != 2) || minor != 0) {
    return invalid_input(
        fmt::format(".npy: version {}.{}, but 1.0 and 2.0 are what we read", major, minor));
  }
  const std::size_t prefix_size = major == 1 ? kShortPrefixSize : kLongPrefixSize;
  if (file.size() < prefix_size) return corrupt(".npy: cut short in the header");
  const std::size_t length = major == 1 ? std::to_integer<std::size_t>(file[8]) |
                                              (std::to_integer<std::size_t>(file[9]) << 8U)
                                        : load_u32(file.subspan(8));
  if (length > kMaxHeaderSize) {
    return corrupt(
        fmt::format(".npy: a header of {} bytes, but the most is {}", length, kMaxHeaderSize));
  }
  if (file.size() - prefix_size < length) return corrupt(".npy: cut short in the header");
  return Parts{.header = as_text(file.subspan(prefix_size, length)),
               .values = file.subspan(prefix_size + length)};
}

std::string header_with_shape(std::string_view shape) {
  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}", shape);
  const std::size_t size = kShortPrefixSize + dictionary.size() + 1;
  dictionary.append((kAlignment - size % kAlignment) % kAlignment, ' ');
  dictionary += '\n';
  std::string header(kNpyMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dictionary.size() & 0xFFU);
  header += static_cast<char>(dictionary.size() >> 8U);
  return header + dictionary;
}

}  // namespace

Result<NpyArray> parse_npy(std::span<const std::byte> file) {
  ASSIGN_OR_RETURN(const Parts parts, split(file));
  const auto header = HeaderReader(parts.header).read();
  if (!header)
    return corrupt(".npy: the header is not a dictionary of descr, fortran_order, shape");
  if (header->dtype != "<f4") {
    return invalid_input(
        fmt::format(".npy: the dtype is not '<f4' (32-bit floats, little-endian)"));
  }
  if (header->is_fortran_order)
    return invalid_input(".npy: Fortran order, but C order is expected");
  if (header->shape.empty() || header->shape.size() > 2) {
    return invalid_input(
        fmt::format(".npy: {} dimensions, but one or two are expected", header->shape.size()));
  }
  // Without overflow: no product of the shape is larger than what is there.
  const std::size_t num_values = parts.values.size() / sizeof(float);
  std::size_t expected = header->shape[0];
  if (header->shape.size() == 2) {
    const std::size_t columns = header->shape[1];
    const bool is_too_large = columns != 0 && expected > num_values / columns;
    expected = is_too_large ? num_values + 1 : expected * columns;
  }
  if (expected != num_values || parts.values.size() % sizeof(float) != 0) {
    return corrupt(fmt::format(".npy: {} bytes of values are not what the shape ({}) says",
                               parts.values.size(), fmt::join(header->shape, ", ")));
  }
  NpyArray array{.shape = header->shape, .values = std::vector<float>(num_values)};
  if (num_values != 0) {
    std::memcpy(array.values.data(), parts.values.data(), parts.values.size());
  }
  return array;
}

std::string npy_of(std::span<const float> vector) {
  std::string file = header_with_shape(fmt::format("({},)", vector.size()));
  file += as_text(std::as_bytes(vector));
  return file;
}

std::string npy_header(std::size_t num_rows, std::size_t num_columns) {
  return header_with_shape(fmt::format("({}, {})", num_rows, num_columns));
}

}  // namespace assay::embedding_store
