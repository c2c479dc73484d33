#include "history/status.h"

#include "compress/stream.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::history {
namespace {

using namespace record_files::testing;

// The simulated file system writes its files on the first of January 1970.
class StatusTest : public ::testing::Test {
 protected:
  void put(const std::string& name, std::string_view content) {
    put_file(file_system_, "/data/" + name, content);
  }
  StatusReport run_at(std::string_view now, const StatusOptions& options = {}) {
    assay::testing::FakeClock clock(parse_timestamp(now).value());
    auto report = measure(file_system_, "/data", clock, options, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : StatusReport();
  }
  static SpaceUse use(const StatusReport& report, SpaceKind kind) {
    return report.kinds[static_cast<std::size_t>(kind)];
  }
  files::testing::SimulatedFileSystem file_system_;
};

TEST_F(StatusTest, SortsFilesByWhatTheyAre) {
  put("generation_history.jsonl", "12");
  put("generation_history_1969-12.jsonl", "123");
  put("archive/generation_history_1969-01.jsonl.gz", "1");
  put("images/a.png", "1234");
  put("ply_files/a.ply", "12345");
  put("ply_files/pending/b.ply", "123456");
  put("ply_files/rejected_samples/c.ply", "1234567");
  put("journal/1.journal", "12345678");
  put("notes", "1");
  put("quarantine/event-7.0", "12");
  // The same bytes under another name take no more space.
  ASSERT_TRUE(file_system_.link("/data/ply_files/a.ply", "/data/ply_files/a2.ply"));
  const StatusReport report = run_at("1970-01-01T12:00:00Z");
  const std::array<std::uint64_t, kNumSpaceKinds> sizes = {5, 1, 4, 5, 7, 6, 8, 2, 1};
  for (std::size_t kind = 0; kind < kNumSpaceKinds; ++kind) {
    EXPECT_EQ(report.kinds[kind].size, ByteCount(sizes[kind])) << kind;
  }
  EXPECT_EQ(use(report, SpaceKind::kRecords).num_files, 2U);
  EXPECT_EQ(report.total(), ByteCount(39));
  EXPECT_TRUE(to_text(report).contains("lies in quarantine/: assay history doctor names it"));
}

TEST_F(StatusTest, TellsWhenTheDiskIsFull) {
  put("images/a.png", std::string(600, 'i'));
  put("ply_files/a.ply", std::string(2400, 'p'));
  const StatusOptions options{
      .disk = DiskSpace{.capacity = ByteCount(9000), .available = ByteCount(5000)}};
  const StatusReport young = run_at("1970-01-01T12:00:00Z", options);
  EXPECT_EQ(young.growth_a_day(), ByteCount(3000));
  EXPECT_EQ(young.days_until_full, 1U);
  const StatusReport third_day = run_at("1970-01-03T00:00:00Z", options);
  EXPECT_EQ(third_day.num_days, 3);
  EXPECT_EQ(third_day.images_a_day, ByteCount(200));
  EXPECT_EQ(third_day.ply_files_a_day, ByteCount(800));
  EXPECT_EQ(third_day.days_until_full, 5U);
  EXPECT_EQ(run_at("1970-03-03T00:00:00Z", options).days_until_full, std::nullopt)
      << "nothing grew in the last 30 days";
}

TEST_F(StatusTest, ADistantDayIsNotCounted) {
  StatusReport report;
  report.disk = DiskSpace{.capacity = ByteCount(9000), .available = ByteCount(5000)};
  report.days_until_full = 36'500;
  EXPECT_NE(to_text(report).find("full in 36,500 days"), std::string::npos) << to_text(report);
  report.days_until_full = 36'501;
  EXPECT_NE(to_text(report).find("not full within 100 years"), std::string::npos);
}

TEST_F(StatusTest, RecordsGrowSinceTheFirstOne) {
  put("generation_history.jsonl", "junk\n" + record_line("a", "1970-01-02T10:00:00Z") + "\n");
  const std::size_t size = file_system_.content("/data/generation_history.jsonl")->size();
  EXPECT_EQ(run_at("1970-01-05T01:00:00Z").records_a_day, ByteCount(size / 4));
}

TEST_F(StatusTest, MeasuresWhatCompressionAndDeletionWouldSave) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += record_line("id", "1969-09-02T10:00:00Z") + "\n";
  put("generation_history_1969-09.jsonl", lines);
  put("generation_history_1969-10.jsonl", lines);
  put("generation_history_1968-12.jsonl.gz", "packed");
  const StatusReport report = run_at("1970-01-05T01:00:00Z");
  EXPECT_GT(report.saved_by_compression, ByteCount(lines.size() / 2));
  EXPECT_LT(report.saved_by_compression, ByteCount(lines.size()));
  EXPECT_EQ(report.saved_by_deletion, ByteCount(6));
}

TEST_F(StatusTest, SaysWhatTheJournalLost) {
  put("journal/quarantine/x.journal.0.json",
      R"({"format": "assay-journal-damage", "format_version": 1, "segment": "x.journal", )"
      R"("reason": "the record at byte 7 is damaged", "records_salvaged": 4, "lost": )"
      R"([{"first_sequence": 3, "last_sequence": 5, "at_least": 3, "at_most": 3}]})");
  const StatusReport report = run_at("1970-01-01T12:00:00Z");
  EXPECT_TRUE(to_text(report).contains(
      "\nDamaged journal: events 3 to 5 are lost: the record at byte 7 is damaged.\n"))
      << to_text(report);
  EXPECT_TRUE(to_json(report).contains("\"events 3 to 5 are lost: ")) << to_json(report);
}

TEST_F(StatusTest, AnEmptyFolderIsNoError) {
  ASSERT_TRUE(file_system_.create_folders("/data"));
  const StatusReport report = run_at("1970-01-01T12:00:00Z");
  EXPECT_EQ(report.total(), ByteCount(0));
  EXPECT_EQ(report.days_until_full, std::nullopt);
  EXPECT_NE(to_text(report).find("Grows by 0 B a day"), std::string::npos) << to_text(report);
}

}  // namespace
}  // namespace assay::history
