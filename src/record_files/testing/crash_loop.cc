#include "record_files/testing/crash_loop.h"

#include "core/testing/slowness.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace assay::record_files::testing {
namespace {

std::uint64_t number_of_seeds() {
  if (std::getenv("ASSAY_TEST_FULL") != nullptr) return 200;
  return assay::testing::kSlowness > 1 ? 1 : 4;
}

}  // namespace

std::uint64_t crash_at_every_operation(
    const std::function<std::unique_ptr<CrashScenario>(std::uint64_t seed)>& make) {
  const std::uint64_t num_seeds = number_of_seeds();
  std::uint64_t num_points = 0;
  for (std::uint64_t seed = 1; seed <= num_seeds; ++seed) {
    const auto whole = make(seed);
    const std::uint64_t first = whole->num_operations() + 1;
    EXPECT_TRUE(whole->run_once()) << "seed " << seed;
    const std::uint64_t last = whole->num_operations();
    for (std::uint64_t operation = first; operation <= last; ++operation) {
      SCOPED_TRACE(fmt::format("seed {} operation {}", seed, operation));
      const auto run = make(seed);
      run->crash_at(operation);
      // Power may fail again while it is mended.
      if (operation % 3 == 0) run->crash_at(run->num_operations() + (operation % 40));
      run->expect_mended();
      ++num_points;
      if (::testing::Test::HasFailure()) return num_points;
    }
  }
  ::testing::Test::RecordProperty("crash_points", static_cast<int>(num_points));
  return num_points;
}

}  // namespace assay::record_files::testing
