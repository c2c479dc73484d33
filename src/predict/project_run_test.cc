#include "predict/project_run.h"

#include "archives/testing/zip_builder.h"
#include "core/testing/stopped_token.h"
#include "db/database.h"
#include "embedding/testing/fake_models.h"
#include "predict/testing/workbench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <new>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;
using archives::testing::ZipBuilder;
using embedding::testing::png_of;

constexpr std::string_view kTime = "20250705_12000";

std::string name_of(int second, std::string_view stage) {
  return fmt::format("shoot/{}{}_{}.png", kTime, second, stage);
}

/// Counts what all lives embed, in memory that they share, and dies by kill -9 at a number.
class MortalEmbedder final : public embedding::ImageEmbedder {
 public:
  MortalEmbedder(const embedding::ImageEmbedder& inner, std::atomic<std::uint64_t>& num_embedded,
                 std::uint64_t dies_at)
      : inner_(&inner), num_embedded_(&num_embedded), dies_at_(dies_at) {}

  std::uint32_t crop_side() const override { return inner_->crop_side(); }
  std::size_t dimension() const override { return inner_->dimension(); }
  std::size_t batch_size() const override { return inner_->batch_size(); }
  Status embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const override {
    const std::size_t count = vectors.size() / dimension();
    if (num_embedded_->fetch_add(count) + count >= dies_at_) ::kill(::getpid(), SIGKILL);
    return inner_->embed(crops, vectors);
  }

 private:
  const embedding::ImageEmbedder* inner_;
  std::atomic<std::uint64_t>* num_embedded_;
  std::uint64_t dies_at_;
};

class ProjectRun : public ::testing::Test {
 protected:
  fs::path root() const { return bench_.root(); }

  /// Two groups, one of them with a broken image, and an image on its own.
  fs::path write_zip() const {
    ZipBuilder zip;
    zip.add(name_of(0, "stage1_generated"), png_of(64, 48, 10));
    zip.add(name_of(1, "stage2_upscaled"), png_of(128, 96, 250));
    zip.add(name_of(2, "stage1_generated"), "not an image");
    zip.add(name_of(3, "stage2_upscaled"), png_of(64, 64, 20));
    zip.add(name_of(4, "stage3_enhanced"), png_of(64, 64, 21));
    zip.add("shoot/readme.txt", "hello");
    zip.add("__MACOSX/shoot/._x.png", "x");
    zip.add("shoot/alone.png", png_of(8, 8, 1));
    const fs::path path = root() / "mojo9.zip";
    std::ofstream(path, std::ios::binary) << zip.finish();
    return path;
  }

  ProjectOptions options(const fs::path& source) const {
    ProjectOptions options{.project = "mojo9", .source = source};
    options.tree = DataTree(root() / "data");
    options.run.run_id = "run-1";
    return options;
  }

  Result<ProjectReport> run(const ProjectOptions& options, const std::stop_token& stop = {}) {
    return run_project(bench_.tools(), options, [](const ProjectProgress&) {}, stop);
  }

  static std::string dump(const fs::path& path) {
    auto database = db::Database::open(path);
    EXPECT_TRUE(database) << database.error().message;
    return decisions::dump_decisions(*database).value();
  }

  testing::Workbench bench_;
  embedding::testing::FakeEmbedder& embedder_ = bench_.embedder();
};

TEST_F(ProjectRun, DecidesGroupsAndNamesWhatItCouldNotRead) {
  const auto report = run(options(write_zip()));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_images, 6U);
  EXPECT_EQ(report->images.num_embedded, 5U);
  EXPECT_EQ(report->images.num_failed, 1U);
  EXPECT_EQ(report->failures.at("unknown_format"), 1U);
  EXPECT_EQ(report->images.num_groups, 2U);
  ASSERT_TRUE(report->database);
  EXPECT_EQ(*report->database, root() / "data/training/ai_training_decisions/mojo9.db");

  auto database = db::Database::open(*report->database).value();
  auto rows =
      database
          .prepare(
              "SELECT images, ai_selected_index, ai_confidence, image_width FROM ai_decisions "
              "ORDER BY images")
          .value();
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.text(0), R"(["20250705_120000_stage1_generated.png", )"
                          R"("20250705_120001_stage2_upscaled.png"])");
  EXPECT_EQ(rows.integer(1), 1);
  EXPECT_GT(rows.real(2), 0.6);
  EXPECT_EQ(rows.integer(3), 128);
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.integer(1), 2);
  auto runs = database.prepare("SELECT source FROM runs").value();
  ASSERT_TRUE(runs.step().value());
  EXPECT_EQ(runs.text(0), (fs::canonical(root()) / "mojo9.zip").native());
  auto errors = database.prepare("SELECT error FROM image_scores WHERE error IS NOT NULL").value();
  ASSERT_TRUE(errors.step().value());
  EXPECT_NE(errors.text(0).find("unknown_format"), std::string::npos);
}

TEST_F(ProjectRun, APathThatIsThereManyTimesIsToldOnce) {
  ZipBuilder zip;
  for (const std::string& name : {name_of(0, "stage1_generated"), std::string("shoot/alone.png")}) {
    for (std::uint8_t red = 0; red < 3; ++red) zip.add(name, png_of(8, 8, red));
  }
  zip.add(name_of(1, "stage2_upscaled"), png_of(8, 8, 9));
  const fs::path path = root() / "mojo9.zip";
  std::ofstream(path, std::ios::binary) << zip.finish();
  const auto report = run(options(path));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_groups, 1U);
  EXPECT_EQ(report->images.num_ungrouped, 5U);
  EXPECT_EQ(report->failures.at("duplicate"), 4U);
  EXPECT_EQ(report->images.num_images, 7U);
  // The two that count are the same image.
  EXPECT_EQ(report->images.num_embedded, 2U);
  EXPECT_EQ(report->images.num_reused, 1U);
  EXPECT_EQ(report->images.num_failed, 4U);
  auto database = db::Database::open(*report->database).value();
  auto rows = database.prepare("SELECT entry, reason FROM dropped_images ORDER BY entry").value();
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.text(0), name_of(0, "stage1_generated"));
  EXPECT_EQ(rows.text(1), "duplicate");
  ASSERT_TRUE(rows.step().value());
  EXPECT_EQ(rows.text(0), "shoot/alone.png");
  EXPECT_NE(rows.text(1), "duplicate");
  EXPECT_FALSE(rows.step().value());
}

TEST_F(ProjectRun, WhatIsInTheStoreIsNotEmbeddedAgain) {
  const fs::path zip = write_zip();
  ASSERT_TRUE(run(options(zip)));
  ProjectOptions again = options(zip);
  again.tree = DataTree(root() / "other");
  const auto report = run(again);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_embedded, 0U);
  EXPECT_EQ(report->images.num_reused, 5U);
  EXPECT_EQ(embedder_.num_embedded(), 5U);
  // The archive has not changed: only the image that failed is read again.
  EXPECT_EQ(report->figures.bytes_read, ByteCount(12));
}

TEST_F(ProjectRun, GoesOnWithTheNextImageAfterAFailure) {
  const fs::path zip = write_zip();
  const auto whole = run([&] {
    ProjectOptions other = options(zip);
    other.tree = DataTree(root() / "whole");
    return other;
  }());
  ASSERT_TRUE(whole);
  bench_.open_store(root() / "store2");
  embedder_.fail_after(embedder_.num_embedded() + 4);
  EXPECT_FALSE(run(options(zip)));
  embedder_.fail_after(UINT64_MAX);
  const std::uint64_t before = embedder_.num_embedded();
  const auto report = run(options(zip));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(embedder_.num_embedded() - before, 1U);
  EXPECT_EQ(report->num_resumed, 4U);
  EXPECT_EQ(dump(*report->database), dump(*whole->database));
}

TEST_F(ProjectRun, AnEmbeddingThatWasDamagedOnDiskIsMadeAgain) {
  const fs::path zip = write_zip();
  const auto first = run(options(zip));
  ASSERT_TRUE(first);
  {
    std::fstream file(root() / "store/vectors-512.store",
                      std::ios::in | std::ios::out | std::ios::binary);
    // The last vector is that of the image in no group.
    constexpr int kSlotSize = 8 + 64 + (512 * 4);
    file.seekp(-kSlotSize - 100, std::ios::end);
    file << "damage";
  }
  ProjectOptions again = options(zip);
  again.tree = DataTree(root() / "again");
  const auto report = run(again);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_embedded, 1U);
  EXPECT_EQ(dump(*report->database), dump(*first->database));
}

TEST_F(ProjectRun, AStopIsNoFailureAndLosesNothing) {
  const auto stopped = run(options(write_zip()), assay::testing::stopped_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(run(options(root() / "mojo9.zip")));
}

TEST_F(ProjectRun, ShardsTogetherGiveTheSameDatabase) {
  const fs::path zip = write_zip();
  for (const std::uint32_t count : {2U, 7U}) {
    const fs::path folder = root() / std::to_string(count);
    bench_.open_store(folder / "store");
    const std::uint64_t before = embedder_.num_embedded();
    for (std::uint32_t index = 0; index < count; ++index) {
      ProjectOptions shard = options(zip);
      shard.tree = DataTree(folder / fmt::format("shard{}", index));
      shard.embedding.shard = {.index = index, .count = count};
      shard.embedding.num_workers = 3;
      const auto report = run(shard);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_FALSE(report->database);
    }
    EXPECT_EQ(embedder_.num_embedded() - before, 5U) << "each image once";
    ProjectOptions merged = options(zip);
    merged.tree = DataTree(folder / "data");
    const auto report = run(merged);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->images.num_embedded, 0U);
    ProjectOptions alone = options(zip);
    alone.tree = DataTree(root() / "alone" / std::to_string(count));
    const auto expected = run(alone);
    ASSERT_TRUE(expected) << expected.error().message;
    EXPECT_EQ(dump(*report->database), dump(*expected->database));
  }
}

TEST_F(ProjectRun, AnImageThatFailedIsTriedAgainWhenTheRunGoesOn) {
  const std::string image = png_of(64, 48, 10);
  const std::string sound = ZipBuilder()
                                .add(name_of(0, "stage1_generated"), image)
                                .add(name_of(1, "stage2_upscaled"), png_of(64, 48, 250))
                                .finish();
  std::string damaged = sound;
  damaged[damaged.find(image) + (image.size() / 2)] ^= 1;
  const auto run_shards = [&](const std::string& zip) {
    std::ofstream(root() / "mojo9.zip", std::ios::binary) << zip;
    std::uint64_t num_failed = 0;
    for (std::uint32_t index = 0; index < 2; ++index) {
      ProjectOptions shard = options(root() / "mojo9.zip");
      shard.embedding.shard = {.index = index, .count = 2};
      const auto report = run(shard);
      EXPECT_TRUE(report) << report.error().message;
      num_failed += report->images.num_failed;
    }
    return num_failed;
  };
  EXPECT_GT(run_shards(damaged), 0U);
  // The directory and the size are as they were, so to the journals it is the same zip.
  EXPECT_EQ(run_shards(sound), 0U);
  const auto report = run(options(root() / "mojo9.zip"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_embedded, 0U) << "the shards have embedded all";
  EXPECT_EQ(report->images.num_failed, 0U);
}

TEST_F(ProjectRun, ShardsWorkOnAProjectAtOnce) {
  ProjectOptions first = options(write_zip());
  first.embedding.shard = {.index = 0, .count = 2};
  ProjectOptions second = first;
  second.embedding.shard.index = 1;
  // The second begins and ends while the first is on its way.
  bool is_second_begun = false;
  const auto report = run_project(bench_.tools(), first, [&](const ProjectProgress&) {
    if (std::exchange(is_second_begun, true)) return;
    const auto other = run(second);
    EXPECT_TRUE(other) << other.error().message;
  });
  ASSERT_TRUE(report) << report.error().message;
  const auto decided = run(options(root() / "mojo9.zip"));
  ASSERT_TRUE(decided) << decided.error().message;
  EXPECT_EQ(decided->images.num_embedded, 0U);
  EXPECT_TRUE(files::posix_file_system().list(root() / "data/ai_data/predict_journals")->empty());
}

TEST_F(ProjectRun, AKillCostsABatchOfEachWorkerAtMost) {
  constexpr std::uint64_t kNumImages = 60;
  constexpr std::size_t kNumWorkers = 2;
  ZipBuilder zip;
  for (std::uint64_t i = 0; i < kNumImages; ++i) {
    zip.add(fmt::format("{:02}.png", i), png_of(8, 8, static_cast<std::uint8_t>(i)));
  }
  const fs::path source = root() / "mojo9.zip";
  std::ofstream(source, std::ios::binary) << zip.finish();
  ProjectOptions all = options(source);
  all.grouping.mode = grouping::GroupingMode::kSingle;
  all.embedding.num_workers = kNumWorkers;

  void* const shared = ::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& num_embedded = *new (shared) std::atomic<std::uint64_t>(0);
  const auto live = [&](std::uint64_t dies_at) {
    bench_.open_store(root() / "lives");
    const ProjectTools tools = bench_.tools();
    const MortalEmbedder mortal(tools.embedder, num_embedded, dies_at);
    return run_project({.file_system = tools.file_system,
                        .clock = tools.clock,
                        .store = tools.store,
                        .known = tools.known,
                        .embedder = mortal,
                        .heads = tools.heads,
                        .variant = tools.variant},
                       all, [](const ProjectProgress&) {});
  };
  std::uint64_t num_kills = 0;
  for (const std::uint64_t after : {5U, 17U, 1U, 12U}) {
    const std::uint64_t dies_at = num_embedded + after;
    const ::pid_t life = ::fork();
    ASSERT_GE(life, 0);
    if (life == 0) {
      static_cast<void>(live(dies_at));
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(life, &status, 0), life);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended before it could be killed";
    ++num_kills;
  }
  const auto report = live(UINT64_MAX);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->images.num_groups, kNumImages);
  const std::uint64_t num_again = num_embedded - kNumImages;
  EXPECT_LE(num_again, num_kills * kNumWorkers * embedder_.batch_size());
  // The batch that was killed is embedded again, so there is something to see.
  EXPECT_GT(num_again, 0U);
  ::munmap(shared, sizeof(std::atomic<std::uint64_t>));
}

TEST_F(ProjectRun, AnExistingDatabaseStays) {
  const fs::path database = root() / "data/training/ai_training_decisions/mojo9.db";
  fs::create_directories(database.parent_path());
  std::ofstream(database) << "the user's";
  const auto report = run(options(write_zip()));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->database->filename(), "mojo9_ai_predictions_temp.db");
  std::string kept;
  std::getline(std::ifstream(database), kept);
  EXPECT_EQ(kept, "the user's");
}

TEST_F(ProjectRun, AnArchiveOfWhichNoImageIsReadFailsAndIsTriedAgain) {
  const std::string image = png_of(64, 48, 10);
  const std::string sound = ZipBuilder().add(name_of(0, "stage1_generated"), image).finish();
  std::string damaged = sound;
  damaged[damaged.find(image) + (image.size() / 2)] ^= 1;
  const fs::path zip = root() / "mojo9.zip";
  std::ofstream(zip, std::ios::binary) << damaged;
  const auto report = run(options(zip));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(report.error().message.contains("its only image cannot be read"))
      << report.error().message;
  std::ofstream(zip, std::ios::binary) << sound;
  const auto again = run(options(zip));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->images.num_embedded, 1U);
}

TEST_F(ProjectRun, WithoutANameForTheResultNothingIsEmbedded) {
  const fs::path folder = root() / "data/training/ai_training_decisions";
  fs::create_directories(folder);
  std::ofstream(folder / "mojo9.db") << "no database";
  std::ofstream(folder / "mojo9_ai_predictions_temp.db") << "no database either";
  const auto report = run(options(write_zip()));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(embedder_.num_embedded(), 0U);
}

}  // namespace
}  // namespace assay::predict
