#include "predict/batch_run.h"

#include "archives/testing/zip_builder.h"
#include "files/atomic_file.h"
#include "files/testing/hooked_file_system.h"
#include "predict/project_end.h"
#include "predict/testing/workbench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

class Observer final : public BatchObserver {
 public:
  void on_begin(const PlannedProject& project, std::size_t number, std::size_t count) override {
    log.push_back(fmt::format("begin {} {}/{}", project.project, number, count));
    if (number == stop_at) stop.request_stop();
  }
  void on_end(const ProjectResult& result, const ProjectReport* report) override {
    const bool is_stopped = result.outcome == ProjectOutcome::kStopped;
    const std::string_view ended = report == nullptr ? "failed" : "done";
    log.push_back(fmt::format("end {} {}", result.project, is_stopped ? "stopped" : ended));
    images = result.images;
  }

  std::vector<std::string> log;
  ImageCounts images;  // of the project that ended last
  std::size_t stop_at = 0;
  std::stop_source stop;
};

class BatchRun : public ::testing::Test {
 protected:
  BatchRun() { fs::create_directories(source()); }

  fs::path source() const { return bench_.root() / "original"; }

  void write_zip(std::string_view name, std::uint8_t red) const {
    archives::testing::ZipBuilder zip;
    zip.add("20250705_120000_stage1_generated.png", embedding::testing::png_of(32, 32, red));
    zip.add("20250705_120010_stage2_upscaled.png", embedding::testing::png_of(32, 32, red + 1));
    std::ofstream(source() / name, std::ios::binary) << zip.finish();
  }

  Result<Plan> plan(DoneProjects done = DoneProjects::kSkip) {
    return make_plan(file_system_, {.source = source(), .tree = tree_, .done = done}, {});
  }

  BatchOptions batch_options() {
    BatchOptions options;
    options.project.tree = tree_;
    options.project.run.run_id = fmt::format("run-{}", ++num_runs_);
    return options;
  }

  Result<BatchReport> run(Observer& observer, const std::vector<std::string>& only = {}) {
    const auto planned = plan();
    EXPECT_TRUE(planned);
    BatchOptions options = batch_options();
    options.only = only;
    return run_batch(bench_.tools(), *planned, options, observer, observer.stop.get_token());
  }

  std::string read(const fs::path& path) const {
    return files::read_file(file_system_, path, ByteCount(1U << 20)).value_or("");
  }

  files::FileSystem& file_system_ = files::posix_file_system();
  testing::Workbench bench_;
  DataTree tree_{bench_.root() / "data"};
  int num_runs_ = 0;
};

TEST_F(BatchRun, ABrokenArchiveCostsItsOwnProject) {
  write_zip("a.zip", 10);
  std::ofstream(source() / "b.zip") << "PK not a zip";
  write_zip("c.zip", 20);
  Observer observer;
  const auto report = run(observer);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_failed_projects, 1U);
  EXPECT_EQ(report->summary.projects.size(), 3U);
  EXPECT_TRUE(fs::exists(tree_.databases() / "a.db"));
  EXPECT_FALSE(fs::exists(tree_.databases() / "b.db"));
  EXPECT_TRUE(fs::exists(tree_.databases() / "c.db"));
  EXPECT_TRUE(fs::exists(report->summary_path));
  const RunLogPaths paths = run_log_paths(tree_.root());
  EXPECT_EQ(read(paths.progress), "a\nc\n");
  EXPECT_NE(read(paths.log).find(R"("status":"failed")"), std::string::npos) << read(paths.log);
}

TEST_F(BatchRun, ASecondRunDoesOnlyWhatIsLeft) {
  write_zip("a.zip", 10);
  Observer first;
  ASSERT_TRUE(run(first));
  write_zip("b.zip", 30);
  Observer second;
  const auto report = run(second);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(second.log, (std::vector<std::string>{"begin b 1/1", "end b done"}));
  EXPECT_EQ(report->summary.num_skipped, 1U);
}

TEST_F(BatchRun, WhateverARunDiesOfEachProjectIsLoggedOnce) {
  write_zip("a.zip", 10);
  std::uint64_t num_calls = 0;
  std::uint64_t num_noted = 0;
  for (std::uint64_t last_call = 0; last_call <= num_calls; ++last_call) {
    tree_ = DataTree(bench_.root() / fmt::format("data-{}", last_call));
    const auto planned = plan();
    ASSERT_TRUE(planned) << planned.error().message;
    files::testing::HookedFileSystem mortal(file_system_, [&](std::uint64_t call) -> Status {
      return call > last_call && last_call > 0 ? internal("dead") : Status();
    });
    const ProjectTools tools = bench_.tools();
    Observer observer;
    static_cast<void>(run_batch({.file_system = mortal,
                                 .clock = tools.clock,
                                 .store = tools.store,
                                 .known = tools.known,
                                 .embedder = tools.embedder,
                                 .heads = tools.heads,
                                 .variant = tools.variant},
                                *planned, batch_options(), observer));
    if (last_call == 0) num_calls = mortal.num_calls();
    const auto noted = log_noted_results(file_system_, tree_);
    ASSERT_TRUE(noted) << noted.error().message;
    num_noted += noted->size();
    ASSERT_TRUE(run(observer));
    const RunLogPaths paths = run_log_paths(tree_.root());
    EXPECT_EQ(read(paths.progress), "a\n") << last_call;
    const std::string log = read(paths.log);
    EXPECT_EQ(std::ranges::count(log, '\n'), 1) << last_call << '\n' << log;
    EXPECT_TRUE(log.contains(R"("status":"success")") && log.contains("/a.db")) << log;
    EXPECT_EQ(file_system_.list(tree_.journals())->size(), 0U) << last_call;
    EXPECT_EQ(file_system_.list(tree_.databases()).value(), std::vector<std::string>{"a.db"})
        << last_call;
  }
  EXPECT_GT(num_noted, 5U) << "of " << num_calls;
}

TEST_F(BatchRun, AProjectThatIsDoneAgainStandsInTheProgressFileOnce) {
  write_zip("a.zip", 10);
  Observer observer;
  ASSERT_TRUE(run(observer));
  ASSERT_TRUE(run(observer, {"a"}));
  EXPECT_EQ(read(run_log_paths(tree_.root()).progress), "a\n");
}

TEST_F(BatchRun, AStopLeavesTheRestToTheNextRun) {
  write_zip("a.zip", 10);
  write_zip("b.zip", 20);
  Observer observer;
  observer.stop_at = 2;
  const auto report = run(observer);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->stopped);
  EXPECT_EQ(report->stopped->code, ErrorCode::kCancelled);
  EXPECT_EQ(report->summary.num_remaining, 1U);
  EXPECT_EQ(report->num_failed_projects, 0U);
  EXPECT_EQ(report->num_stopped_projects, 1U);
  EXPECT_EQ(observer.log.back(), "end b stopped");
  Observer again;
  const auto rest = run(again);
  ASSERT_TRUE(rest) << rest.error().message;
  EXPECT_FALSE(rest->stopped);
  EXPECT_EQ(again.log.front(), "begin b 1/1");
}

TEST_F(BatchRun, OnlyWhatHasAnEmbeddingIsCountedAsKnown) {
  archives::testing::ZipBuilder zip;
  for (std::uint8_t red = 0; red < 2; ++red)
    zip.add("a.png", embedding::testing::png_of(8, 8, red));
  std::ofstream(source() / "a.zip", std::ios::binary) << zip.finish();
  Observer observer;
  observer.stop_at = 1;
  ASSERT_TRUE(run(observer));
  EXPECT_EQ(observer.images.num_images, 2U);
  EXPECT_EQ(observer.images.num_reused, 0U);
}

TEST_F(BatchRun, AProjectThatIsNamedIsDoneAgainBesideTheFirst) {
  write_zip("a.zip", 10);
  Observer first;
  ASSERT_TRUE(run(first));
  Observer second;
  const auto report = run(second, {"a"});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(fs::exists(tree_.databases() / "a_ai_predictions_temp.db"));
  const auto unknown = run(second, {"x"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("x: no such project"), std::string::npos);
}

}  // namespace
}  // namespace assay::predict
