#include "net/percent.h"

#include "core/hex.h"

#include <fmt/format.h>

#include <array>

namespace assay::net {
namespace {

constexpr std::array<bool, 256> make_unreserved() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr std::array<bool, 256> kUnreserved = make_unreserved();

}  // namespace

void append_percent_encoded(std::string& to, std::string_view text, PercentKeep keep) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (kUnreserved[byte] || (character == '/' && keep == PercentKeep::kUnreservedAndSlash)) {
      to.push_back(character);
    } else {
      to.push_back('%');
      to.push_back(kDigits[byte >> 4]);
      to.push_back(kDigits[byte & 15]);
    }
  }
}

std::string percent_encode(std::string_view text, PercentKeep keep) {
  std::string encoded;
  encoded.reserve(text.size() + text.size() / 4);
  append_percent_encoded(encoded, text, keep);
  return encoded;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const bool has_two = i + 2 < text.size();
    const auto high = has_two ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = has_two ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      return invalid_input(fmt::format("a % without two hexadecimal digits at position {}", i));
    }
    decoded.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return decoded;
}

}  // namespace assay::net
