#include "crypto/base64.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace assay::crypto {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string_view digits_of(Base64Alphabet alphabet) {
  return alphabet == Base64Alphabet::kStandard ? kStandard : kUrlSafe;
}

constexpr std::uint8_t kNoDigit = 64;
using DigitTable = std::array<std::uint8_t, 256>;

constexpr DigitTable table_of(std::string_view digits) {
  DigitTable table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr DigitTable kStandardTable = table_of(kStandard);
constexpr DigitTable kUrlSafeTable = table_of(kUrlSafe);

}  // namespace

std::string base64_encode(std::span<const std::byte> bytes, Base64Alphabet alphabet,
                          Base64Padding padding) {
  const std::string_view digits = digits_of(alphabet);
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k <= count; ++k) text.push_back(digits[(group >> (18 - 6 * k)) & 63]);
    if (padding == Base64Padding::kPadded) text.append(3 - count, '=');
  }
  return text;
}

Result<std::vector<std::byte>> base64_decode(std::string_view text, Base64Alphabet alphabet,
                                             Base64Padding padding) {
  if (padding == Base64Padding::kPadded) {
    if (text.size() % 4 != 0) return invalid_input("base64 text whose length is no multiple of 4");
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return invalid_input("base64 text that ends within a byte");
  const DigitTable& table = alphabet == Base64Alphabet::kStandard ? kStandardTable : kUrlSafeTable;
  std::vector<std::byte> bytes(text.size() * 3 / 4);
  std::size_t size = 0;
  std::size_t place = 0;
  // Four digits at once as far as they are digits; what is left, and what is none, one by one.
  for (; place + 4 <= text.size(); place += 4) {
    const std::uint8_t a = table[static_cast<unsigned char>(text[place])];
    const std::uint8_t b = table[static_cast<unsigned char>(text[place + 1])];
    const std::uint8_t c = table[static_cast<unsigned char>(text[place + 2])];
    const std::uint8_t d = table[static_cast<unsigned char>(text[place + 3])];
    if (((a | b | c | d) & kNoDigit) != 0) break;
    bytes[size++] = static_cast<std::byte>(a << 2 | b >> 4);
    bytes[size++] = static_cast<std::byte>((b & 15) << 4 | c >> 2);
    bytes[size++] = static_cast<std::byte>((c & 3) << 6 | d);
  }
  std::uint32_t group = 0;
  unsigned num_bits = 0;
  for (; place < text.size(); ++place) {
    const std::uint8_t digit = table[static_cast<unsigned char>(text[place])];
    if (digit == kNoDigit) {
      return invalid_input(fmt::format("not a base64 digit at position {}", place));
    }
    group = (group << 6) | digit;
    num_bits += 6;
    if (num_bits >= 8) {
      num_bits -= 8;
      bytes[size++] = static_cast<std::byte>((group >> num_bits) & 255);
    }
  }
  if ((group & ((1U << num_bits) - 1)) != 0) {
    return invalid_input("base64 text whose last digit has bits to spare");
  }
  return bytes;
}

}  // namespace assay::crypto
