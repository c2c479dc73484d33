#include "crypto/keccak.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>
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

// Calls `body` with 0, 1, ... as constants: with lanes at fixed places the compiler keeps them in
// registers, which is three times as fast as a loop over an array.
template <std::size_t... Index>
[[gnu::always_inline]] inline void unrolled(std::index_sequence<Index...> /*unused*/,
                                            const auto& body) {
  (body(std::integral_constant<std::size_t, Index>()), ...);
}

[[gnu::always_inline]] inline void theta(Lanes& a) {
  std::array<std::uint64_t, 5> parity;
  unrolled(std::make_index_sequence<5>(),
           [&](auto x) { parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]; });
  unrolled(std::make_index_sequence<5>(), [&](auto x) {
    const std::uint64_t change = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
    unrolled(std::make_index_sequence<5>(), [&](auto y) { a[x + 5 * y] ^= change; });
  });
}

[[gnu::always_inline]] inline void rho_and_pi(Lanes& a) {
  std::uint64_t carried = a[1];
  unrolled(std::make_index_sequence<kNumLanes - 1>(), [&](auto step) {
    constexpr std::size_t kStep = decltype(step)::value;
    constexpr auto kLane = static_cast<std::size_t>(kWalk.lane[kStep]);
    const std::uint64_t kept = a[kLane];
    a[kLane] = std::rotl(carried, kWalk.turn[kStep]);
    carried = kept;
  });
}

[[gnu::always_inline]] inline void chi(Lanes& a) {
  unrolled(std::make_index_sequence<5>(), [&](auto y) {
    const std::array<std::uint64_t, 5> row = {a[5 * y], a[5 * y + 1], a[5 * y + 2], a[5 * y + 3],
                                              a[5 * y + 4]};
    unrolled(std::make_index_sequence<5>(),
             [&](auto x) { a[5 * y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]); });
  });
}

}  // namespace

void keccak_f1600(std::array<std::byte, kKeccakStateSize>& state) {
  Lanes a;
  std::memcpy(a.data(), state.data(), state.size());
  for (const std::uint64_t constant : kRoundConstants) {
    theta(a);
    rho_and_pi(a);
    chi(a);
    a[0] ^= constant;
  }
  std::memcpy(state.data(), a.data(), state.size());
}

}  // namespace assay::crypto
