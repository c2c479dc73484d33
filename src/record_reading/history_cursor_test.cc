#include "record_reading/history_cursor.h"

#include "compress/stream.h"
#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace assay::record_reading {
namespace {

using files::testing::TemporaryFolder;

std::string record_line(std::string_view id, std::string_view time) {
  return fmt::format(
      R"({{"metadata": {{"generation_id": "{}", "timestamp": "{}"}}, "task": {{}}, )"
      R"("miner_config": {{}}, "generation": {{}}, "failure_analysis": {{}}, )"
      R"("validator_feedback": {{"received": false, "feedback_delay_seconds": null}}}})"
      "\n",
      id, time);
}

class Cursor : public ::testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  Result<HistoryCursor> open(ReadOptions options = {}) {
    return HistoryCursor::open(files::posix_file_system(), folder_.path(), std::move(options));
  }
  /// The ids in the order in which they came; an error's message.
  std::string read(ReadOptions options = {}) {
    auto cursor = open(std::move(options));
    if (!cursor) return cursor.error().message;
    std::string ids;
    std::uint64_t num_seen = 0;
    while (true) {
      const auto has_more = cursor->next([&](const records::RecordView& view, unsigned worker,
                                             std::uint64_t ordinal) -> Status {
        EXPECT_EQ(worker, 0);
        EXPECT_EQ(ordinal, num_seen++);
        ids +=
            (ids.empty() ? "" : " ") + std::string(view[records::RecordField::kGenerationId].text);
        if (view[records::RecordField::kFeedbackDelaySeconds].is_number()) {
          ids += fmt::format("+{}s", view[records::RecordField::kFeedbackDelaySeconds].number);
        }
        return {};
      });
      if (!has_more) return has_more.error().message;
      counts_ = cursor->counts();
      if (!*has_more) return ids;
      ++num_calls_;
    }
  }

  LineCounts counts_;
  int num_calls_ = 0;
  TemporaryFolder folder_;
};

TEST_F(Cursor, GivesWhatAWholeReadingGivesInItsOrder) {
  write("generation_history_2025-10.jsonl.gz",
        *compress::compress(compress::Format::kGzip, record_line("a", "2025-10-02T00:00:00Z")));
  write("generation_history.jsonl", record_line("b", "2025-11-02T00:00:00Z") + "broken\n" +
                                        record_line("a", "2025-11-02T00:00:00Z"));
  write("generation_feedback.jsonl",
        R"({"generation_id": "b", "score": 0.5, "feedback_delay_seconds": 90.5})"
        "\n");
  EXPECT_EQ(read(), "b+90.5s a");
  EXPECT_EQ(counts_.num_records, 2);
  EXPECT_EQ(counts_.num_bad_json, 1);
  EXPECT_EQ(counts_.num_duplicate, 1);
  EXPECT_EQ(counts_.num_late_feedback, 1);
}

TEST_F(Cursor, StopsBetweenBlocks) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += record_line(fmt::format("{}", i), "2025-11-02T00:00:00Z");
  }
  write("generation_history.jsonl", text);
  EXPECT_TRUE(read().ends_with(" 19998 19999"));
  EXPECT_GT(num_calls_, 3);
  EXPECT_LT(num_calls_, 100);
}

TEST_F(Cursor, OpensNoMonthThatEndedBefore) {
  write("generation_history_2025-03.jsonl.gz", "not compressed at all");
  write("generation_history.jsonl",
        record_line("old", "2025-11-01T00:00:00Z") + record_line("new", "2025-11-03T00:00:00Z"));
  EXPECT_EQ(read({.since = parse_timestamp("2025-11-02").value()}), "new");
  EXPECT_EQ(counts_.num_outside, 1);
  EXPECT_NE(read().find("restore this file from a backup"), std::string::npos);
}

TEST_F(Cursor, SaysWhatIsNotThere) {
  EXPECT_EQ(open().error().code, ErrorCode::kNotFound);
  write("generation_history.jsonl", "");
  EXPECT_EQ(read(), "");
}

TEST_F(Cursor, PassesOnTheErrorOfTheCallee) {
  write("generation_history.jsonl", record_line("a", "2025-11-02T00:00:00Z"));
  auto cursor = open();
  const auto outcome = cursor->next([](const auto&...) -> Status { return no_space("full"); });
  EXPECT_EQ(outcome.error().message, "full");
}

}  // namespace
}  // namespace assay::record_reading
