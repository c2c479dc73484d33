#include "predict/batch_pace.h"

#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace assay::predict {
namespace {

using std::chrono::seconds;

PlannedProject project_of(std::uint64_t num_images, std::uint64_t size) {
  PlannedProject project;
  project.num_images = num_images;
  project.image_size = ByteCount(size);
  return project;
}

ProjectProgress progress_of(std::uint64_t num_images, std::uint64_t num_before,
                            std::uint64_t num_done) {
  ProjectProgress progress{.num_images = num_images, .num_before = num_before};
  progress.figures.num_embedded = num_done;
  return progress;
}

TEST(BatchPace, LargeImagesCountForWhatTheyTake) {
  assay::testing::FakeClock clock;
  // 100 small images, then 100 of ten times their size.
  BatchPace pace(clock, {.bytes = 1'100});
  EXPECT_FALSE(pace.remaining_seconds());
  pace.begin(project_of(100, 100));
  pace.advance(progress_of(100, 0, 0));
  clock.advance(seconds(1));
  pace.advance(progress_of(100, 0, 50));
  EXPECT_DOUBLE_EQ(pace.images_per_second(), 50);
  EXPECT_DOUBLE_EQ(pace.remaining_seconds().value_or(0), 1'050.0 / 50);
  clock.advance(seconds(1));
  pace.advance(progress_of(100, 0, 100));
  pace.end();
  EXPECT_DOUBLE_EQ(pace.remaining_seconds().value_or(0), 1'000.0 / 50);
}

ProjectProgress timed(ProjectProgress progress, std::uint64_t pixels_each, double decode_seconds,
                      double embed_seconds) {
  embedding::EmbeddingFigures& figures = progress.figures;
  figures.pixels = pixels_each * figures.num_embedded;
  const auto set = [&](embedding::EmbeddingStage stage, double each) {
    figures.time.at(static_cast<std::size_t>(stage)) =
        std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<double>(each * static_cast<double>(figures.num_embedded)));
  };
  set(embedding::EmbeddingStage::kDecode, decode_seconds);
  set(embedding::EmbeddingStage::kEmbed, embed_seconds);
  return progress;
}

TEST(BatchPace, DecodingIsWeighedByPixelsAndTheModelByImages) {
  assay::testing::FakeClock clock;
  // As many images and bytes in both, ten times the pixels in the second.
  PlannedProject small = project_of(100, 1'000);
  small.pixels_per_image = 10;
  PlannedProject large = project_of(100, 1'000);
  large.pixels_per_image = 100;
  ImageAmount all = amount_of(small);
  all += amount_of(large);
  BatchPace pace(clock, all);
  pace.begin(small);
  clock.advance(seconds(10));
  // On two workers: an image takes 0.1 s in decoding and 0.1 s in the model.
  pace.advance(timed(progress_of(100, 0, 100), 10, 0.1, 0.1));
  pace.end();
  EXPECT_NEAR(pace.remaining_seconds().value_or(0), 100 * (1.0 + 0.1) / 2, 1e-6);

  // The samples were not like the others: they have half the pixels.
  pace.begin(large);
  clock.advance(seconds(15));
  pace.advance(timed(progress_of(100, 0, 50), 50, 0.5, 0.1));
  EXPECT_NEAR(pace.remaining_seconds().value_or(0), 15, 2);
  pace.end();
  EXPECT_EQ(pace.remaining_seconds(), 0.0);
}

TEST(BatchPace, WhatAnEarlierRunDidIsNotInTheRate) {
  assay::testing::FakeClock clock;
  BatchPace pace(clock, {.bytes = 1'000});
  pace.begin(project_of(100, 1'000));
  pace.advance(progress_of(100, 80, 0));
  EXPECT_FALSE(pace.remaining_seconds());
  clock.advance(seconds(2));
  pace.advance(progress_of(100, 80, 10));
  EXPECT_DOUBLE_EQ(pace.images_per_second(), 5);
  EXPECT_DOUBLE_EQ(pace.remaining_seconds().value_or(0), 2);
}

TEST(BatchPace, AProjectThatFailedIsNotWaitedFor) {
  assay::testing::FakeClock clock;
  BatchPace pace(clock, {.bytes = 300});
  pace.begin(project_of(10, 100));
  clock.advance(seconds(1));
  pace.advance(progress_of(10, 0, 5));
  pace.end();
  pace.begin(project_of(10, 200));
  EXPECT_DOUBLE_EQ(pace.remaining_seconds().value_or(0), 200.0 / 50);
  pace.end();
  EXPECT_DOUBLE_EQ(pace.remaining_seconds().value_or(1), 0);
}

TEST(BatchPace, FollowsAChangeOfRate) {
  assay::testing::FakeClock clock;
  BatchPace pace(clock, {.bytes = 1'000'000});
  pace.begin(project_of(1'000'000, 1'000'000));
  std::uint64_t done = 0;
  for (int i = 0; i < 300; ++i) {
    clock.advance(seconds(1));
    pace.advance(progress_of(1'000'000, 0, done += 1'000));
  }
  for (int i = 0; i < 120; ++i) {
    clock.advance(seconds(1));
    pace.advance(progress_of(1'000'000, 0, done += 100));
  }
  EXPECT_NEAR(pace.images_per_second(), 100, 20);
}

}  // namespace
}  // namespace assay::predict
