// Power is lost at every operation of a rotation: no line may be missing afterwards, and the next
// rotation leaves each once.

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "core/testing/slowness.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/crash_loop.h"
#include "record_files/testing/sample_history.h"
#include "rotation/rotate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::rotation {
namespace {

using namespace record_files::testing;
using assay::testing::kSlowness;
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
  record_files::testing::put_file(file_system, "/data/generation_history.jsonl", current);
  const std::string july = line(7);
  record_files::testing::put_file(file_system, "/data/generation_history_2025-07.jsonl",
                                  line(7) + july);
  record_files::testing::put_file(
      file_system, "/data/generation_history_2025-07.jsonl.gz",
      compress::compress(compress::Format::kGzip, line(7) + july).value());
  record_files::testing::put_file(file_system, "/data/generation_history_2025-03.jsonl", line(3));
  record_files::testing::put_file(file_system, "/data/generation_history_2025-10.jsonl", line(10));
}

class CrashedRotation final : public record_files::testing::CrashScenario {
 public:
  explicit CrashedRotation(std::uint64_t seed) : random_(seed) {
    fill(file_system_, random_);
    before_ = record_files::testing::line_set(file_system_, "/data");
  }

  std::uint64_t num_operations() override { return file_system_.num_operations(); }
  bool run_once() override { return rotate(file_system_, "/data", clock_, {}, {}).has_value(); }

  void crash_at(std::uint64_t operation) override {
    file_system_.cut_power_at(operation);
    static_cast<void>(run_once());
    file_system_.crash(random_);
    EXPECT_EQ(record_files::testing::line_set(file_system_, "/data"), before_) << "after the crash";
  }

  void expect_mended() override {
    ASSERT_TRUE(run_once());
    const auto after = record_files::testing::all_lines(file_system_, "/data");
    EXPECT_EQ(record_files::testing::line_set(file_system_, "/data"), before_)
        << "after the next rotation";
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
  const std::uint64_t num_points = record_files::testing::crash_at_every_operation(
      [](std::uint64_t seed) { return std::make_unique<CrashedRotation>(seed); });
  EXPECT_GE(num_points, kSlowness > 1 ? 75U : 300U);
}

}  // namespace
}  // namespace assay::rotation
