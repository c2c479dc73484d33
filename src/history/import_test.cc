#include "history/import.h"

#include "compress/stream.h"
#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"
#include "history/import_internal.h"
#include "history/testing/import_fixture.h"
#include "record_files/testing/sample_history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

using namespace record_files::testing;
using namespace history::testing;

using ImportTest = testing::ImportFixture;

TEST_F(ImportTest, RecordsGoToTheFileOfTheirMonthAsTheyStand) {
  const std::string odd =
      "{ \"metadata\" :{\"timestamp\":\"2025-09-30T23:00:00Z\",\"generation_id\":"
      "\"odd\"},\"x\": NaN}\r\n";
  put("there", "generation_history.jsonl",
      line("a", "2025-11-02T00:00:00Z") + line("b", "2025-11-03T00:00:00Z") + odd +
          line("undated", "last week"));
  put("there", "archive/generation_history_2025-03.jsonl.gz",
      compress::compress(compress::Format::kGzip, line("c", "2025-03-03T00:00:00Z")).value());
  put("here", "archive/generation_history_2025-03.jsonl.zst",
      compress::compress(compress::Format::kZstd, line("d", "2025-03-01T00:00:00Z")).value());
  const ImportReport report = import();
  EXPECT_EQ(report.num_imported, 4U);
  EXPECT_EQ(report.num_present, 1U);
  EXPECT_EQ(report.num_not_taken(), 0U);
  EXPECT_EQ(content("generation_history.jsonl"), line("a", "2025-11-02T00:00:00Z") +
                                                     line("b", "2025-11-03T00:00:00Z") +
                                                     line("undated", "last week"));
  EXPECT_EQ(content("generation_history_2025-09.jsonl"), odd);
  EXPECT_EQ(content("archive/generation_history_2025-03.jsonl.zst"),
            line("d", "2025-03-01T00:00:00Z") + line("c", "2025-03-03T00:00:00Z"));
  EXPECT_EQ(report.files.size(), 3U);
}

TEST_F(ImportTest, TheSameImportAgainImportsNothingAndWritesNothing) {
  put("there", "generation_history.jsonl",
      line("b", "2025-11-03T00:00:00Z") + line_with_image("c", "images/c.png", hash_of("c")));
  put("there", "generation_feedback.jsonl", feedback("b", "0.5"));
  put("there", "images/c.png", "c");
  EXPECT_EQ(import().num_imported, 2U);
  const auto before = content("generation_history.jsonl") + content("generation_feedback.jsonl");
  const ImportReport again = import();
  EXPECT_EQ(again.num_imported, 0U);
  EXPECT_EQ(again.num_present, 2U);
  EXPECT_EQ(again.num_feedback_imported, 0U);
  EXPECT_EQ(again.num_feedback_present, 1U);
  EXPECT_EQ(again.num_files_copied, 0U);
  EXPECT_TRUE(again.files.empty());
  EXPECT_EQ(again.num_not_taken(), 0U);
  EXPECT_EQ(content("generation_history.jsonl") + content("generation_feedback.jsonl"), before);
}

TEST_F(ImportTest, OfOneIdWithOtherContentWhatIsHereStays) {
  put("there", "generation_history.jsonl",
      line("a", "2025-11-02T00:00:01Z") + line("b", "2025-11-03T00:00:00Z") +
          line("b", "2025-11-03T00:00:01Z"));
  put("there", "generation_feedback.jsonl", feedback("a", "0.9") + feedback("b", "0.8"));
  for (const std::uint64_t num_imported : {1U, 0U}) {
    const ImportReport report = import();
    EXPECT_EQ(report.num_imported, num_imported);
    EXPECT_EQ(count(report, NotTakenKind::kOtherRecord), 2U);
    ASSERT_FALSE(report.not_taken.empty());
    EXPECT_EQ(report.not_taken.front().detail, "a");
    // Feedback of a record that was not taken would be put into another one.
    EXPECT_EQ(count(report, NotTakenKind::kOtherFeedback), 1U);
  }
  EXPECT_EQ(content("generation_history.jsonl"),
            line("a", "2025-11-02T00:00:00Z") + line("b", "2025-11-03T00:00:01Z"));
  EXPECT_EQ(content("generation_feedback.jsonl"), feedback("b", "0.8"));
}

TEST_F(ImportTest, OfSeveralLinesOfAnIdTheLastComes) {
  const std::string first = line("b", "2025-10-03T00:00:00Z", R"(, "x": 1)");
  const std::string second = line("b", "2025-10-03T00:00:00Z", R"(, "x": 2)");
  put("there", "generation_history_2025-10.jsonl", first + first);
  put("there", "generation_history.jsonl", second + first + second);
  const ImportReport report = import();
  EXPECT_EQ(content("generation_history_2025-10.jsonl"), second);
  EXPECT_EQ(report.num_imported, 1U);
  EXPECT_EQ(report.num_present, 1U);
  EXPECT_EQ(count(report, NotTakenKind::kOtherRecord), 3U);
  EXPECT_EQ(import().num_imported, 0U);
}

TEST_F(ImportTest, BrokenLinesAndLinesWithoutAnIdStayThere) {
  put("there", "generation_history.jsonl",
      "junk\n\n" + line("b", "2025-11-03T00:00:00Z") + "{\"generation_id\": \"c\"}\n" +
          R"({"metadata": {"generation_id": "torn", "time)");
  put("there", "generation_feedback.jsonl", "junk\n{}\n");
  const ImportReport report = import();
  EXPECT_EQ(report.num_imported, 1U);
  EXPECT_EQ(count(report, NotTakenKind::kBadLine), 3U);
  EXPECT_EQ(count(report, NotTakenKind::kNoId), 2U);
  EXPECT_EQ(content("generation_history.jsonl"),
            line("a", "2025-11-02T00:00:00Z") + line("b", "2025-11-03T00:00:00Z"));
  EXPECT_FALSE(exists("generation_feedback.jsonl"));
}

TEST_F(ImportTest, ALineIsNeverPutBehindATornOne) {
  put("here", "generation_history.jsonl", line("a", "2025-11-02T00:00:00Z") + "{\"metadata\": {");
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  EXPECT_EQ(import().num_imported, 1U);
  EXPECT_EQ(
      content("generation_history.jsonl"),
      line("a", "2025-11-02T00:00:00Z") + "{\"metadata\": {\n" + line("b", "2025-11-03T00:00:00Z"));
}

TEST_F(ImportTest, LateFeedbackIsAddedWhereItContinuesWhatIsHere) {
  put("there", "generation_history.jsonl", line("a", "2025-11-02T00:00:00Z"));
  put("here", "generation_feedback.jsonl",
      feedback("a", "0.1") + feedback("newer", "0.1") + feedback("newer", "0.2") +
          feedback("other", "0.3"));
  put("there", "generation_feedback.jsonl",
      feedback("a", "0.1") + feedback("a", "0.2") + feedback("newer", "0.1") +
          feedback("other", "0.4") + feedback("new", "0.5") + feedback("a", "0.1"));
  const ImportReport report = import();
  EXPECT_EQ(report.num_feedback_imported, 3U);
  EXPECT_EQ(report.num_feedback_present, 2U);
  EXPECT_EQ(count(report, NotTakenKind::kOtherFeedback), 1U);
  EXPECT_EQ(content("generation_feedback.jsonl"),
            feedback("a", "0.1") + feedback("newer", "0.1") + feedback("newer", "0.2") +
                feedback("other", "0.3") + feedback("a", "0.2") + feedback("new", "0.5") +
                feedback("a", "0.1"));
}

TEST_F(ImportTest, NamedFilesComeAlongWhenTheirHashIsRight) {
  put("there", "generation_history.jsonl",
      line_with_image("good", "images/good.png", hash_of("good")) +
          line_with_image("bad", "images/bad.png", hash_of("was good")) +
          line_with_image("absent", "images/absent.png", hash_of("absent")) +
          line_with_image("unknown", "images/unknown.png", "") +
          line_with_image("taken", "images/taken.png", hash_of("taken")) +
          line_with_image("here", "images/here.png", hash_of("here")) +
          line_with_image("unsafe", "journal/lock", hash_of("unsafe")) +
          line_with_image("outside", "images/../../etc/passwd", hash_of("unsafe")));
  put("there", "generation_feedback.jsonl",
      feedback("a", "0.7",
               fmt::format(R"(, "ply_file_path": "ply_files/a.ply", "ply_file_hash": "{}")",
                           hash_of("ply"))));
  for (const auto* name : {"good", "bad", "unknown", "taken", "here"}) {
    put("there", fmt::format("images/{}.png", name), name);
  }
  put("there", "ply_files/a.ply", "ply");
  put("there", "journal/lock", "unsafe");
  put("here", "images/taken.png", "something else");
  put("here", "images/here.png", "here");
  const ImportReport report = import();
  EXPECT_EQ(report.num_imported, 8U);
  EXPECT_EQ(report.num_files_copied, 3U);
  EXPECT_EQ(report.num_files_unverified, 1U);
  EXPECT_EQ(report.num_files_present, 1U);
  EXPECT_EQ(count(report, NotTakenKind::kWrongContent), 1U);
  EXPECT_EQ(count(report, NotTakenKind::kMissingFile), 1U);
  EXPECT_EQ(count(report, NotTakenKind::kOtherFile), 1U);
  EXPECT_EQ(count(report, NotTakenKind::kUnsafePath), 2U);
  EXPECT_EQ(file_system_.content("/here/images/good.png"), "good");
  EXPECT_EQ(file_system_.content("/here/ply_files/a.ply"), "ply");
  EXPECT_EQ(file_system_.content("/here/images/taken.png"), "something else");
  EXPECT_FALSE(exists("images/bad.png"));
}

TEST_F(ImportTest, AFileThatTurnsUpLaterComesWithTheNextImport) {
  put("there", "generation_history.jsonl", line_with_image("b", "images/b.png", hash_of("b")));
  EXPECT_EQ(count(import(), NotTakenKind::kMissingFile), 1U);
  EXPECT_EQ(import().num_not_taken(), 0U) << "doctor tells what is missing here";
  put("there", "images/b.png", "b");
  EXPECT_EQ(import().num_files_copied, 1U);
  EXPECT_TRUE(exists("images/b.png"));
}

TEST_F(ImportTest, WhatWasPrunedHereStaysDeleted) {
  const std::string record = line_with_image("b", "images/b.png", hash_of("b"));
  put("here", "generation_history.jsonl", record);
  put("here", "pruned_history.jsonl", "{\"file\": \"images/b.png\"}\n");
  put("there", "generation_history.jsonl", record);
  put("there", "images/b.png", "b");
  EXPECT_EQ(import().num_files_copied, 0U);
  EXPECT_FALSE(exists("images/b.png"));
}

TEST_F(ImportTest, ADryRunSaysTheSameAndWritesNothing) {
  put("there", "generation_history.jsonl",
      line("b", "2025-10-03T00:00:00Z") + line_with_image("c", "images/c.png", hash_of("c")));
  put("there", "images/c.png", "c");
  put("there", "generation_feedback.jsonl", feedback("b", "0.5"));
  const ImportReport dry = import({.mode = RunMode::kDryRun});
  EXPECT_EQ(file_system_.list("/here").value(),
            std::vector<std::string>{"generation_history.jsonl"});
  EXPECT_EQ(content("generation_history.jsonl"), line("a", "2025-11-02T00:00:00Z"));
  EXPECT_EQ(to_json(dry), to_json(import()));
}

TEST_F(ImportTest, OneFileIsRecordsOrFeedbackByItsName) {
  put("there/archive", "generation_history_2025-11.jsonl.gz",
      compress::compress(compress::Format::kGzip,
                         line_with_image("b", "images/b.png", hash_of("b")))
          .value());
  put("there", "images/b.png", "b");
  const ImportReport records = import({}, "/there/archive/generation_history_2025-11.jsonl.gz");
  EXPECT_EQ(records.num_imported, 1U);
  EXPECT_EQ(records.num_files_copied, 1U) << "from the folder that the archive is in";
  put("elsewhere", "generation_feedback.jsonl.zst",
      compress::compress(compress::Format::kZstd, feedback("b", "0.5")).value());
  EXPECT_EQ(import({}, "/elsewhere/generation_feedback.jsonl.zst").num_feedback_imported, 1U);
}

TEST_F(ImportTest, ABrokenArchiveThereCostsItself) {
  put("there", "generation_history_2025-07.jsonl.gz", "no gzip");
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  put("there", "generation_feedback.jsonl", feedback("b", "0.5"));
  const ImportReport report = import();
  EXPECT_EQ(report.num_imported, 1U);
  EXPECT_EQ(report.num_feedback_imported, 1U);
  EXPECT_EQ(count(report, NotTakenKind::kUnreadable), 1U);
}

TEST_F(ImportTest, ABrokenArchiveHereEndsItBeforeAnythingChanged) {
  put("here", "generation_history_2025-07.jsonl.gz", "no gzip");
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(content("generation_history.jsonl"), line("a", "2025-11-02T00:00:00Z"));
}

TEST_F(ImportTest, OpenGenerationsThereAreTold) {
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  put("there", "pending_generations.json", R"({"b": {}, "open": {}})");
  const ImportReport report = import();
  EXPECT_EQ(count(report, NotTakenKind::kOpenGeneration), 1U);
  EXPECT_EQ(report.not_taken.front().detail, "open");
}

TEST_F(ImportTest, RefusesInWords) {
  put("there", "generation_history.jsonl", line("b", "2025-11-03T00:00:00Z"));
  put("empty", "notes.txt", "nothing");
  EXPECT_EQ(run({}, "/absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run({}, "/empty").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run({}, "/here").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(
      import_history(file_system_, "/absent", "/there", clock_, {.mode = RunMode::kDryRun}, {})
          .error()
          .code,
      ErrorCode::kNotFound);
  ASSERT_TRUE(file_system_.create_folders("/here/journal"));
  const auto held = file_system_.lock("/here/journal/lock");
  ASSERT_TRUE(held);
  const auto refused = run();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("stop the miner"), std::string::npos);
  EXPECT_TRUE(run({.mode = RunMode::kDryRun}));
}

TEST_F(ImportTest, AFullDiskLeavesWhatWasHere) {
  put("there", "generation_history.jsonl",
      line("b", "2025-11-03T00:00:00Z", fmt::format(R"(, "x": "{}")", std::string(5000, 'x'))));
  std::uint64_t used = 0;
  for (const auto* path : {"/here/generation_history.jsonl", "/there/generation_history.jsonl"}) {
    used += file_system_.info(path).value()->size.count();
  }
  file_system_.set_capacity(ByteCount(used + 1000));
  const auto report = run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(content("generation_history.jsonl"), line("a", "2025-11-02T00:00:00Z"));
}

TEST_F(ImportTest, ALineThatAProgramWithoutTheLockAddsMeanwhileIsNotLost) {
  const std::filesystem::path folder = "/here";
  const std::stop_token never;
  GrowingFiles growing(file_system_, folder, RunMode::kReal, never);
  ASSERT_TRUE(growing.add("generation_history.jsonl", "imported"));
  const std::string both = line("a", "2025-11-02T00:00:00Z") + line("b", "2025-11-03T00:00:00Z");
  put("here", "generation_history.jsonl", both);
  std::vector<GrownFile> grown;
  const auto committed = growing.commit(grown);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(content("generation_history.jsonl"), both);
}

TEST_F(ImportTest, ListsNoMoreOfAKindThanAsked) {
  put("there", "generation_history.jsonl", "1\n2\n3\n");
  const ImportReport report = import({.max_listed = 2});
  EXPECT_EQ(count(report, NotTakenKind::kBadLine), 3U);
  EXPECT_EQ(report.not_taken.size(), 2U);
}

}  // namespace
}  // namespace assay::history
