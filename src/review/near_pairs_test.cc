#include "review/near_pairs.h"

#include "core/random.h"
#include "core/testing/stopped_token.h"
#include "review/near_pairs_scan_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace assay::review {
namespace {

float uniform(RandomSource& random) { return static_cast<float>((2 * random.unit()) - 1); }

/// Vectors of any length around `num_centres` directions, so that some pairs are near.
std::vector<float> clustered(std::size_t count, std::size_t dimension, std::size_t num_centres,
                             float spread) {
  SeededRandom random(7);
  std::vector<float> centres(num_centres * dimension);
  for (float& value : centres) value = uniform(random);
  std::vector<float> vectors;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t centre = random.below(num_centres) * dimension;
    const auto length = static_cast<float>(1 + (9 * random.unit()));
    for (std::size_t k = 0; k < dimension; ++k) {
      vectors.push_back(length * (centres[centre + k] + (spread * uniform(random))));
    }
  }
  return vectors;
}

std::vector<NearPair> by_definition(const std::vector<float>& vectors, std::size_t dimension,
                                    double min_cosine) {
  const std::size_t count = vectors.size() / dimension;
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t k = 0; k < dimension; ++k) {
      sum += double{vectors[(a * dimension) + k]} * vectors[(b * dimension) + k];
    }
    return sum;
  };
  std::vector<NearPair> pairs;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      const double cosine = product(a, b) / std::sqrt(product(a, a) * product(b, b));
      if (cosine >= min_cosine) {
        pairs.push_back({.first = static_cast<std::uint32_t>(a),
                         .second = static_cast<std::uint32_t>(b),
                         .cosine = cosine});
      }
    }
  }
  return pairs;
}

std::vector<NearPair> sorted(std::vector<NearPair> pairs) {
  std::ranges::sort(pairs, [](const NearPair& a, const NearPair& b) {
    return std::pair(a.first, a.second) < std::pair(b.first, b.second);
  });
  return pairs;
}

NearPairs find(const std::vector<float>& vectors, std::size_t dimension,
               const NearPairsOptions& options, std::size_t num_threads = 2) {
  ThreadPool pool({.num_threads = num_threads});
  return find_near_pairs(pool, vectors, dimension, options).value();
}

TEST(NearPairs, AreThoseOfTheDefinition) {
  struct Case {
    std::size_t count;
    std::size_t dimension;
    float spread;
    double min_cosine;
  };
  // Counts and lengths that fill no tile, panel or step; thresholds that most pairs pass or none.
  for (const Case& one : {Case{.count = 0, .dimension = 512, .spread = 1, .min_cosine = 0.9},
                          Case{.count = 1, .dimension = 3, .spread = 1, .min_cosine = 0.9},
                          Case{.count = 17, .dimension = 5, .spread = 0.5F, .min_cosine = 0.5},
                          Case{.count = 300, .dimension = 70, .spread = 0.3F, .min_cosine = 0.9},
                          Case{.count = 500, .dimension = 512, .spread = 0.2F, .min_cosine = 0.96},
                          Case{.count = 200, .dimension = 130, .spread = 0.1F, .min_cosine = 0.01},
                          Case{.count = 129, .dimension = 64, .spread = 0, .min_cosine = 0.9999}}) {
    const auto vectors = clustered(one.count, one.dimension, 9, one.spread);
    const auto expected = by_definition(vectors, one.dimension, one.min_cosine);
    const NearPairs found = find(vectors, one.dimension, {.min_cosine = one.min_cosine});
    ASSERT_EQ(found.num_pairs, expected.size()) << one.count;
    const auto in_order = sorted(found.pairs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(in_order[i].first, expected[i].first);
      ASSERT_EQ(in_order[i].second, expected[i].second);
      ASSERT_NEAR(in_order[i].cosine, expected[i].cosine, 1e-6);
    }
    EXPECT_TRUE(std::ranges::is_sorted(found.pairs, std::ranges::greater(), &NearPair::cosine));
  }
}

TEST(NearPairs, AreTheSameWithAnyNumberOfThreads) {
  const auto vectors = clustered(700, 96, 30, 0.2F);
  const NearPairsOptions options{.min_cosine = 0.95, .max_pairs = 50};
  const NearPairs one = find(vectors, 96, options, 1);
  ASSERT_EQ(one.pairs.size(), 50U);
  ASSERT_GT(one.num_pairs, 50U);
  for (const std::size_t num_threads : {2U, 5U}) {
    const NearPairs others = find(vectors, 96, options, num_threads);
    EXPECT_EQ(others.pairs, one.pairs);
    EXPECT_EQ(others.num_pairs, one.num_pairs);
  }
  // Those kept are the nearest of all.
  const NearPairs all = find(vectors, 96, {.min_cosine = 0.95});
  EXPECT_TRUE(std::ranges::equal(one.pairs, std::span(all.pairs).first(50)));
}

TEST(NearPairs, AVectorWithoutLengthIsNearNothing) {
  const std::vector<float> vectors = {0, 0, 1, 0, 0, 0, 2, 0};
  const NearPairs found = find(vectors, 2, {.min_cosine = 0.1});
  EXPECT_EQ(found.pairs, (std::vector<NearPair>{{.first = 1, .second = 3, .cosine = 1}}));
}

TEST(NearPairs, UnwantedPairsAreNotCounted) {
  const std::vector<float> vectors = {1, 0, 1, 0, 1, 0};
  const NearPairs found =
      find(vectors, 2, {.wanted = [](std::uint32_t first, std::uint32_t) { return first == 1; }});
  EXPECT_EQ(found.num_pairs, 1U);
  EXPECT_EQ(found.pairs.at(0).second, 2U);
}

TEST(NearPairs, AStopEndsTheSearch) {
  ThreadPool pool({.num_threads = 1});
  const auto found =
      find_near_pairs(pool, clustered(300, 8, 2, 1), 8, {}, assay::testing::stopped_token());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCancelled);
}

TEST(ScanPanel, EveryKindAgreesWithPlainLoops) {
  SeededRandom random(3);
  for (const std::size_t length : {1U, 7U, 64U}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<float> rows(kScanRows * length);
      std::vector<float> panel(kPanelWidth * length);
      std::array<float, kPanelWidth> offsets{};
      std::array<float, kScanRows> thresholds{};
      // Whole numbers, whose sums are exact in any order.
      for (float& value : rows) value = static_cast<float>(random.below(9)) - 4;
      for (float& value : panel) value = static_cast<float>(random.below(9)) - 4;
      for (float& value : offsets) value = static_cast<float>(random.below(9));
      for (float& value : thresholds) value = static_cast<float>(random.below(20));
      std::array<std::uint16_t, kScanRows> expected{};
      available_scans().back().scan(rows.data(), length, panel.data(), offsets.data(),
                                    thresholds.data(), expected);
      for (const NamedScan& kind : available_scans()) {
        std::array<std::uint16_t, kScanRows> bits{};
        kind.scan(rows.data(), length, panel.data(), offsets.data(), thresholds.data(), bits);
        EXPECT_EQ(bits, expected) << kind.name;
      }
    }
  }
}

}  // namespace
}  // namespace assay::review
