#include "keys/ss58.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/shown_text.h"
#include "crypto/blake2b.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace assay::keys {
namespace {

constexpr std::string_view kDigits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr unsigned kBase = 58;
constexpr std::size_t kChecksumSize = 2;
constexpr std::size_t kAccountSize = 32;
// Two bytes of a network, an account and a checksum have at most 50 digits.
constexpr std::size_t kMaxTextSize = 50;

// A number of kMaxTextSize digits has 293 bits. It is held in words, lowest first, and multiplied
// and divided by so many digits at once as fit a word.
constexpr std::size_t kNumWords = 10;
using Words = std::array<std::uint32_t, kNumWords>;
constexpr std::size_t kDigitsAtOnce = 5;
constexpr std::uint32_t kScaleAtOnce = 58U * 58U * 58U * 58U * 58U;

constexpr std::uint8_t kNoBase58Digit = 255;
constexpr std::array<std::uint8_t, 256> kDigitValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoBase58Digit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

// Pre: at most kMaxTextSize digits.
std::optional<std::vector<std::byte>> base58_decode(std::string_view text) {
  Words words{};
  for (std::size_t at = 0; at < text.size(); at += kDigitsAtOnce) {
    std::uint64_t carry = 0;
    std::uint64_t scale = 1;
    for (const char character : text.substr(at, kDigitsAtOnce)) {
      const std::uint8_t digit = kDigitValues[static_cast<unsigned char>(character)];
      if (digit == kNoBase58Digit) return std::nullopt;
      carry = carry * kBase + digit;
      scale *= kBase;
    }
    for (std::uint32_t& word : words) {
      carry += word * scale;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::array<std::byte, kNumWords * 4> bytes;  // the whole number, highest first
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t place = bytes.size() - 1 - i;
    bytes[i] = static_cast<std::byte>(words[place / 4] >> (8 * (place % 4)));
  }
  auto* const first =
      std::ranges::find_if(bytes, [](std::byte byte) { return byte != std::byte{0}; });
  // A leading zero byte is written as one digit of its own.
  const std::size_t num_zeros = std::min(text.find_first_not_of(kDigits.front()), text.size());
  std::vector<std::byte> decoded(num_zeros);
  decoded.insert(decoded.end(), first, bytes.end());
  return decoded;
}

// Pre: no more bytes than the words have.
std::string base58_encode(std::span<const std::byte> bytes) {
  Words words{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t place = bytes.size() - 1 - i;
    words[place / 4] |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * (place % 4));
  }
  std::string digits;  // lowest first
  for (std::size_t num_words = kNumWords; num_words > 0;) {
    std::uint64_t rest = 0;
    for (std::size_t i = num_words; i-- > 0;) {
      rest = (rest << 32) | words[i];
      words[i] = static_cast<std::uint32_t>(rest / kScaleAtOnce);
      rest %= kScaleAtOnce;
    }
    for (std::size_t i = 0; i < kDigitsAtOnce; ++i, rest /= kBase) digits += kDigits[rest % kBase];
    while (num_words > 0 && words[num_words - 1] == 0) --num_words;
  }
  digits.resize(digits.find_last_not_of(kDigits.front()) + 1);
  for (std::size_t i = 0; i < bytes.size() && bytes[i] == std::byte{0}; ++i) digits += kDigits[0];
  return {digits.rbegin(), digits.rend()};
}

std::array<std::byte, kChecksumSize> checksum_of(std::span<const std::byte> payload) {
  const auto context = as_bytes("SS58PRE");
  std::vector<std::byte> hashed(context.begin(), context.end());
  hashed.insert(hashed.end(), payload.begin(), payload.end());
  const auto digest = crypto::blake2b_512(hashed);
  return {digest[0], digest[1]};
}

std::vector<std::byte> encoded_network(std::uint16_t network) {
  const unsigned number = network;
  if (number < 64) return {static_cast<std::byte>(number)};
  return {static_cast<std::byte>(((number & 0xfcU) >> 2) | 0x40U),
          static_cast<std::byte>((number >> 8) | ((number & 3U) << 6))};
}

struct Network {
  std::uint16_t number;
  std::size_t size;
};

std::optional<Network> read_network(std::span<const std::byte> bytes) {
  const auto first = std::to_integer<unsigned>(bytes[0]);
  if (first < 64) return Network{.number = static_cast<std::uint16_t>(first), .size = 1};
  if (first > 127) return std::nullopt;
  const auto second = std::to_integer<unsigned>(bytes[1]);
  const unsigned number = ((first & 0x3fU) << 2) | (second >> 6) | ((second & 0x3fU) << 8);
  if (number < 64) return std::nullopt;
  return Network{.number = static_cast<std::uint16_t>(number), .size = 2};
}

Error no_address(std::string_view text, std::string_view why) {
  return invalid_input(fmt::format("{} is no SS58 address: {}", shown_text(text), why));
}

}  // namespace

Result<Ss58Address> parse_ss58(std::string_view text) {
  if (text.size() > kMaxTextSize) return no_address(text, "it is too long");
  const auto bytes = base58_decode(text);
  if (!bytes) return no_address(text, "it has a character that base58 lacks");
  if (bytes->size() < kAccountSize + kChecksumSize + 1) return no_address(text, "it is too short");
  const auto network = read_network(*bytes);
  if (!network) return no_address(text, "no network has such a number");
  const auto body = std::span(*bytes).subspan(network->size);
  if (body.size() != kAccountSize + kChecksumSize) {
    return no_address(text, "its account has not 32 bytes");
  }
  const auto payload = std::span(*bytes).first(bytes->size() - kChecksumSize);
  if (!std::ranges::equal(checksum_of(payload), std::span(*bytes).last(kChecksumSize))) {
    return no_address(text, "its checksum is wrong; a character may be mistyped");
  }
  Ss58Address address{.network = network->number};
  std::ranges::copy(body.first(kAccountSize), address.account.begin());
  return address;
}

std::string to_ss58(const Ss58Address& address) {
  CHECK(address.network <= kMaxSs58Network, "a network's number beyond 14 bits");
  std::vector<std::byte> bytes = encoded_network(address.network);
  bytes.insert(bytes.end(), address.account.begin(), address.account.end());
  const auto checksum = checksum_of(bytes);
  bytes.insert(bytes.end(), checksum.begin(), checksum.end());
  return base58_encode(bytes);
}

Result<Hotkey> Hotkey::parse(std::string_view ss58) {
  ASSIGN_OR_RETURN(const Ss58Address address, parse_ss58(ss58));
  if (address.network != kSubstrateNetwork) {
    return no_address(ss58, fmt::format("its network is {}, and hotkeys are of network {}",
                                        address.network, kSubstrateNetwork));
  }
  return Hotkey(address.account);
}

std::string Hotkey::to_ss58() const {
  return keys::to_ss58({.network = kSubstrateNetwork, .account = account_});
}

}  // namespace assay::keys

std::size_t std::hash<assay::keys::Hotkey>::operator()(
    const assay::keys::Hotkey& hotkey) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, hotkey.account().data(), sizeof value);
  return value;
}
