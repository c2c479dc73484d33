// A rotation runs beside a reader, at every moment of its opening: all that was there is read,
// once.

#include "core/testing/fake_clock.h"
#include "core/testing/slowness.h"
#include "files/testing/hooked_file_system.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"
#include "record_reading/history_reader.h"
#include "rotation/rotate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace assay::record_reading {
namespace {

using assay::testing::kSlowness;
using files::testing::HookedFileSystem;
using files::testing::SimulatedFileSystem;

// Under a sanitizer every eighth stop is enough.
constexpr std::uint64_t kStride = kSlowness > 1 ? 8 : 1;

// Months that stay, move to the archive, are compressed, and come out of the current file.
constexpr int kNumRecords = 12;

void fill(SimulatedFileSystem& file_system) {
  const auto line = [](int number, int month) {
    return record_files::testing::record_line(fmt::format("id-{}", number),
                                              fmt::format("2025-{:02}-11T00:00:00Z", month)) +
           "\n";
  };
  const auto put = [&](std::string_view name, const std::string& content) {
    record_files::testing::put_file(file_system, std::filesystem::path("/data") / name, content);
  };
  put("generation_history_2025-04.jsonl", line(0, 4));
  put("generation_history_2025-07.jsonl", line(1, 7));
  put("generation_history_2025-08.jsonl", line(2, 8));
  put("generation_history_2025-10.jsonl", line(3, 10));
  std::string current;
  for (int number = 4; number < kNumRecords; ++number) current += line(number, 4 + (number % 8));
  put("generation_history.jsonl", current);
}

// Rotate, and stop before the call of this number.
void rotate_until(SimulatedFileSystem& file_system, Clock& clock, std::uint64_t last_call) {
  files::testing::HookedFileSystem stopping(file_system, [&](std::uint64_t call) -> Status {
    if (call < last_call) return {};
    return unavailable("enough");
  });
  static_cast<void>(rotation::rotate(stopping, "/data", clock, {}, {}));
}

// What is read when a rotation goes as far as `first_stop` at call `at`, and to its end at the
// next.
std::multiset<std::string> read_beside(std::uint64_t at, std::uint64_t first_stop,
                                       std::uint64_t& num_calls) {
  SimulatedFileSystem file_system;
  fill(file_system);
  assay::testing::FakeClock clock(parse_timestamp("2025-11-15T12:00:00Z").value());
  files::testing::HookedFileSystem hooked(file_system, [&](std::uint64_t call) -> Status {
    if (call == at) rotate_until(file_system, clock, first_stop);
    if (call == at + 1) rotate_until(file_system, clock, 1'000'000);
    return {};
  });
  std::multiset<std::string> ids;
  const auto counts =
      read_history(hooked, "/data", {},
                   [&](const records::RecordView& view, unsigned, std::uint64_t) -> Status {
                     ids.emplace(view[records::RecordField::kGenerationId].text);
                     return {};
                   },
                   {});
  EXPECT_TRUE(counts) << counts.error().message;
  num_calls = hooked.num_calls();
  return ids;
}

TEST(HistorySnapshot, ARotationBesideTheReaderTakesNothingAway) {
  std::multiset<std::string> expected;
  for (int number = 0; number < kNumRecords; ++number)
    expected.insert(fmt::format("id-{}", number));
  std::uint64_t num_calls = 0;
  ASSERT_EQ(read_beside(0, 0, num_calls), expected);
  const std::uint64_t last_call = num_calls;
  ASSERT_GT(last_call, 10U);
  std::uint64_t ignored = 0;
  for (std::uint64_t at = 1; at <= last_call; ++at) {
    for (std::uint64_t stop = 1 + (at % kStride); stop < 120; stop += kStride) {
      ASSERT_EQ(read_beside(at, stop, ignored), expected) << "at call " << at << ", stop " << stop;
    }
  }
}

}  // namespace
}  // namespace assay::record_reading
