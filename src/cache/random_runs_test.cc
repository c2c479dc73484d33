#include "cache/random_runs_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace assay::cache {
namespace {

std::vector<std::size_t> taken(std::size_t count, std::size_t run_length, RandomSource& random) {
  RandomRuns runs(count, run_length);
  std::vector<std::size_t> numbers;
  while (!runs.is_empty()) numbers.push_back(runs.take(random));
  return numbers;
}

TEST(RandomRuns, AllComeOnceByRuns) {
  SeededRandom random(1);
  EXPECT_TRUE(taken(0, 4, random).empty());
  for (const std::size_t count : {1, 4, 10, 12}) {
    std::vector<std::size_t> numbers = taken(count, 4, random);
    for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
      const bool ends_run = numbers[i] % 4 == 3 || numbers[i] + 1 == count;
      EXPECT_TRUE(ends_run || numbers[i + 1] == numbers[i] + 1) << i;
    }
    std::ranges::sort(numbers);
    ASSERT_EQ(numbers.size(), count);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(numbers[i], i);
  }
}

TEST(RandomRuns, EachIsAmongTheFirstAsOftenAsAnyOther) {
  constexpr int kTrials = 30'000;
  SeededRandom random(2);
  for (const std::size_t run_length : {1, 3}) {
    std::array<int, 12> counts{};
    for (int trial = 0; trial < kTrials; ++trial) {
      RandomRuns runs(counts.size(), run_length);
      for (std::size_t i = 0; i < 6; ++i) ++counts.at(runs.take(random));
    }
    // Five standard deviations.
    for (const int count : counts) EXPECT_NEAR(count, 0.5 * kTrials, 5 * 87);
  }
}

}  // namespace
}  // namespace assay::cache
