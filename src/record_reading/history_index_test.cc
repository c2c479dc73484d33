#include "record_files/history_index.h"

#include "core/testing/fake_clock.h"
#include "files/testing/hooked_file_system.h"
#include "files/testing/temporary_folder.h"
#include "record_files/testing/sample_history.h"
#include "record_reading/history_reader.h"
#include "rotation/rotate.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::record_reading {
namespace {

class HistoryIndexTest : public ::testing::Test {
 protected:
  HistoryIndexTest() {
    put("generation_history_2025-09.jsonl",
        record_files::testing::record_line("a", "2025-09-02T00:00:00Z") + "\n" +
            record_files::testing::record_line("b", "2025-09-28T00:00:00Z") + "\nbroken\n");
    put("generation_history_2025-10.jsonl",
        record_files::testing::record_line("c", "2025-10-02T00:00:00Z") + "\n");
    put("generation_history.jsonl",
        record_files::testing::record_line("d", "2025-11-02T00:00:00Z") + "\n");
  }
  void put(std::string_view name, std::string_view content) {
    record_files::testing::put_file(files_, folder_.path() / name, content);
  }
  // How many records a window holds, and whether the file of September was opened for it.
  std::pair<std::uint64_t, bool> read_since(std::string_view time) {
    files::testing::HookedFileSystem hooked(files_, [](std::uint64_t) { return Status(); });
    const auto counts = read_history(
        hooked, folder_.path(), {.since = parse_timestamp(time).value()},
        [](const records::RecordView&, unsigned, std::uint64_t) { return Status(); }, {});
    EXPECT_TRUE(counts) << counts.error().message;
    return {counts->num_records, counts->num_bad_json == 1};
  }

  files::FileSystem& files_ = files::posix_file_system();
  files::testing::TemporaryFolder folder_;
};

TEST_F(HistoryIndexTest, KnowsTheTimesOfEachFile) {
  ASSERT_TRUE(record_files::update_history_index(files_, folder_.path(), {}));
  const auto index = record_files::read_history_index(files_, folder_.path()).value();
  ASSERT_EQ(index.size(), 2U);
  const auto& september = index.at("generation_history_2025-09.jsonl");
  EXPECT_EQ(september.num_lines, 3U);
  EXPECT_EQ(september.first, parse_timestamp("2025-09-02").value());
  EXPECT_EQ(september.last, parse_timestamp("2025-09-28").value());
}

TEST_F(HistoryIndexTest, AReaderOpensOnlyTheFilesOfItsWindow) {
  EXPECT_EQ(read_since("2025-10-01"), std::pair(std::uint64_t{2}, true))
      << "by the name, it may be";
  ASSERT_TRUE(record_files::update_history_index(files_, folder_.path(), {}));
  EXPECT_EQ(read_since("2025-10-01"), std::pair(std::uint64_t{2}, false));
  EXPECT_EQ(read_since("2025-09-28"), std::pair(std::uint64_t{3}, true));
  EXPECT_EQ(read_since("2025-09-28T00:00:00.000001Z"), std::pair(std::uint64_t{2}, false));
}

TEST_F(HistoryIndexTest, AFileThatHasChangedIsOpenedAgain) {
  ASSERT_TRUE(record_files::update_history_index(files_, folder_.path(), {}));
  put("generation_history_2025-09.jsonl",
      record_files::testing::record_line("a", "2025-09-02T00:00:00Z") + "\nbroken\n" +
          record_files::testing::record_line("e", "2025-10-28T00:00:00Z") + "\n");
  EXPECT_EQ(read_since("2025-10-01"), std::pair(std::uint64_t{3}, true));
}

TEST_F(HistoryIndexTest, ADamagedIndexIsNone) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"format": "assay-history-index", "format_version": 1, "files": 1})",
        R"({"format": "assay-history-index", "format_version": 9, "files": {}})"}) {
    put("history_index.json", text);
    EXPECT_EQ(read_since("2025-10-01"), std::pair(std::uint64_t{2}, true)) << text;
  }
}

TEST_F(HistoryIndexTest, ARotationWritesItAndDropsWhatIsGone) {
  assay::testing::FakeClock clock(parse_timestamp("2026-01-15T12:00:00Z").value());
  ASSERT_TRUE(rotation::rotate(files_, folder_.path(), clock, {}, {}));
  const auto index = record_files::read_history_index(files_, folder_.path()).value();
  ASSERT_EQ(index.size(), 3U);
  EXPECT_TRUE(index.contains("generation_history_2025-09.jsonl.gz"));
  EXPECT_EQ(index.at("generation_history_2025-11.jsonl").num_lines, 1U);
  EXPECT_EQ(read_since("2025-10-01"), std::pair(std::uint64_t{2}, false));
}

}  // namespace
}  // namespace assay::record_reading
