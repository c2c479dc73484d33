#include "crypto/keccak.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace assay::crypto {
namespace {

static_assert(std::endian::native == std::endian::little, "lanes are little-endian");

constexpr int kNumRounds = 24;
constexpr int kNumLanes = 25;
using Lanes = std::array<std::uint64_t, kNumLanes>;

// The linear feedback shift register of FIPS 202, algorithm 5: bit by bit the constants of iota.
constexpr std::array<std::uint64_t, kNumRounds> round_constants() {
  std::array<std::uint64_t, kNumRounds> constants{};
  unsigned feedback = 1;
  for (std::uint64_t& constant : constants) {
    for (unsigned power = 0; power < 7; ++power) {
      if ((feedback & 1U) != 0) constant |= std::uint64_t{1} << ((1U << power) - 1);
      feedback <<= 1;
      if ((feedback & 0x100U) != 0) feedback ^= 0x171U;
    }
  }
  return constants;
}

// How rho turns and pi moves the lanes, walked as one cycle that begins at lane (1, 0).
struct Walk {
  std::array<int, kNumLanes - 1> lane{};
  std::array<int, kNumLanes - 1> turn{};
};
constexpr Walk lane_walk() {
  Walk walk;
  int x = 1;
  int y = 0;
  for (int step = 0; step < kNumLanes - 1; ++step) {
    const auto index = static_cast<std::size_t>(step);
    const int next_y = (2 * x + 3 * y) % 5;
    x = y;
    y = next_y;
    walk.lane[index] = x + 5 * y;
    walk.turn[index] = ((step + 1) * (step + 2) / 2) % 64;
  }
  return walk;
}

constexpr auto kRoundConstants = round_constants();
constexpr Walk kWalk = lane_walk();

template <std::size_t... Step>
inline void rho_and_pi(Lanes& a, std::index_sequence<Step...> /*unused*/) {
  std::uint64_t carried = a[1];
  const auto move = [&](std::size_t step) {
    const auto lane = static_cast<std::size_t>(kWalk.lane[step]);
    const std::uint64_t kept = a[lane];
    a[lane] = std::rotl(carried, kWalk.turn[step]);
    carried = kept;
  };
  (move(Step), ...);
}

}  // namespace

void keccak_f1600(std::array<std::byte, kKeccakStateSize>& state) {
  Lanes a;
  std::memcpy(a.data(), state.data(), state.size());
  for (const std::uint64_t constant : kRoundConstants) {
    std::array<std::uint64_t, 5> parity;
    for (std::size_t x = 0; x < 5; ++x) {
      parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (std::size_t x = 0; x < 5; ++x) {
      const std::uint64_t change = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
      for (std::size_t y = 0; y < kNumLanes; y += 5) a[x + y] ^= change;
    }
    rho_and_pi(a, std::make_index_sequence<kNumLanes - 1>());
    for (std::size_t y = 0; y < kNumLanes; y += 5) {
      const std::array<std::uint64_t, 5> row = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
      for (std::size_t x = 0; x < 5; ++x)
        a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
  }
  std::memcpy(state.data(), a.data(), state.size());
}

}  // namespace assay::crypto
