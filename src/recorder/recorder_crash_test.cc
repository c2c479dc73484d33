// Random work, power lost or the process killed at a random operation, and again while recovering:
// what was acknowledged is there, nothing is there twice, and the derived files agree. And work in
// which each operation of the disk fails once.
//
// A crash point is one loss of power or kill, the recovery behind it, and the check. The check
// opens the folder in peace, after which the next life has nothing to recover: every other world is
// checked after its last life alone, so that crashes follow upon crashes too, and counts one point.

#include "core/log.h"
#include "core/testing/slowness.h"
#include "recorder/testing/recorder_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace assay::recorder {
namespace {

using assay::testing::kSlowness;
using testing::Months;
using testing::RecorderWorld;

constexpr std::uint64_t kNumLives = 4;

bool is_full_run() { return std::getenv("ASSAY_TEST_FULL") != nullptr; }

void say_points(std::uint64_t num_points, std::uint64_t first_seed) {
  std::cout << fmt::format("crash points: {} (seeds from {})\n", num_points, first_seed);
}

// The seeds of all worlds, in parts that may run beside each other.
class RecorderCrash : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static constexpr std::uint64_t kNumParts = 8;

  static void SetUpTestSuite() { configure_log({.level = LogLevel::kOff}); }
  static void TearDownTestSuite() { configure_log({}); }

  static void run_worlds(std::uint64_t num_worlds, files::Durability durability,
                         Months months = Months::kStandStill) {
    const char* only = std::getenv("ASSAY_TEST_SEED");
    const std::uint64_t num_each = num_worlds / kNumParts / kSlowness;
    const std::uint64_t first =
        only != nullptr ? std::strtoull(only, nullptr, 10) : 1 + GetParam() * num_each;
    const std::uint64_t end = only != nullptr ? first + 1 : first + num_each;
    int num_ply_files = 0;
    int num_months = 0;
    std::uint64_t num_points = 0;
    for (std::uint64_t seed = first; seed < end; ++seed) {
      RecorderWorld world(seed, durability, months);
      for (std::uint64_t life = 1; life <= kNumLives; ++life) {
        world.live();
        if (seed % 2 == 0 && life < kNumLives) continue;
        world.check();
        ++num_points;
        ASSERT_FALSE(HasFailure()) << "ASSAY_TEST_SEED=" << seed << ", life " << life;
      }
      num_ply_files += world.num_ply_files();
      num_months += world.num_months();
    }
    EXPECT_TRUE(num_ply_files > 0 || only != nullptr);
    EXPECT_TRUE(num_months > 0 || only != nullptr || months == Months::kStandStill);
    say_points(num_points, first);
  }
};

INSTANTIATE_TEST_SUITE_P(Part, RecorderCrash, ::testing::Range<std::uint64_t>(0, 8));

TEST_P(RecorderCrash, LosesNothingThatWasAcknowledgedAndRepeatsNothing) {
  run_worlds(is_full_run() ? 160'000 : 1'920, files::Durability::kAlways);
}

TEST_P(RecorderCrash, LosesNothingWhileMonthsPassAndFilesAreRotated) {
  run_worlds(is_full_run() ? 80'000 : 1'600, files::Durability::kAlways, Months::kPass);
}

// What was acknowledged may be lost then; but what the files hold is whole and there once.
TEST_P(RecorderCrash, RepeatsNothingWhereNothingIsSynced) {
  run_worlds(is_full_run() ? 25'600 : 512, files::Durability::kNone);
}

// Operation by operation: each fails once, the callers go on, and what they were told holds.
void check_faults(const Error& error) {
  configure_log({.level = LogLevel::kOff});
  std::uint64_t num_points = 0;
  const std::uint64_t num_seeds = (is_full_run() ? 200U : 10U) / kSlowness;
  for (std::uint64_t seed = 1; seed <= num_seeds; ++seed) {
    const std::uint64_t num_operations =
        RecorderWorld(seed, files::Durability::kAlways).live_with_fault(error, 0);
    for (std::uint64_t operation = 1; operation <= num_operations; ++operation) {
      RecorderWorld world(seed, files::Durability::kAlways);
      world.live_with_fault(error, operation);
      world.check();
      ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << " operation " << operation;
      ++num_points;
    }
  }
  configure_log({});
  std::cout << fmt::format("fault points: {}\n", num_points);
}

TEST(RecorderFault, AnInputOutputErrorAtAnyOperationLosesNothingAcknowledged) {
  check_faults(unavailable("input/output error"));
}

TEST(RecorderFault, AFullDiskAtAnyOperationLosesNothingAcknowledged) {
  check_faults(no_space("no space left on device"));
}

}  // namespace
}  // namespace assay::recorder
