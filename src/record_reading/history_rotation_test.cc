// Which of the lines of an id counts is the same before and after a rotation.

#include "compress/stream.h"
#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"
#include "record_reading/history_reader.h"
#include "rotation/rotate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assay::record_reading {
namespace {

class RotatedHistory : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& content) {
    record_files::testing::put_file(file_system_, folder_ + "/" + name, content);
  }
  void put_compressed(const std::string& name, const std::string& content) {
    put(name, compress::compress(compress::Format::kGzip, content).value());
  }
  std::string content(const std::string& name) {
    return record_files::testing::file_content(file_system_, folder_ + "/" + name);
  }
  static std::string line(std::string_view id, unsigned month, std::string_view version) {
    return record_files::testing::record_line(
               id, fmt::format("2025-{:02}-03T00:00:00Z", month),
               fmt::format(R"(, "failure_analysis": {{"error_type": "{}"}})", version)) +
           "\n";
  }
  /// The version of each id that counts.
  std::map<std::string, std::string> versions() {
    std::map<std::string, std::string> found;
    const auto counts = read_history(
        file_system_, folder_, {.start_over = [&] { found.clear(); }},
        [&](const records::RecordView& record, unsigned, std::uint64_t) -> Status {
          const auto id = std::string(record[records::RecordField::kGenerationId].text);
          EXPECT_FALSE(found.contains(id)) << id;
          found[id] = record[records::RecordField::kErrorType].text;
          return {};
        },
        {});
    EXPECT_TRUE(counts) << counts.error().message;
    return found;
  }
  void rotate() {
    const auto report = rotation::rotate(file_system_, folder_, clock_, {}, {});
    EXPECT_TRUE(report) << report.error().message;
  }

  std::string folder_ = "/data";
  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
};

TEST_F(RotatedHistory, ALineOfAnEarlierMonthStaysBehindTheOthersOfItsId) {
  put("generation_history.jsonl", line("a", 10, "first") + line("a", 9, "last") +
                                      line("b", 11, "first") + line("b", 10, "last") +
                                      line("c", 9, "last"));
  put("generation_history_2025-10.jsonl", line("c", 10, "first"));
  const auto before = versions();
  EXPECT_EQ(before.at("a") + before.at("b") + before.at("c"), "lastlastlast");
  rotate();
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(content("generation_history_2025-10.jsonl"),
            line("c", 10, "first") + line("a", 10, "first") + line("a", 9, "last") +
                line("c", 9, "last"));
  EXPECT_EQ(content("generation_history.jsonl"), line("b", 11, "first") + line("b", 10, "last"));
}

TEST_F(RotatedHistory, ALineThatComesAgainBehindAnotherOneCounts) {
  const std::string again = line("a", 10, "one") + line("a", 10, "two") + line("a", 10, "one");
  put("generation_history.jsonl", again + line("b", 10, "one") + line("b", 10, "one"));
  rotate();
  EXPECT_EQ(versions().at("a"), "one");
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), again + line("b", 10, "one"));
}

TEST_F(RotatedHistory, CountsTheSameLinesInAnyFolder) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    folder_ = fmt::format("/data{}", seed);
    SeededRandom random(seed);
    const auto lines = [&](unsigned month) {
      std::string text;
      for (std::uint64_t i = random.below(4); i > 0; --i) {
        const unsigned own =
            random.below(4) == 0 ? static_cast<unsigned>(3 + random.below(9)) : month;
        text += line(fmt::format("id {}", random.below(6)), own, fmt::to_string(random.below(3)));
      }
      return text;
    };
    for (const unsigned month : {3U, 4U, 9U, 10U}) {
      const std::string name = fmt::format("generation_history_2025-{:02}.jsonl", month);
      if (random.below(2) == 0) put(name, lines(month));
      if (random.below(3) == 0) put_compressed(name + ".gz", lines(month));
      if (random.below(3) == 0) put_compressed("archive/" + name + ".gz", lines(month));
    }
    put("generation_history.jsonl", lines(9) + lines(10) + lines(11));
    const auto before = versions();
    rotate();
    EXPECT_EQ(versions(), before) << seed;
    clock_.advance(std::chrono::days(40));
    rotate();
    EXPECT_EQ(versions(), before) << seed;
    clock_.advance(-std::chrono::days(40));
  }
}

}  // namespace
}  // namespace assay::record_reading
