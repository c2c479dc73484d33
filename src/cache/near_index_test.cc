#include "cache/near_index.h"

#include "core/random.h"
#include "images/perceptual_hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay::cache {
namespace {

TEST(NearIndex, FindsWhatALinearScanFinds) {
  SeededRandom random(7);
  NearIndex index;
  std::vector<std::uint64_t> looks;
  for (std::uint64_t id = 0; id < 3000; ++id) {
    std::uint64_t look = random.next();
    // Half of them near an earlier one, at any distance that counts and some beyond.
    if (!looks.empty() && id % 2 == 0) {
      look = looks[random.below(looks.size())];
      for (std::uint64_t flips = random.below(11); flips > 0; --flips) {
        look ^= std::uint64_t{1} << random.below(64);
      }
    }
    for (const int max_distance : {0, 3, 4, NearIndex::kMaxDistance}) {
      int best = max_distance + 1;
      std::uint64_t best_id = 0;
      for (std::uint64_t other = id % 2; other < looks.size(); other += 2) {
        const int distance = images::hash_distance(looks[other], look);
        if (distance < best) {
          best = distance;
          best_id = other;
        }
      }
      const auto found = index.find(look, static_cast<std::uint32_t>(id % 2), max_distance);
      ASSERT_EQ(found.has_value(), best <= max_distance);
      if (found) {
        EXPECT_EQ(found->distance, best);
        EXPECT_EQ(found->id, best_id);
      }
    }
    index.add(look, static_cast<std::uint32_t>(id % 2), id);
    looks.push_back(look);
  }
}

}  // namespace
}  // namespace assay::cache
