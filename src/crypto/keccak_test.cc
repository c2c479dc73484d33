#include "crypto/keccak.h"

#include "core/bytes.h"
#include "core/hex.h"
#include "core/random.h"
#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>

namespace assay::crypto {
namespace {

// SHA3-256 of FIPS 202 on top of the bare permutation.
std::string sha3_of(std::string message) {
  constexpr std::size_t kRate = 136;
  message += '\x06';
  message.resize((message.size() + kRate - 1) / kRate * kRate, '\0');
  message.back() = static_cast<char>(message.back() ^ '\x80');
  std::array<std::byte, kKeccakStateSize> state{};
  for (std::size_t start = 0; start < message.size(); start += kRate) {
    for (std::size_t i = 0; i < kRate; ++i) state[i] ^= static_cast<std::byte>(message[start + i]);
    keccak_f1600(state);
  }
  return to_hex(std::span(state).first<32>());
}

TEST(Keccak, MakesTheSameSha3AsTheLibrary) {
  SeededRandom random(5);
  for (const std::size_t size : {0U, 1U, 135U, 136U, 137U, 1000U}) {
    std::string message(size, ' ');
    std::ranges::generate(message, [&] { return static_cast<char>(random.below(256)); });
    EXPECT_EQ(sha3_of(message), to_hex(sha3_256(as_bytes(message)))) << size;
  }
}

TEST(Keccak, OfZeroAgreesWithThePublishedState) {
  std::array<std::byte, kKeccakStateSize> state{};
  keccak_f1600(state);
  EXPECT_EQ(to_hex(std::span(state).first<16>()), "e7dde140798f25f18a47c033f9ccd584");
}

}  // namespace
}  // namespace assay::crypto
