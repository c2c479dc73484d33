#include "report/visible_text.h"

#include "core/check.h"

#include <cstddef>
#include <cstdint>

namespace assay::report {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // in bytes; 0 when the bytes are no character
};

// What a first byte that is not ASCII announces.
std::size_t announced_size(std::uint32_t first) {
  if (first >= 0xf0) return 4;
  return first >= 0xe0 ? 3 : 2;
}

Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = announced_size(first);
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {};
  std::uint32_t code = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool too_long = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool no_character = (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff;
  if (too_long || no_character) return {};
  return {code, size};
}

// Marks of direction, of joining and of nothing at all: two names that differ only in these look
// the same, and a right-to-left override turns the text after it.
bool is_deceptive(std::uint32_t code) {
  return (code >= 0x80 && code <= 0x9f) || code == 0xad || code == 0x61c || code == 0x180e ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
         (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

// Where the character number `count` begins.
std::size_t offset_of_character(std::string_view text, std::size_t count) {
  std::size_t offset = 0;
  while (offset < text.size() && count > 0) {
    ++offset;
    while (offset < text.size() && is_continuation(text[offset])) ++offset;
    --count;
  }
  return offset;
}

}  // namespace

std::string visible_text(std::string_view text) {
  std::string visible;
  visible.reserve(text.size());
  while (!text.empty()) {
    const Character character = decode(text);
    if (character.size == 0 || is_deceptive(character.code)) {
      visible += kReplacement;
    } else if (character.code < 0x20) {
      visible += "\xe2\x90";
      visible += static_cast<char>(0x80U + character.code);
    } else if (character.code == 0x7f) {
      visible += "\xe2\x90\xa1";
    } else {
      visible += text.substr(0, character.size);
    }
    text.remove_prefix(character.size == 0 ? 1 : character.size);
  }
  return visible;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += is_continuation(byte) ? 0 : 1;
  return count;
}

std::string shorten_middle(std::string_view text, std::size_t max_characters) {
  CHECK(max_characters >= 3, "no room for an ellipsis");
  const std::size_t count = count_characters(text);
  if (count <= max_characters) return std::string(text);
  const std::size_t tail = (max_characters - 1) / 2;
  const std::size_t head = max_characters - 1 - tail;
  std::string shortened(text.substr(0, offset_of_character(text, head)));
  shortened += "…";
  shortened += text.substr(offset_of_character(text, count - tail));
  return shortened;
}

}  // namespace assay::report
