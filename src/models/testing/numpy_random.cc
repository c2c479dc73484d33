#include "models/testing/numpy_random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace assay::models::testing {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr Wide kMultiplier = (Wide{0x2360ed051fc65da4} << 64U) | 0x4385df649fccf645;

/// SeedSequence: a pool of four words, stirred by multiplicative hashes.
class SeedSequence {
 public:
  explicit SeedSequence(std::uint32_t seed) {
    std::uint32_t hash = 0x43b0d7e5;
    const auto mix_in = [&](std::uint32_t value) {
      value ^= hash;
      hash *= 0x931e8875;
      value *= hash;
      return value ^ (value >> 16U);
    };
    const auto join = [](std::uint32_t left, std::uint32_t right) {
      const std::uint32_t joined = (0xca01f9ddU * left) - (0x4973f715U * right);
      return joined ^ (joined >> 16U);
    };
    pool_[0] = mix_in(seed);
    for (std::size_t i = 1; i < pool_.size(); ++i) pool_[i] = mix_in(0);
    for (std::size_t from = 0; from < pool_.size(); ++from) {
      for (std::size_t to = 0; to < pool_.size(); ++to) {
        if (from != to) pool_[to] = join(pool_[to], mix_in(pool_[from]));
      }
    }
  }

  std::array<std::uint64_t, 4> generate() const {
    std::array<std::uint64_t, 4> words{};
    std::uint32_t hash = 0x8b51f9dd;
    for (std::size_t i = 0; i < 8; ++i) {
      std::uint32_t value = pool_[i % 4] ^ hash;
      hash *= 0x58f38ded;
      value *= hash;
      value ^= value >> 16U;
      words[i / 2] |= std::uint64_t{value} << (32 * (i % 2));
    }
    return words;
  }

 private:
  std::array<std::uint32_t, 4> pool_{};
};

/// The layers of the ziggurat, from the outermost in: all of one area.
struct Ziggurat {
  static constexpr std::size_t kNumLayers = 256;
  static constexpr double kEdge = 3.6541528853610087963519472518;

  std::array<std::uint64_t, kNumLayers> inside{};  ///< Of 2^52: below, a point lies within.
  std::array<double, kNumLayers> width{};          ///< Of 2^-52 of a layer.
  std::array<double, kNumLayers> height{};

  Ziggurat() {
    constexpr double kUnit = 0x1p52;
    // Of each layer, and of the lowest with the tail beyond the edge.
    constexpr double kArea = 0.004928673233974652;
    // numpy's tables were computed in doubles, each layer from the one below, so their errors are
    // part of them. Its makers' logarithm rounded one layer otherwise than ours does.
    constexpr std::size_t kRoundedOtherwise = 37;
    constexpr double kRoundedBy = 0x1p-52;
    const auto curve = [](double x) { return std::exp(-0.5 * x * x); };
    double outer = kEdge;
    inside[0] = static_cast<std::uint64_t>(kEdge * curve(kEdge) / kArea * kUnit);
    width[0] = kArea / curve(kEdge) / kUnit;
    height[0] = 1;
    width[kNumLayers - 1] = kEdge / kUnit;
    height[kNumLayers - 1] = curve(kEdge);
    inside[1] = 0;
    for (std::size_t i = kNumLayers - 2; i > 0; --i) {
      double inner = std::sqrt(-2 * std::log((kArea / outer) + curve(outer)));
      if (i == kRoundedOtherwise) inner -= kRoundedBy;
      inside[i + 1] = static_cast<std::uint64_t>(inner / outer * kUnit);
      width[i] = inner / kUnit;
      height[i] = curve(inner);
      outer = inner;
    }
  }
};

}  // namespace

NumpyRandom::NumpyRandom(std::uint32_t seed) {
  const auto words = SeedSequence(seed).generate();
  increment_ = (((Wide{words[2]} << 64U) | words[3]) << 1U) | 1U;
  state_ = increment_ + ((Wide{words[0]} << 64U) | words[1]);
  state_ = (state_ * kMultiplier) + increment_;
}

std::uint64_t NumpyRandom::next64() {
  state_ = (state_ * kMultiplier) + increment_;
  const auto folded =
      static_cast<std::uint64_t>(state_ >> 64U) ^ static_cast<std::uint64_t>(state_);
  return std::rotr(folded, static_cast<int>(state_ >> 122U));
}

std::uint32_t NumpyRandom::next32() {
  if (upper_half_) return *std::exchange(upper_half_, std::nullopt);
  const std::uint64_t both = next64();
  upper_half_ = static_cast<std::uint32_t>(both >> 32U);
  return static_cast<std::uint32_t>(both);
}

double NumpyRandom::unit() { return static_cast<double>(next64() >> 11U) * 0x1p-53; }

/// Lemire's method: the upper half of a product, and another try for the few that would be unfair.
std::uint32_t NumpyRandom::at_most(std::uint32_t last) {
  if (last == 0) return 0;
  const std::uint32_t count = last + 1;
  std::uint64_t product = std::uint64_t{next32()} * count;
  if (static_cast<std::uint32_t>(product) < count) {
    const std::uint32_t unfair = (0xffffffffU - last) % count;
    while (static_cast<std::uint32_t>(product) < unfair) product = std::uint64_t{next32()} * count;
  }
  return static_cast<std::uint32_t>(product >> 32U);
}

double NumpyRandom::normal() {
  static const Ziggurat ziggurat;
  while (true) {
    const std::uint64_t bits = next64();
    const std::size_t layer = bits & 0xffU;
    const bool is_negative = ((bits >> 8U) & 1U) != 0;
    const std::uint64_t along = (bits >> 9U) & 0x000fffffffffffffU;
    double x = static_cast<double>(along) * ziggurat.width[layer];
    if (is_negative) x = -x;
    if (along < ziggurat.inside[layer]) return x;
    if (layer == 0) {
      constexpr double kEdge = Ziggurat::kEdge;
      while (true) {
        const double beyond = -(1 / kEdge) * std::log1p(-unit());
        const double bound = -std::log1p(-unit());
        if (bound + bound > beyond * beyond) {
          return ((along >> 8U) & 1U) != 0 ? -(kEdge + beyond) : kEdge + beyond;
        }
      }
    }
    const double between = ziggurat.height[layer - 1] - ziggurat.height[layer];
    if ((between * unit()) + ziggurat.height[layer] < std::exp(-0.5 * x * x)) return x;
  }
}

/// Floyd's method, and a shuffle of what it chose.
std::vector<std::size_t> NumpyRandom::choose(std::size_t population, std::size_t count) {
  std::vector<std::size_t> chosen;
  for (std::size_t last = population - count; last < population; ++last) {
    const std::size_t candidate = at_most(static_cast<std::uint32_t>(last));
    chosen.push_back(std::ranges::find(chosen, candidate) == chosen.end() ? candidate : last);
  }
  for (std::size_t i = count - 1; i > 0; --i) {
    std::swap(chosen[i], chosen[at_most(static_cast<std::uint32_t>(i))]);
  }
  return chosen;
}

}  // namespace assay::models::testing
