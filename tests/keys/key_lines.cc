/// \file
/// Signs, verifies and names accounts, a line each, for a comparison with another implementation:
///   sign SEED MESSAGE                 -> ADDRESS SIGNATURE
///   verify ADDRESS MESSAGE SIGNATURE  -> yes or no
///   address NETWORK ACCOUNT           -> ADDRESS
/// SEED, MESSAGE and ACCOUNT are hexadecimal; a message may be empty.

#include "core/check.h"
#include "core/hex.h"
#include "core/parse_number.h"
#include "core/random.h"
#include "keys/sr25519.h"
#include "keys/ss58.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace assay;

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

std::vector<std::byte> bytes_of(const std::string& hex) {
  auto bytes = parse_hex(hex);
  CHECK(bytes.has_value(), "an argument is hexadecimal");
  return std::move(*bytes);
}

keys::AccountId account_of(const std::string& hex) {
  keys::AccountId account{};
  const auto bytes = bytes_of(hex);
  CHECK(bytes.size() == account.size(), "an account has 32 bytes");
  std::ranges::copy(bytes, account.begin());
  return account;
}

std::string answer(const std::vector<std::string>& words) {
  if (words[0] == "sign") {
    const auto pair = keys::KeyPair::from_seed(keys::Seed(account_of(words[1])));
    const auto message = bytes_of(words[2]);
    return pair.hotkey().to_ss58() + " " + keys::to_text(pair.sign(message, system_random()));
  }
  if (words[0] == "verify") {
    const auto signer = keys::Hotkey::parse(words[1]);
    const auto signature = keys::parse_signature(words[3]);
    const auto message = bytes_of(words[2]);
    return signer && signature && keys::verify(*signer, message, *signature) ? "yes" : "no";
  }
  CHECK(words[0] == "address", "a command is sign, verify or address");
  const auto network = parse_integer(words[1]);
  CHECK(network.has_value(), "a network is a number");
  return keys::to_ss58(
      {.network = static_cast<std::uint16_t>(*network), .account = account_of(words[2])});
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(words_of(line)) << '\n';
  return 0;
}
