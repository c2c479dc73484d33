// Power is lost at every operation of a rotation: no line may be missing afterwards, and the next
// rotation leaves each once.

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "history/rotate.h"
#include "history/testing/sample_history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace assay::history {
namespace {

using namespace testing;
using files::testing::SimulatedFileSystem;

/// A folder with every kind of file and line, a little different for each seed.
void fill(SimulatedFileSystem& file_system, SeededRandom& random) {
  std::string current;
  int number = 0;
  const auto line = [&](unsigned month) {
    return record_line(fmt::format("id-{}", number++),
                       fmt::format("2025-{:02}-{:02}T10:00:00Z", month, 1 + random.below(28)),
                       fmt::format(R"(, "text": "{}")", std::string(random.below(400), 'x'))) +
           "\n";
  };
  for (int i = 0; i < 30; ++i) {
    current += random.below(8) == 0 ? fmt::format("junk {}\n", number++)
                                    : line(static_cast<unsigned>(3 + random.below(9)));
  }
  put_file(file_system, "/data/generation_history.jsonl", current);
  const std::string july = line(7);
  put_file(file_system, "/data/generation_history_2025-07.jsonl", line(7) + july);
  put_file(file_system, "/data/generation_history_2025-07.jsonl.gz",
           compress::compress(compress::Format::kGzip, line(7) + july).value());
  put_file(file_system, "/data/generation_history_2025-03.jsonl", line(3));
  put_file(file_system, "/data/generation_history_2025-10.jsonl", line(10));
}

class CrashedRotation {
 public:
  explicit CrashedRotation(std::uint64_t seed) : random_(seed) {
    fill(file_system_, random_);
    before_ = line_set(file_system_, "/data");
  }

  std::uint64_t num_operations() { return file_system_.num_operations(); }
  bool rotate_once() { return rotate(file_system_, "/data", clock_, {}, {}).has_value(); }

  void crash_at(std::uint64_t operation) {
    file_system_.cut_power_at(operation);
    static_cast<void>(rotate_once());
    file_system_.crash(random_);
    EXPECT_EQ(line_set(file_system_, "/data"), before_) << "after the crash";
  }

  void expect_tidied() {
    ASSERT_TRUE(rotate_once());
    const auto after = all_lines(file_system_, "/data");
    EXPECT_EQ(line_set(file_system_, "/data"), before_) << "after the next rotation";
    EXPECT_TRUE(std::ranges::all_of(after, [](const auto& line) { return line.second == 1; }));
    for (const std::string folder : {"/data", "/data/archive"}) {
      const auto names = file_system_.list(folder);
      ASSERT_TRUE(names);
      for (const std::string& name : *names) {
        EXPECT_FALSE(name.ends_with(".tmp")) << name;
      }
    }
  }

 private:
  SimulatedFileSystem file_system_;
  SeededRandom random_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
  std::set<std::string> before_;
};

TEST(RotateCrash, NoLineIsLostWhereverPowerFails) {
  const int num_seeds = std::getenv("ASSAY_TEST_FULL") != nullptr ? 200 : 4;
  std::uint64_t num_points = 0;
  for (int seed = 1; seed <= num_seeds; ++seed) {
    CrashedRotation whole(static_cast<std::uint64_t>(seed));
    const std::uint64_t first = whole.num_operations() + 1;
    ASSERT_TRUE(whole.rotate_once());
    const std::uint64_t last = whole.num_operations();
    for (std::uint64_t operation = first; operation <= last; ++operation) {
      SCOPED_TRACE(fmt::format("seed {} operation {}", seed, operation));
      CrashedRotation run(static_cast<std::uint64_t>(seed));
      run.crash_at(operation);
      // Power may fail again while it is tidied up.
      if (operation % 3 == 0) run.crash_at(run.num_operations() + (operation % 40));
      run.expect_tidied();
      ++num_points;
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GE(num_points, 300U);
  RecordProperty("crash_points", static_cast<int>(num_points));
}

}  // namespace
}  // namespace assay::history
