#include "embedding/time_sampler.h"

#include "archives/testing/zip_builder.h"
#include "embedding/testing/fake_models.h"
#include "files/testing/temporary_folder.h"
#include "grouping/image_name.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

namespace assay::embedding {
namespace {

/// Every look at it takes a second, so that what is measured is known.
class TickingClock final : public Clock {
 public:
  Timestamp now() const override { return Timestamp(); }
  std::chrono::nanoseconds monotonic() const override { return std::chrono::seconds(++ticks_); }

 private:
  mutable std::atomic<int> ticks_ = 0;
};

class TimeSamplerTest : public ::testing::Test {
 protected:
  std::unique_ptr<archives::EntrySource> source_of(int num_images, int num_broken) const {
    archives::testing::ZipBuilder zip;
    for (int i = 0; i < num_images; ++i) {
      zip.add(std::to_string(i) + ".png",
              i < num_broken ? "not an image" : testing::png_of(8, 8, 1));
    }
    const std::filesystem::path path = folder_.path() / "a.zip";
    std::ofstream(path, std::ios::binary) << zip.finish();
    auto source = archives::open_entry_source(files::posix_file_system(), path,
                                              {.extensions = grouping::image_extensions()});
    EXPECT_TRUE(source);
    return std::move(*source);
  }

  files::testing::TemporaryFolder folder_;
  TickingClock clock_;
  testing::FakeEmbedder embedder_;
};

TEST_F(TimeSamplerTest, AddsThePartsOfAllWorkers) {
  TimeSampler sampler(clock_, &embedder_, {.num_samples = 8, .num_workers = 2});
  const auto time = sampler.measure(*source_of(20, 0));
  ASSERT_TRUE(time);
  EXPECT_EQ(time->num_samples, 8U);
  // A second for the samples, and one for 2 batches of 4 on 2 workers.
  EXPECT_DOUBLE_EQ(time->prepare_seconds_per_image, 1.0 / 8);
  EXPECT_DOUBLE_EQ(sampler.basis().model_seconds_per_image.value_or(0), 1.0 / 16);
  EXPECT_DOUBLE_EQ(time->seconds_per_image, (1.0 / 8 / 2) + (1.0 / 16));
  // A batch to warm up, for each worker, and the model is measured once for all sources.
  EXPECT_EQ(embedder_.num_embedded(), 3U * 2 * 4);
  ASSERT_TRUE(sampler.measure(*source_of(3, 0)));
  EXPECT_EQ(embedder_.num_embedded(), 3U * 2 * 4);
  EXPECT_EQ(sampler.basis().num_samples, 11U);
}

TEST_F(TimeSamplerTest, KeepingVectorsTakesTimeToo) {
  const std::filesystem::path scratch = folder_.path() / "scratch";
  TimeSampler sampler(clock_, &embedder_,
                      {.num_samples = 8,
                       .num_workers = 2,
                       .scratch = ScratchPlace{&files::posix_file_system(), scratch}});
  const auto time = sampler.measure(*source_of(20, 0));
  ASSERT_TRUE(time);
  // A second for 4 batches of 4.
  EXPECT_DOUBLE_EQ(sampler.basis().store_seconds_per_image.value_or(0), 1.0 / 16);
  EXPECT_DOUBLE_EQ(time->seconds_per_image, ((1.0 / 8 + 1.0 / 16) / 2) + (1.0 / 16));
  EXPECT_FALSE(std::filesystem::exists(scratch));
}

TEST_F(TimeSamplerTest, ADiskThatCannotBeWrittenIsLeftOut) {
  TimeSampler sampler(
      clock_, &embedder_,
      {.scratch = ScratchPlace{&files::posix_file_system(), folder_.path() / "absent" / "file"}});
  ASSERT_TRUE(sampler.measure(*source_of(3, 0)));
  EXPECT_FALSE(sampler.basis().store_seconds_per_image);
}

TEST_F(TimeSamplerTest, SamplesComeFromAllOverTheSource) {
  // The first half is broken: half of the samples must be.
  TimeSampler sampler(clock_, nullptr, {.num_samples = 10});
  const auto time = sampler.measure(*source_of(40, 15));
  ASSERT_TRUE(time);
  EXPECT_GT(time->num_failed, 1U);
  EXPECT_LT(time->num_failed, 9U);
  EXPECT_FALSE(sampler.basis().model_seconds_per_image);
}

TEST_F(TimeSamplerTest, WithoutAnImageThereIsNoTime) {
  TimeSampler sampler(clock_, &embedder_, {});
  EXPECT_FALSE(sampler.measure(*source_of(5, 5)));
  EXPECT_FALSE(sampler.measure(*source_of(0, 0)));
  EXPECT_EQ(embedder_.num_embedded(), 0U);
}

TEST_F(TimeSamplerTest, AModelThatFailsIsNamedAndLeftOut) {
  embedder_.fail_after(0);
  TimeSampler sampler(clock_, &embedder_, {});
  const auto time = sampler.measure(*source_of(5, 0));
  ASSERT_TRUE(time);
  EXPECT_DOUBLE_EQ(time->seconds_per_image, time->prepare_seconds_per_image);
  EXPECT_NE(sampler.basis().model_problem.find("broke down"), std::string::npos);
}

}  // namespace
}  // namespace assay::embedding
