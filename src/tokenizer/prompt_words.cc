#include "core/check.h"
#include "tokenizer/prompt_words_internal.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

namespace assay::tokenizer {
namespace {

using CodePoint = utf8proc_int32_t;
using CodePoints = std::vector<CodePoint>;

constexpr CodePoint kReplacement = 0xFFFD;

enum class CharacterClass : std::uint8_t { kBlank, kLetter, kDigit, kOther };

const utf8proc_uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

CodePoints decode(std::string_view text) {
  CodePoints points;
  points.reserve(text.size());
  while (!text.empty()) {
    CodePoint point = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes_of(text), static_cast<utf8proc_ssize_t>(text.size()), &point);
    points.push_back(length > 0 ? point : kReplacement);
    text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  }
  return points;
}

std::string encode(std::span<const CodePoint> points) {
  std::string text;
  text.reserve(points.size());
  for (const CodePoint point : points) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t length = utf8proc_encode_char(point, bytes.data());
    text.append(bytes.begin(), bytes.begin() + length);
  }
  return text;
}

/// Pre: `text` is UTF-8.
CodePoints composed(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t size =
      utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  CHECK(size >= 0, "valid UTF-8 can be composed");
  return decode({reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size)});
}

/// As Rust and Python do it, each character by itself: one of them becomes two.
CodePoints lowered(std::span<const CodePoint> points) {
  constexpr CodePoint kCapitalDottedI = 0x130;
  constexpr CodePoint kDotAbove = 0x307;
  CodePoints lower;
  lower.reserve(points.size());
  for (const CodePoint point : points) {
    if (point == kCapitalDottedI) {
      lower.push_back('i');
      lower.push_back(kDotAbove);
    } else {
      lower.push_back(utf8proc_tolower(point));
    }
  }
  return lower;
}

/// Unicode's property White_Space.
bool is_blank(CodePoint point) {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

CharacterClass class_of(CodePoint point) {
  if (is_blank(point)) return CharacterClass::kBlank;
  switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::kDigit;
    default:
      return CharacterClass::kOther;
  }
}

/// The length of the English ending that `points` begin with; 0: none.
std::size_t ending_length(std::span<const CodePoint> points) {
  static constexpr std::array<std::string_view, 7> kEndings = {"'s", "'t",  "'re", "'ve",
                                                               "'m", "'ll", "'d"};
  for (const std::string_view ending : kEndings) {
    if (points.size() >= ending.size() &&
        std::ranges::equal(points.first(ending.size()), ending,
                           [](CodePoint point, char c) { return point == c; })) {
      return ending.size();
    }
  }
  return 0;
}

/// Pre: `points` begin with no blank.
std::size_t word_length(std::span<const CodePoint> points) {
  if (const std::size_t length = ending_length(points); length != 0) return length;
  const CharacterClass wanted = class_of(points.front());
  if (wanted == CharacterClass::kDigit) return 1;
  const auto end =
      std::ranges::find_if(points, [wanted](CodePoint point) { return class_of(point) != wanted; });
  return static_cast<std::size_t>(end - points.begin());
}

}  // namespace

std::vector<std::string> prompt_words(std::string_view text) {
  const CodePoints points = lowered(composed(encode(decode(text))));
  std::vector<std::string> words;
  std::span<const CodePoint> rest(points);
  while (!rest.empty()) {
    if (class_of(rest.front()) == CharacterClass::kBlank) {
      rest = rest.subspan(1);
      continue;
    }
    const std::size_t length = word_length(rest);
    words.push_back(encode(rest.first(length)));
    rest = rest.subspan(length);
  }
  return words;
}

}  // namespace assay::tokenizer
