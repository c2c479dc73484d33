#include "serve/history_view.h"

#include "json/value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

namespace assay::serve {
namespace {

recorder::RecorderStatus sample_status() {
  recorder::RecorderStatus status;
  status.journal.num_accepted = 12;
  status.journal.num_syncs = 3;
  status.num_by_verdict[static_cast<std::size_t>(records::Verdict::kLate)] = 2;
  status.num_open = 5;
  status.ply_files = ByteCount(1000);
  status.num_ply_lost = 7;
  status.is_disk_low = true;
  status.is_refusing = true;
  status.is_journal_damaged = true;
  status.is_queue_full = true;
  status.num_corrupt_lines = 4;
  return status;
}

TEST(StatusJson, IsOneObjectWithAllVerdicts) {
  const auto read = json::parse(status_json(sample_status()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->find("is_handed_over")->boolean(), false);
  EXPECT_EQ(read->find("events")->require_integer("accepted"), 12);
  EXPECT_EQ(read->find("verdicts")->require_integer("late"), 2);
  const auto* const verdicts = read->find("verdicts")->object();
  ASSERT_NE(verdicts, nullptr);
  EXPECT_EQ(verdicts->size(), records::kNumVerdicts);
  EXPECT_EQ(read->find("generations")->require_integer("open"), 5);
  EXPECT_EQ(read->require_integer("corrupt_lines"), 4);
  EXPECT_EQ(read->require_integer("ply_files_lost"), 7);
  EXPECT_TRUE(read->find("trouble")->is_null());
}

TEST(MetricsText, DeclaresEachMetricOnceBeforeItsValues) {
  const std::string text = metrics_text(sample_status());
  EXPECT_TRUE(text.contains("\nassay_history_syncs_total 3\n"));
  EXPECT_TRUE(text.contains("\nassay_history_events_total{verdict=\"late\"} 2\n"));
  EXPECT_TRUE(text.contains("\nassay_history_corrupt_lines 4\n"));
  EXPECT_TRUE(text.contains("\nassay_history_ply_files_lost_total 7\n"));
  for (const std::string_view alert :
       {"disk_low", "refusing", "journal_damaged", "queue_full", "corrupt_lines"}) {
    EXPECT_TRUE(text.contains(fmt::format("\nassay_history_alert{{alert=\"{}\"}} 1\n", alert)));
  }
  std::istringstream lines(text);
  std::string declared;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      declared = line.substr(7, line.find(' ', 7) - 7);
    } else if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(line.substr(7).starts_with(declared + " ")) << line;
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of(" {")), declared);
    }
  }
}

TEST(StatusJson, SaysNothingThatAnotherProcessKnows) {
  recorder::RecorderStatus status;
  status.is_handed_over = true;
  EXPECT_EQ(status_json(status), R"({"is_handed_over":true})");
  const std::string metrics = metrics_text(status);
  EXPECT_TRUE(metrics.contains("\nassay_history_handed_over 1\n"));
  EXPECT_FALSE(metrics.contains("assay_history_generations_finished"));
}

TEST(FindOpenGeneration, FindsTheRecordAsItStands) {
  const std::string pending = "{\n\"a\": {\"x\": 1},\n\"b \\\"c\\u00e9\": {\"y\": 2.50}\n}\n";
  EXPECT_EQ(find_open_generation(pending, "a"), "{\"x\": 1}");
  EXPECT_EQ(find_open_generation(pending, "b \"c\u00e9"), "{\"y\": 2.50}");
  EXPECT_FALSE(find_open_generation(pending, "x"));
  EXPECT_FALSE(find_open_generation("{}\n", "a"));
  EXPECT_FALSE(find_open_generation("", "a"));
  EXPECT_FALSE(find_open_generation("\"a", "a"));
}

}  // namespace
}  // namespace assay::serve
