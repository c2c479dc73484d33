#include "rotation/rotate.h"

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "record_files/testing/sample_history.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::rotation {
namespace {

using namespace record_files::testing;

class RotateTest : public ::testing::Test {
 protected:
  void put(const std::string& name, std::string_view content) {
    record_files::testing::put_file(file_system_, "/data/" + name, content);
  }
  std::string content(const std::string& name) {
    return record_files::testing::file_content(file_system_, "/data/" + name);
  }
  bool exists(const std::string& name) {
    return file_system_.info("/data/" + name).value().has_value();
  }
  Result<RotateReport> run(const RotateOptions& options = {}) {
    return rotate(file_system_, "/data", clock_, options, {});
  }
  RotateReport run_well(const RotateOptions& options = {}) {
    auto report = run(options);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : RotateReport();
  }

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
};

const std::string kJuly =
    record_files::testing::record_line("a", "2025-07-31T23:59:59.999999+00:00");
const std::string kOctober = record_files::testing::record_line("b", "2025-10-05T10:00:00+00:00");
const std::string kNovember = record_files::testing::record_line("c", "2025-11-01T00:00:00Z");

TEST_F(RotateTest, MovesEachRecordToItsOwnMonth) {
  const std::string second = record_files::testing::record_line("d", "2025-10-31T23:59:59");
  put("generation_history.jsonl", kOctober + "\n" + kNovember + "\n" + second + "\n");
  const RotateReport report = run_well();
  EXPECT_EQ(content("generation_history.jsonl"), kNovember + "\n");
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), kOctober + "\n" + second + "\n");
  EXPECT_EQ(report.num_moved, 2U);
  EXPECT_EQ(report.num_kept, 1U);
  ASSERT_EQ(report.months.size(), 1U);
  EXPECT_EQ(report.months[0].month, "2025-10");
}

TEST_F(RotateTest, OffsetsCountByTheMonthInUtc) {
  const std::string early = record_files::testing::record_line("a", "2025-11-01T01:00:00+02:00");
  const std::string late = record_files::testing::record_line("b", "2025-10-31T23:00:00-02:00");
  put("generation_history.jsonl", early + "\n" + late + "\n");
  run_well();
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), early + "\n");
  EXPECT_EQ(content("generation_history.jsonl"), late + "\n");
}

TEST_F(RotateTest, AddsToWhatIsThereAndOverwritesNothing) {
  const std::string present = record_files::testing::record_line("x", "2025-10-01T00:00:00Z");
  const std::string other = record_files::testing::record_line("b", "2025-10-06T00:00:00Z");
  put("generation_history_2025-10.jsonl", present + "\n" + kOctober + "\n");
  put("generation_history.jsonl", kOctober + "\n" + other + "\n");
  const RotateReport report = run_well();
  EXPECT_EQ(content("generation_history_2025-10.jsonl"),
            present + "\n" + kOctober + "\n" + other + "\n");
  EXPECT_EQ(report.num_duplicate, 1U);
  EXPECT_EQ(report.num_moved, 1U);
  EXPECT_EQ(content("generation_history.jsonl"), "");
}

TEST_F(RotateTest, CompressesAfterThreeMonthsAndArchivesAfterSix) {
  const std::string may = record_files::testing::record_line("m", "2025-05-20T00:00:00Z");
  const std::string april = record_files::testing::record_line("l", "2025-04-20T00:00:00Z");
  const std::string august = record_files::testing::record_line("n", "2025-08-20T00:00:00Z");
  put("generation_history.jsonl", may + "\n" + kJuly + "\n" + august + "\n");
  put("generation_history_2025-04.jsonl", april + "\n");
  run_well();
  EXPECT_EQ(content("generation_history_2025-08.jsonl"), august + "\n");
  EXPECT_EQ(content("generation_history_2025-07.jsonl.gz"), kJuly + "\n");
  EXPECT_EQ(content("generation_history_2025-05.jsonl.gz"), may + "\n");
  EXPECT_EQ(content("archive/generation_history_2025-04.jsonl.gz"), april + "\n");
  EXPECT_FALSE(exists("generation_history_2025-04.jsonl"));
}

TEST_F(RotateTest, WritesZstdWhenAskedAndKeepsWhatIsGzip) {
  put("generation_history_2025-06.jsonl",
      record_files::testing::record_line("k", "2025-06-20T00:00:00Z") + "\n");
  put("generation_history.jsonl", kJuly + "\n");
  run_well();
  put("generation_history_2025-07.jsonl",
      record_files::testing::record_line("z", "2025-07-20T00:00:00Z") + "\n");
  put("generation_history_2025-05.jsonl",
      record_files::testing::record_line("m", "2025-05-20T00:00:00Z") + "\n");
  run_well({.format = compress::Format::kZstd});
  EXPECT_TRUE(exists("generation_history_2025-06.jsonl.gz"));
  EXPECT_TRUE(exists("generation_history_2025-05.jsonl.zst"));
  EXPECT_FALSE(exists("generation_history_2025-07.jsonl"));
  EXPECT_EQ(content("generation_history_2025-07.jsonl.gz"),
            record_files::testing::record_line("z", "2025-07-20T00:00:00Z") + "\n" + kJuly + "\n");
}

TEST_F(RotateTest, KeepsRecordsWithoutTimeAndPutsOtherLinesBesideTheirNeighbours) {
  const std::string timeless = record_files::testing::record_line("t", "yesterday");
  put("generation_history.jsonl",
      "junk 1\n" + kOctober + "\njunk 2\n\n" + timeless + "\n{}\n[1]\n" + kNovember + "\njunk 3");
  const RotateReport report = run_well();
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), kOctober + "\njunk 2\n[1]\n");
  EXPECT_EQ(content("generation_history.jsonl"),
            "junk 1\n\n" + timeless + "\n{}\n" + kNovember + "\njunk 3\n");
  EXPECT_EQ(report.num_without_time, 2U);
  EXPECT_EQ(report.num_unreadable, 4U);
}

TEST_F(RotateTest, RecordsThatOnlyPythonReadsHaveAMonthToo) {
  const std::string nan =
      record_files::testing::record_line("n", "2025-10-05T10:00:00+00:00", R"(, "score": NaN)");
  put("generation_history.jsonl", nan + "\n" + kNovember + "\n");
  EXPECT_EQ(run_well().num_unreadable, 0U);
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), nan + "\n");
}

TEST_F(RotateTest, ASecondRunFindsNothingToDo) {
  put("generation_history.jsonl", kJuly + "\n" + kOctober + "\n" + kNovember + "\n");
  run_well();
  const auto num_operations = file_system_.num_operations();
  const RotateReport report = run_well();
  EXPECT_TRUE(report.months.empty());
  EXPECT_EQ(report.num_moved, 0U);
  EXPECT_LT(file_system_.num_operations() - num_operations, 12U);
}

TEST_F(RotateTest, RefusesWhileARecorderRuns) {
  put("generation_history.jsonl", kOctober + "\n");
  ASSERT_TRUE(file_system_.create_folders("/data/journal"));
  const auto lock = file_system_.lock("/data/journal/lock");
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(report.error().message.find("stop the miner"), std::string::npos);
  EXPECT_EQ(content("generation_history.jsonl"), kOctober + "\n");
}

TEST_F(RotateTest, LeavesAMonthAloneWhoseFileIsBroken) {
  put("generation_history_2025-07.jsonl.gz", "no gzip");
  put("generation_history.jsonl", kJuly + "\n" + kOctober + "\n");
  const RotateReport report = run_well();
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].file, "generation_history_2025-07.jsonl.gz");
  EXPECT_EQ(content("generation_history.jsonl"), kJuly + "\n");
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), kOctober + "\n");
  EXPECT_EQ(file_system_.content("/data/generation_history_2025-07.jsonl.gz"), "no gzip");
  EXPECT_EQ(file_system_.list("/data").value().size(), 5U) << "no leftovers";
}

TEST_F(RotateTest, FailsInWordsWhenThereIsNoFolder) {
  const auto report = rotate(file_system_, "/absent", clock_, {}, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(file_system_.info("/absent").value()) << "nothing is made there";
}

TEST_F(RotateTest, AFullDiskLeavesEverythingAsItWas) {
  put("generation_history.jsonl", kOctober + "\n" + kNovember + "\n");
  file_system_.set_capacity(
      ByteCount(file_system_.content("/data/generation_history.jsonl")->size() + 20));
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(content("generation_history.jsonl"), kOctober + "\n" + kNovember + "\n");
  EXPECT_FALSE(exists("generation_history_2025-10.jsonl"));
}

}  // namespace
}  // namespace assay::rotation
