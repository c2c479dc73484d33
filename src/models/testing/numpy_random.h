/// \file
/// The random numbers of numpy.random.default_rng(seed): the reference embeddings belong to weights
/// that were drawn with it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace assay::models::testing {

/// PCG64 (the XSL-RR form of pcg-random.org), seeded through numpy's SeedSequence; normal numbers
/// by the ziggurat method of Marsaglia and Tsang with 256 layers.
class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed);

  /// standard_normal()
  double normal();
  /// choice(population, count, replace=False), for a population of at most 10,000.
  std::vector<std::size_t> choose(std::size_t population, std::size_t count);

 private:
  std::uint64_t next64();
  std::uint32_t next32();
  /// In [0, 1), 53 bits.
  double unit();
  /// In [0, last].
  std::uint32_t at_most(std::uint32_t last);

  __extension__ using Wide = unsigned __int128;

  Wide state_ = 0;
  Wide increment_ = 0;
  std::optional<std::uint32_t> upper_half_;  // of a number of which next32() gave the lower
};

}  // namespace assay::models::testing
