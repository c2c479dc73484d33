#include "core/random.h"

#include "core/check.h"

#include <sys/random.h>

#include <bit>
#include <utility>

namespace assay {
namespace {

class SystemRandom final : public RandomSource {
 public:
  std::uint64_t next() override {
    std::uint64_t bits = 0;
    // Up to 256 bytes getrandom() never returns short once the pool is initialised.
    const auto got = getrandom(&bits, sizeof bits, 0);
    CHECK(std::cmp_equal(got, sizeof bits), "getrandom() gave no random numbers");
    return bits;
  }
};

}  // namespace

std::uint64_t RandomSource::below(std::uint64_t bound) {
  CHECK(bound > 0, "a random number below zero was asked for");
  // Values under 2^64 mod bound would make the low results more likely: draw again.
  const std::uint64_t threshold = (0 - bound) % bound;
  while (true) {
    const std::uint64_t bits = next();
    if (bits >= threshold) return bits % bound;
  }
}

double RandomSource::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

RandomSource& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace assay
