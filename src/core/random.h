/// \file
/// The seam to randomness: stateful parts take a RandomSource, so that a seed replays them.

#pragma once

#include <array>
#include <cstdint>

namespace assay {

/// Where random numbers come from.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  /// 64 uniformly distributed bits.
  virtual std::uint64_t next() = 0;

  /// Uniform in [0, bound), without bias. Pre: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1), 53 bits.
  double unit();
};

/// xoshiro256** by Blackman and Vigna (prng.di.unimi.it), seeded by splitmix64. The sequence of a
/// seed is part of our formats: it never changes.
/// Threads: one thread at a time.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// The kernel's random numbers, for what must not be guessed.
/// Threads: safe from any thread.
RandomSource& system_random();

}  // namespace assay
