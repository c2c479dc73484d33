#include "archives/zip_internal.h"
#include "compress/inflate.h"
#include "core/utf8.h"

#include <algorithm>
#include <array>
#include <vector>

namespace assay::archives {
namespace {

// The upper half of code page 437, as Unicode.
constexpr std::array<char16_t, 128> kCodePage437 = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};

unsigned char byte_of(char c) { return static_cast<unsigned char>(c); }

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return byte_of(c) < 0x80; });
}

std::string from_code_page_437(std::string_view raw) {
  std::string text;
  for (const char c : raw) {
    const unsigned char byte = byte_of(c);
    if (byte < 0x80) {
      text += c;
      continue;
    }
    const unsigned point = kCodePage437.at(byte - 0x80U);
    if (point < 0x800) {
      text += static_cast<char>(0xc0 | (point >> 6));
    } else {
      text += static_cast<char>(0xe0 | (point >> 12));
      text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    }
    text += static_cast<char>(0x80 | (point & 0x3f));
  }
  return text;
}

bool is_ascii_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Of the upper half of code page 437.
bool is_western_letter(unsigned char byte) {
  return (byte >= 0x80 && byte <= 0x9a) || (byte >= 0xa0 && byte <= 0xa5) || byte == 0xe1;
}

/// Of a character of two bytes.
using IsFirstByte = bool (*)(unsigned char);
bool is_first_of_shift_jis(unsigned char byte) {
  return (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc);
}
bool is_first_of_gbk_or_big5(unsigned char byte) { return byte >= 0x81 && byte <= 0xfe; }

/// Which bytes are the second of a character, when such characters are read from the beginning on.
std::vector<bool> second_bytes(std::string_view raw, IsFirstByte is_first) {
  std::vector<bool> seconds(raw.size());
  for (std::size_t i = 0; i + 1 < raw.size(); ++i) {
    const unsigned char next = byte_of(raw[i + 1]);
    if (is_first(byte_of(raw[i])) && next >= 0x40 && next != 0x7f) seconds[++i] = true;
  }
  return seconds;
}

/// Whether a word of a Western language in code page 437 may end before `end`, of which the last
/// letter would be a first byte in Shift-JIS, GBK or Big5.
bool may_end_western_word(std::string_view raw, std::size_t end) {
  // With these no character in use begins that ends in a backslash.
  constexpr std::string_view kOnlyWestern = "\x82\x84\x85\x86\x88\xa0\xa1\xa2\xa3";
  const std::size_t last = end - 1;
  if (kOnlyWestern.contains(raw[last])) return true;
  return last >= 2 && is_ascii_letter(raw[last - 1]) && is_ascii_letter(raw[last - 2]);
}

/// Of text that is not UTF-8: with the backslashes that Windows put between folders as slashes.
/// Others are the second byte of a character of Shift-JIS, GBK or Big5. Archives do not say in
/// which of these their names are, so this goes by what they look like.
std::string with_slashes(std::string_view raw) {
  std::string path(raw);
  if (path.contains('/')) return path;
  const bool may_be_western = std::ranges::all_of(
      raw, [](char c) { return byte_of(c) < 0x80 || is_western_letter(byte_of(c)); });
  const std::vector<bool> shift_jis = second_bytes(raw, is_first_of_shift_jis);
  const std::vector<bool> gbk_or_big5 = second_bytes(raw, is_first_of_gbk_or_big5);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '\\') continue;
    const bool may_be_second = shift_jis[i] || gbk_or_big5[i];
    // An image called by one such character is likelier than a folder of a hidden file.
    const bool is_before_ending = i + 1 < raw.size() && raw[i + 1] == '.';
    const bool is_western =
        may_be_western && !is_before_ending && may_be_second && may_end_western_word(raw, i);
    if (!may_be_second || is_western) path[i] = '/';
  }
  return path;
}

/// Info-ZIP's extra field: version 1, the CRC of the name it stands for, the name in UTF-8. One
/// that stands for another name is left over from a renaming.
std::optional<std::string_view> unicode_path_in(std::span<const std::byte> field,
                                                std::span<const std::byte> raw) {
  constexpr std::size_t kHeaderSize = 5;
  if (field.size() <= kHeaderSize || field[0] != std::byte{1}) return std::nullopt;
  if (number_at<std::uint32_t>(field, 1) != compress::crc32(raw)) return std::nullopt;
  const std::string_view path = as_text(field.subspan(kHeaderSize));
  return is_utf8(path) ? std::optional(path) : std::nullopt;
}

}  // namespace

std::string decode_zip_path(std::span<const std::byte> raw,
                            std::optional<std::span<const std::byte>> unicode_path) {
  const std::string_view text = as_text(raw);
  const auto better =
      !is_ascii(text) && unicode_path ? unicode_path_in(*unicode_path, raw) : std::nullopt;
  // The flag for UTF-8 is not asked: the Mac's own tools write UTF-8 without it, and hardly any
  // text of code page 437 is UTF-8 by chance.
  if (!better && !is_utf8(text)) return from_code_page_437(with_slashes(text));
  std::string path(better.value_or(text));
  std::ranges::replace(path, '\\', '/');
  return path;
}

EntryVerdict judge_path(std::string_view path) {
  if (path.empty() || path.contains('\0')) return EntryVerdict::kBadName;
  // A backslash that was left in a name may separate on the system that the entry is taken to.
  const auto is_separator = [](char c) { return c == '/' || c == '\\'; };
  const bool has_drive = path.size() >= 3 && path[1] == ':' && is_separator(path[2]);
  if (is_separator(path.front()) || has_drive) return EntryVerdict::kAbsolutePath;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of("/\\"), rest.size());
    if (rest.substr(0, end) == "..") return EntryVerdict::kPathTraversal;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path.back() == '/' ? EntryVerdict::kFolder : EntryVerdict::kOk;
}

}  // namespace assay::archives
