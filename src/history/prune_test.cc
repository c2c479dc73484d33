#include "history/prune.h"

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "history/doctor.h"
#include "record_files/testing/sample_history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::history {
namespace {

using namespace record_files::testing;
using files::testing::SimulatedFileSystem;

std::string full_record(std::string_view id, std::string_view time, std::string_view image,
                        std::string_view ply) {
  return record_line(
             id, time,
             fmt::format(
                 R"(, "task": {{"image_file_path": "{}", "base64_image_hash": "sha256:i-{}"}}, )"
                 R"("generation": {{"output": {{"ply_file_path": "{}", "ply_file_hash": "sha256:p-{}"}}}})",
                 image, id, ply, id)) +
         "\n";
}

class PruneTest : public ::testing::Test {
 protected:
  static void put(SimulatedFileSystem& file_system, const std::string& name,
                  std::string_view content) {
    put_file(file_system, "/data/" + name, content);
  }
  static void fill(SimulatedFileSystem& file_system) {
    put(file_system, "archive/generation_history_2024-10.jsonl",
        full_record("old", "2024-10-05T00:00:00Z", "images/old.png", "ply_files/old.ply") +
            full_record("shared", "2024-10-06T00:00:00Z", "images/shared.png", "../outside") +
            "junk\n");
    put(file_system, "generation_history_2024-11.jsonl",
        full_record("kept", "2024-11-05T00:00:00Z", "images/kept.png", "ply_files/kept.ply"));
    put(file_system, "generation_history.jsonl",
        full_record("new", "2025-11-10T00:00:00Z", "images/shared.png", "ply_files/new.ply") +
            full_record("late", "2025-09-10T00:00:00Z", "", ""));
    put(file_system, "generation_feedback.jsonl",
        R"({"generation_id": "late", "feedback_time": "2025-09-10T00:01:00+00:00", )"
        R"("ply_file_path": "ply_files/late.ply", "ply_file_hash": "sha256:late"})"
        "\n");
    for (const auto* name : {"images/old.png", "images/shared.png", "images/kept.png",
                             "ply_files/old.ply", "ply_files/kept.ply", "ply_files/new.ply",
                             "ply_files/late.ply", "ply_files/nobody.ply"}) {
      put(file_system, name, name);
    }
    put_file(file_system, "/outside", "not ours");
  }
  void SetUp() override { fill(file_system_); }

  Result<PruneReport> run(const PruneOptions& options) {
    return prune(file_system_, "/data", clock_, options, {});
  }
  bool exists(const std::string& name) {
    return file_system_.info("/data/" + name).value().has_value();
  }

  SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
};

TEST_F(PruneTest, OldMonthsGoWithWhatOnlyTheyName) {
  const auto report = run({.older_than_months = 12});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_records, 2U);
  EXPECT_EQ(report->num_blobs, 2U);
  for (const auto* gone :
       {"archive/generation_history_2024-10.jsonl", "images/old.png", "ply_files/old.ply"}) {
    EXPECT_FALSE(exists(gone)) << gone;
  }
  for (const auto* kept :
       {"generation_history_2024-11.jsonl", "generation_history.jsonl", "images/shared.png",
        "images/kept.png", "ply_files/kept.ply", "ply_files/late.ply", "ply_files/nobody.ply"}) {
    EXPECT_TRUE(exists(kept)) << kept;
  }
  EXPECT_EQ(file_system_.content("/outside"), "not ours");
  const std::string pruned = file_content(file_system_, "/data/pruned_history.jsonl");
  EXPECT_NE(pruned.find(R"("generation_id":"old")"), std::string::npos) << pruned;
  EXPECT_NE(pruned.find(R"("base64_image_hash":"sha256:i-shared")"), std::string::npos) << pruned;
}

TEST_F(PruneTest, AnOldFileStaysWhileAYoungerRecordStandsInIt) {
  put(file_system_, "archive/generation_history_2024-09.jsonl",
      full_record("first", "2024-09-05T00:00:00Z", "images/first.png", "") +
          full_record("young", "2025-09-05T00:00:00Z", "", ""));
  put(file_system_, "generation_history_2024-08.jsonl",
      full_record("all", "2024-08-05T00:00:00Z", "", "") +
          full_record("old", "2024-10-05T00:00:00Z", "", "") + record_line("timeless", "") + "\n");
  put(file_system_, "images/first.png", "image");
  const auto report = run({.older_than_months = 12});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->mixed.size(), 1U);
  EXPECT_EQ(report->mixed[0].path, "archive/generation_history_2024-09.jsonl");
  EXPECT_EQ(report->mixed[0].last_month, "2025-09");
  EXPECT_TRUE(exists("archive/generation_history_2024-09.jsonl"));
  EXPECT_TRUE(exists("images/first.png")) << "of a record that stays";
  EXPECT_FALSE(exists("generation_history_2024-08.jsonl")) << "all its records are old";
  EXPECT_FALSE(exists("archive/generation_history_2024-10.jsonl"));
  const std::string text = to_text(*report, RunMode::kReal);
  EXPECT_NE(text.find("  archive/generation_history_2024-09.jsonl  up to 2025-09\n"),
            std::string::npos)
      << text;
}

TEST_F(PruneTest, WhatLateFeedbackNamesGoesWithItsRecord) {
  const auto feedback = [](std::string_view id, std::string_view path) {
    return fmt::format(R"({{"generation_id": "{}", "feedback_time": "2024-10-07T00:00:00+00:00", )"
                       R"("ply_file_path": "{}", "ply_file_hash": "sha256:x"}})"
                       "\n",
                       id, path);
  };
  put(file_system_, "generation_history_2024-09.jsonl",
      full_record("twice", "2024-09-05T00:00:00Z", "", ""));
  put(file_system_, "generation_history_2025-09.jsonl",
      full_record("twice", "2025-09-05T00:00:00Z", "", ""));
  put(file_system_, "generation_feedback.jsonl",
      feedback("old", "ply_files/of_old.ply") + feedback("kept", "ply_files/of_kept.ply") +
          feedback("twice", "ply_files/of_twice.ply") + feedback("gone", "ply_files/of_gone.ply"));
  for (const auto* name : {"of_old", "of_kept", "of_twice", "of_gone"}) {
    put(file_system_, fmt::format("ply_files/{}.ply", name), name);
  }
  ASSERT_TRUE(run({.older_than_months = 12}));
  EXPECT_FALSE(exists("ply_files/of_old.ply"));
  EXPECT_TRUE(exists("ply_files/of_kept.ply"));
  EXPECT_TRUE(exists("ply_files/of_twice.ply")) << "one record of this id stays";
  EXPECT_TRUE(exists("ply_files/of_gone.ply")) << "no record of this id goes";
  const auto found =
      examine(file_system_, "/data", {.contents = DoctorOptions::Contents::kTrust}, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->num_pruned, 1U) << to_text(*found);
}

TEST_F(PruneTest, OldPlyFilesGoAndTheirRecordsStay) {
  const auto report = run({.ply_older_than = std::chrono::hours(24 * 30)});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_records, 0U);
  EXPECT_EQ(report->num_blobs, 3U);
  for (const auto* gone : {"ply_files/old.ply", "ply_files/kept.ply", "ply_files/late.ply"}) {
    EXPECT_FALSE(exists(gone)) << gone;
  }
  EXPECT_TRUE(exists("ply_files/new.ply"));
  EXPECT_TRUE(exists("images/old.png"));
  const auto found =
      examine(file_system_, "/data", {.contents = DoctorOptions::Contents::kTrust}, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->counts[static_cast<std::size_t>(FindingKind::kMissingFile)], 0U)
      << "pruned is not lost: " << to_text(*found);
  EXPECT_EQ(found->num_pruned, 3U);
}

TEST_F(PruneTest, ADryRunDeletesNothing) {
  const auto report = run({.mode = RunMode::kDryRun, .older_than_months = 12});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->files.size(), 3U);
  EXPECT_TRUE(exists("images/old.png"));
  EXPECT_FALSE(exists("pruned_history.jsonl"));
}

TEST_F(PruneTest, DeletesNothingWhenAFileOfRecordsCannotBeRead) {
  put(file_system_, "generation_history_2025-01.jsonl.gz", "broken");
  const auto report = run({.older_than_months = 12});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(exists("images/old.png"));
}

TEST_F(PruneTest, WantsAnAge) {
  EXPECT_EQ(run({}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(run({.older_than_months = -1}).error().code, ErrorCode::kInvalidInput);
}

TEST_F(PruneTest, IsFinishedByTheNextRunWhereverPowerFails) {
  const PruneOptions options{.older_than_months = 12,
                             .ply_older_than = std::chrono::hours(24 * 30)};
  const std::uint64_t first = file_system_.num_operations() + 1;
  ASSERT_TRUE(run(options));
  const std::uint64_t last = file_system_.num_operations();
  const std::string expected = file_content(file_system_, "/data/pruned_history.jsonl");
  for (std::uint64_t operation = first; operation <= last; ++operation) {
    SCOPED_TRACE(operation);
    SimulatedFileSystem file_system;
    fill(file_system);
    SeededRandom random(operation);
    file_system.cut_power_at(operation);
    static_cast<void>(prune(file_system, "/data", clock_, options, {}));
    file_system.crash(random);
    // No file goes before the line that says so is on disk.
    const std::string pruned = file_content(file_system, "/data/pruned_history.jsonl");
    for (const std::string name : {"images/old.png", "ply_files/old.ply", "ply_files/late.ply"}) {
      EXPECT_TRUE(file_system.content("/data/" + name) || pruned.contains(name)) << name;
    }
    ASSERT_TRUE(prune(file_system, "/data", clock_, options, {}));
    for (const std::string name : {"images/old.png", "ply_files/old.ply", "ply_files/kept.ply",
                                   "archive/generation_history_2024-10.jsonl"}) {
      EXPECT_FALSE(file_system.content("/data/" + name)) << name;
    }
    EXPECT_TRUE(file_system.content("/data/images/shared.png"));
    EXPECT_EQ(file_content(file_system, "/data/pruned_history.jsonl"), expected);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace assay::history
