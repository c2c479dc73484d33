#include "core/bytes.h"
#include "core/parse_number.h"
#include "core/shown_text.h"
#include "validator/npy_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

namespace assay::validator {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they lie");

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kCharacterSize = 4;

/// The text behind `'key':` in a header, which is a Python literal: to the comma outside brackets.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + quoted.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (rest.starts_with('(')) return rest.substr(0, rest.find(')') + 1);
  return rest.substr(0, rest.find_first_of(",}"));
}

/// `()`, `(256,)`: how many elements; nothing for more dimensions.
std::optional<std::size_t> size_of_shape(std::string_view shape) {
  if (shape == "()") return 1;
  if (!shape.starts_with('(') || !shape.ends_with(",)")) return std::nullopt;
  const auto size = parse_integer(shape.substr(1, shape.size() - 3));
  if (!size || *size < 0) return std::nullopt;
  return static_cast<std::size_t>(*size);
}

/// `<U48` has 48 characters of 4 bytes, `<f4` 4 bytes.
std::optional<std::size_t> element_size_of(std::string_view type) {
  if (type.size() < 3) return std::nullopt;
  const auto digits = parse_integer(type.substr(2));
  if (!digits || *digits < 0 || *digits > 65'536) return std::nullopt;
  return static_cast<std::size_t>(*digits) * (type[1] == 'U' ? kCharacterSize : 1);
}

std::uint32_t u32_at(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Error other_kind(std::string_view name, std::string_view type, std::string_view expected) {
  return invalid_input(
      fmt::format("{} is of type {}, expected {}", name, shown_text(type), expected));
}

template <typename Element, typename Wanted>
std::vector<Wanted> elements_of(const NpyArray& array) {
  std::vector<Wanted> values;
  values.reserve(array.size);
  for (std::size_t i = 0; i < array.size; ++i) {
    Element element{};
    std::memcpy(&element, array.bytes.data() + i * sizeof element, sizeof element);
    values.push_back(static_cast<Wanted>(element));
  }
  return values;
}

void append_utf8(std::string& text, std::uint32_t code) {
  // No character: beyond Unicode, or half of a pair.
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6U);
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | code >> 12U);
    text += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U & 0x07U));
    text += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    text += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

}  // namespace

Result<NpyArray> parse_npy(std::span<const std::byte> file, std::string_view name) {
  const std::string_view text = as_text(file);
  if (!text.starts_with(kNpyMagic) || file.size() < 12) {
    return invalid_input(fmt::format("{} is no NumPy array", name));
  }
  const auto major = std::to_integer<unsigned>(file[6]);
  if (major < 1 || major > 3) {
    return invalid_input(fmt::format("{} is a NumPy array of version {}", name, major));
  }
  const std::size_t start = major == 1 ? 10 : 12;
  const std::size_t length =
      major == 1 ? u32_at(file.subspan(8)) & 0xFFFFU : u32_at(file.subspan(8));
  if (length > file.size() - start) return corrupt(fmt::format("{} is cut short", name));
  const std::string_view header = text.substr(start, length);
  const auto type = value_of(header, "descr");
  const auto shape = value_of(header, "shape");
  if (!type || !shape) return corrupt(fmt::format("{} has a broken header", name));
  if (type->starts_with("'|O")) {
    return invalid_input(fmt::format(
        "{} is an array of Python objects, which only running them could read; save it as numbers "
        "and texts",
        name));
  }
  const auto size = size_of_shape(*shape);
  if (type->size() < 3 || !type->starts_with('\'') || !type->ends_with('\'')) {
    return other_kind(name, *type, "numbers or texts");
  }
  NpyArray array{.type = std::string(type->substr(1, type->size() - 2))};
  const auto element_size = element_size_of(array.type);
  if (!element_size || *element_size == 0) {
    return other_kind(name, array.type, "numbers or texts");
  }
  if (!size) return invalid_input(fmt::format("{} has more than one dimension", name));
  array.size = *size;
  array.element_size = *element_size;
  array.bytes = file.subspan(start + length);
  const bool fits = array.bytes.size() % array.element_size == 0 &&
                    array.bytes.size() / array.element_size == array.size;
  if (!fits) return corrupt(fmt::format("{} has not as many elements as it says", name));
  return array;
}

Result<std::vector<double>> reals_of(const NpyArray& array, std::string_view name) {
  if (array.type == "<f4") return elements_of<float, double>(array);
  if (array.type == "<f8") return elements_of<double, double>(array);
  return other_kind(name, array.type, "floats of 32 or 64 bits");
}

Result<std::vector<std::int64_t>> integers_of(const NpyArray& array, std::string_view name) {
  if (array.type == "<i8") return elements_of<std::int64_t, std::int64_t>(array);
  if (array.type == "<i4") return elements_of<std::int32_t, std::int64_t>(array);
  return other_kind(name, array.type, "integers of 32 or 64 bits");
}

Result<std::vector<std::string>> texts_of(const NpyArray& array, std::string_view name) {
  if (!array.type.starts_with("<U")) return other_kind(name, array.type, "texts");
  std::vector<std::string> texts(array.size);
  for (std::size_t i = 0; i < array.size; ++i) {
    const auto element = array.bytes.subspan(i * array.element_size, array.element_size);
    for (std::size_t at = 0; at < element.size(); at += kCharacterSize) {
      const std::uint32_t code = u32_at(element.subspan(at));
      if (code == 0) break;  // filled up with zeros
      append_utf8(texts[i], code);
    }
  }
  return texts;
}

}  // namespace assay::validator
