#include "predict/run_log.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "json/value.h"
#include "predict/testing/put_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace assay::predict {
namespace {

using files::testing::SimulatedFileSystem;
using testing::put;

const RunLogPaths kPaths = run_log_paths("data");

ProjectResult result_of(std::string project, ProjectOutcome outcome = ProjectOutcome::kSuccess) {
  return {.project = std::move(project),
          .source = "Average Patricia.zip",
          .outcome = outcome,
          .finished = Timestamp(std::chrono::microseconds(1'761'999'000'123'456)),
          .duration = std::chrono::milliseconds(61'500),
          .images = {.num_images = 255,
                     .num_embedded = 200,
                     .num_reused = 54,
                     .num_failed = 1,
                     .num_groups = 80,
                     .num_ungrouped = 3},
          .database = "data/training/ai_training_decisions/Patricia.db",
          .error = outcome == ProjectOutcome::kFailed ? "the zip is cut off" : "",
          .models = {.ranker = "ranker_v4.pt"}};
}

TEST(RunLog, LinesAreASupersetOfTheOldOnes) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(append_log(file_system, kPaths, result_of("Patricia")));
  EXPECT_EQ(file_system.content("data/ai_data/batch_predictions_log.jsonl"),
            R"({"schema_version":1,"project_id":"Patricia","zip_file":"Average Patricia.zip",)"
            R"("image_count":255,"duration_seconds":61.5,"status":"success",)"
            R"("timestamp":"2025-11-01T12:10:00Z",)"
            R"("database":"data/training/ai_training_decisions/Patricia.db","error":null,)"
            R"("groups_processed":80,"images_embedded":200,"images_reused":54,"images_failed":1,)"
            R"("images_ungrouped":3,"models":{"ranker":"ranker_v4.pt","ranker_sha256":null,)"
            R"("ranker_wanted":null,"crop_proposer":null,"crop_proposer_sha256":null,"clip":null,)"
            R"("clip_sha256":null,"precision":null}})"
            "\n");
}

TEST(RunLog, ReadsWhatTheOldToolsWrote) {
  SimulatedFileSystem file_system;
  put(file_system, kPaths.progress, "\xef\xbb\xbfmojo3\r\n\n  1010 \ndalia");
  put(file_system, kPaths.log,
      R"({"project_id": "mojo1", "zip_file": "mojo1.zip", "image_count": 38366, "duration_seconds": 7200, "status": "success", "timestamp": "2025-11-01T10:00:00Z", "database": "x.db"})"
      "\n"
      R"({"project_id": "mojo2", "status": "error", "error": "no zip", "timestamp": "2025-11-01T10:00:00.123456Z"})"
      "\n"
      R"({"project_id": "1012", "zip_file": "1012.zip", "image_count": 1, "status": "failed", "timestamp": "2025-11-01T10:00:00Z"})"
      "\n"
      R"({"project_id": "dalia", "status": "failed"})"
      "\nnot json\n[1]\n{\"project_id\": \"half");
  const auto finished = read_finished_projects(file_system, kPaths);
  ASSERT_TRUE(finished) << finished.error().message;
  using Where = FinishedProjects::Where;
  EXPECT_EQ(finished->projects,
            (std::map<std::string, Where, std::less<>>{{"mojo3", Where::kProgressFile},
                                                       {"1010", Where::kProgressFile},
                                                       {"dalia", Where::kProgressFile},
                                                       {"mojo1", Where::kLog}}));
  EXPECT_EQ(finished->failures, (std::map<std::string, std::string, std::less<>>{
                                    {"mojo2", "no zip"}, {"1012", "failed"}}));
  EXPECT_EQ(finished->num_unreadable_lines, 3U);
}

TEST(RunLog, NothingThereIsNothingDone) {
  SimulatedFileSystem file_system;
  const auto finished = read_finished_projects(file_system, kPaths);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_TRUE(finished->projects.empty());
}

TEST(RunLog, AHalfLineIsClosedBeforeTheNext) {
  SimulatedFileSystem file_system;
  put(file_system, kPaths.progress, "mojo1\nmo");
  ASSERT_TRUE(append_progress(file_system, kPaths, "dalia"));
  ASSERT_TRUE(append_progress(file_system, kPaths, "1010"));
  EXPECT_EQ(file_system.content(kPaths.progress), "mojo1\nmo\ndalia\n1010\n");
  EXPECT_EQ(append_progress(file_system, kPaths, "a\nb").error().code, ErrorCode::kInvalidInput);
}

TEST(RunLog, WhatWasAppendedSurvivesAPowerCut) {
  for (std::uint64_t operation = 1; operation < 30; ++operation) {
    SimulatedFileSystem file_system;
    SeededRandom random(operation);
    file_system.cut_power_at(operation);
    std::vector<std::string> acknowledged;
    for (const std::string name : {"a", "b", "c"}) {
      if (!append_progress(file_system, kPaths, name)) break;
      if (!append_log(file_system, kPaths, result_of(name + "-log"))) break;
      acknowledged.push_back(name);
    }
    file_system.crash(random);
    const auto finished = read_finished_projects(file_system, kPaths);
    ASSERT_TRUE(finished);
    for (const std::string& name : acknowledged) {
      EXPECT_TRUE(finished->projects.contains(name)) << operation;
      EXPECT_TRUE(finished->projects.contains(name + "-log")) << operation;
    }
  }
}

TEST(RunLog, TheSummaryHasTheOldMembersAndNeverReplacesOne) {
  SimulatedFileSystem file_system;
  const BatchSummary summary{
      .started = Timestamp(std::chrono::seconds(1'761'999'000)),
      .completed = Timestamp(std::chrono::seconds(1'761'999'090)),
      .num_skipped = 2,
      .num_remaining = 1,
      .models = {.ranker = "ranker_v3_w10.pt", .ranker_wanted = "ranker_v4.pt"},
      .projects = {result_of("Patricia"), result_of("mojo1", ProjectOutcome::kFailed)},
      .output_folder = "data/training/ai_training_decisions"};
  const auto path = write_summary(file_system, kPaths, summary);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, "data/ai_data/batch_predictions_summary_20251101T121000Z.json");
  const auto value = json::parse(*file_system.content(*path));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->require_text("batch_id").value(), "batch_20251101T121000Z");
  EXPECT_EQ(value->require_text("started_at").value(), "2025-11-01T12:10:00Z");
  EXPECT_EQ(value->require_text("completed_at").value(), "2025-11-01T12:11:30Z");
  EXPECT_EQ(value->require_integer("total_duration_seconds").value(), 90);
  EXPECT_EQ(value->find("models")->require_text("ranker").value(), "ranker_v3_w10.pt");
  const json::Value& results = *value->find("results");
  EXPECT_EQ(results.require_integer("total_projects").value(), 5);
  EXPECT_EQ(results.require_integer("processed").value(), 1);
  EXPECT_EQ(results.require_integer("skipped").value(), 2);
  EXPECT_EQ(results.require_integer("failed").value(), 1);
  EXPECT_EQ(value->require_text("log_file").value(), "data/ai_data/batch_predictions_log.jsonl");
  EXPECT_EQ(*write_summary(file_system, kPaths, summary),
            "data/ai_data/batch_predictions_summary_20251101T121000Z_2.json");
}

TEST(RunLog, SummariesOfOneSecondAreAllKept) {
  constexpr int kNumThreads = 6;
  constexpr int kNumSummaries = 10;
  const files::testing::TemporaryFolder folder;
  const RunLogPaths paths = run_log_paths(folder.path());
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kNumThreads; ++thread) {
      threads.emplace_back([&, thread] {
        BatchSummary summary;
        summary.output_folder = fmt::format("of run {}", thread);
        for (int i = 0; i < kNumSummaries; ++i) {
          const auto path = write_summary(files::posix_file_system(), paths, summary);
          ASSERT_TRUE(path) << path.error().message;
          const auto text =
              files::read_file(files::posix_file_system(), *path, ByteCount(1U << 20));
          ASSERT_TRUE(text) << text.error().message;
          EXPECT_TRUE(text->contains(summary.output_folder)) << *path;
        }
      });
    }
  }
  EXPECT_EQ(files::posix_file_system().list(paths.summary_folder)->size(),
            std::size_t{kNumThreads * kNumSummaries});
}

}  // namespace
}  // namespace assay::predict
