#include "jobs/image_check.h"

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "images/encode.h"
#include "images/scene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace assay::jobs {
namespace {

using storage::StoreAddress;
using storage::StoreKind;

const StoreAddress kLocalStore = {.kind = StoreKind::kLocal, .bucket = {}, .key = "/store"};
const StoreAddress kBucket = {.kind = StoreKind::kS3, .bucket = "images", .key = "sn72"};

TEST(KeyInPlace, OfAFolder) {
  EXPECT_EQ(key_in_place(kLocalStore, "a.png"), "a.png");
  EXPECT_EQ(key_in_place(kLocalStore, "x/./y/../a.png"), "x/a.png");
  EXPECT_EQ(key_in_place(kLocalStore, "/x/a.png"), "x/a.png");
  EXPECT_EQ(key_in_place(kLocalStore, "file:///store/x/a.png"), "x/a.png");
  const StoreAddress with_slash = {.kind = StoreKind::kLocal, .bucket = {}, .key = "/store/"};
  EXPECT_EQ(key_in_place(with_slash, "file:///store/x/a.png"), "x/a.png");
  EXPECT_EQ(key_in_place(with_slash, "file:///store/"), std::nullopt);
}

TEST(KeyInPlace, NothingLeadsOutOfAFolder) {
  for (const std::string_view uri :
       {"../a.png", "x/../../a.png", "/../../etc/passwd", "file:///etc/passwd",
        "file:///store/../etc/passwd", "file:///storehouse/a.png", "file:///store", "", ".", "/",
        "http://127.0.0.1/a.png", "https://example.org/a.png", "s3://images/a.png",
        "gs://images/a.png", "file://host/store/a.png", "ftp://x/a.png"}) {
    EXPECT_EQ(key_in_place(kLocalStore, uri), std::nullopt) << uri;
  }
}

TEST(KeyInPlace, OfABucket) {
  EXPECT_EQ(key_in_place(kBucket, "s3://images/sn72/a.png"), "sn72/a.png");
  EXPECT_EQ(key_in_place(kBucket, "a.png"), "sn72/a.png");
  for (const std::string_view uri :
       {"s3://images/other/a.png", "s3://images/sn72", "s3://images/sn72/../a.png",
        "s3://others/sn72/a.png", "gs://images/sn72/a.png", "file:///sn72/a.png", "../a.png"}) {
    EXPECT_EQ(key_in_place(kBucket, uri), std::nullopt) << uri;
  }
}

class ImageCheckerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ledger = JobLedger::open(file_system_, "/jobs", clock_.now());
    ASSERT_TRUE(ledger);
    ledger_ = std::move(*ledger);
    store_ = storage::open_local_store(file_system_, "/store");
    checker_ = std::make_unique<ImageChecker>(
        *ledger_, ImagePlace{.store = store_.get(), .address = kLocalStore},
        ImageCheckOptions{.max_size = ByteCount(1U << 20), .max_pixels = 200'000});
  }

  static images::Image scene(std::uint64_t seed, std::uint32_t width = 320) {
    return images::draw_scene(images::plan_scene(seed, images::SceneLabel::kRoadwork),
                              {.width = width, .height = 180});
  }

  void put(std::string_view key, std::span<const std::byte> bytes) {
    ASSERT_TRUE(store_->put(key, bytes));
  }
  void put_png(std::string_view key, const images::Image& image) {
    const auto png = images::encode_png(image);
    ASSERT_TRUE(png);
    put(key, *png);
  }

  /// A job whose miner claims `uri`, in the ledger.
  Job claim(std::string uri) {
    const JobId id = JobId({std::byte{++num_jobs_}});
    const std::string task = "task-" + std::to_string(num_jobs_);
    EXPECT_TRUE(ledger_->add_sent(std::vector{
        JobSent{.id = id, .at = clock_.now(), .deadline = clock_.now() + std::chrono::hours(1)}}));
    EXPECT_TRUE(ledger_->add_answers(
        std::vector{JobAnswered{.id = id, .kind = AnswerKind::kAccepted, .text = task}}));
    EXPECT_EQ(ledger_->take_callback(keys::Hotkey(keys::AccountId{}),
                                     {.task_id = task,
                                      .outcome = protocol::JobOutcome::kCompleted,
                                      .has_image = true,
                                      .image_uri = std::move(uri)},
                                     clock_.now()),
              CallbackOutcome::kTaken);
    return *ledger_->find(id);
  }

  /// The verdict on a claim, recorded.
  ImageCheck check(std::string uri) {
    const Job job = claim(std::move(uri));
    const CheckedImage checked = checker_->check(job, clock_.now());
    EXPECT_EQ(checked.bytes.empty(), checked.check.verdict != ImageVerdict::kSound);
    EXPECT_TRUE(ledger_->add_check(job.id, checked.check));
    return checked.check;
  }

  assay::testing::FakeClock clock_;
  files::testing::SimulatedFileSystem file_system_;
  std::unique_ptr<JobLedger> ledger_;
  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<ImageChecker> checker_;
  std::uint8_t num_jobs_ = 0;
};

TEST_F(ImageCheckerTest, ASoundImageIsDescribed) {
  put_png("a.png", scene(1));
  const ImageCheck found = check("file:///store/a.png");
  EXPECT_EQ(found.verdict, ImageVerdict::kSound) << found.reason;
  EXPECT_EQ(found.size.width, 320U);
  EXPECT_TRUE(found.content);
  EXPECT_NE(found.look, 0U);
  EXPECT_EQ(found.size_bytes, store_->info("a.png")->value().size.count());
}

TEST_F(ImageCheckerTest, WhatIsNotThereIsAbsent) {
  EXPECT_EQ(check("nothing.png").verdict, ImageVerdict::kAbsent);
  EXPECT_EQ(check("gs://elsewhere/a.png").verdict, ImageVerdict::kElsewhere);
}

TEST_F(ImageCheckerTest, WhatIsNoImageIsBroken) {
  put("a.png", as_bytes("<html>not found</html>"));
  EXPECT_EQ(check("a.png").verdict, ImageVerdict::kBroken);
  auto png = *images::encode_png(scene(1));
  put("b.png", std::span(png).first(png.size() / 2));
  EXPECT_EQ(check("b.png").verdict, ImageVerdict::kBroken);
  put("empty.png", {});
  EXPECT_EQ(check("empty.png").verdict, ImageVerdict::kBroken);
}

TEST_F(ImageCheckerTest, WhatIsTooLargeIsNotLookedAt) {
  put("bytes.png", std::vector<std::byte>((1U << 20) + 1));
  EXPECT_EQ(check("bytes.png").verdict, ImageVerdict::kTooLarge);
  put_png("pixels.png", scene(1, 1200));
  EXPECT_EQ(check("pixels.png").verdict, ImageVerdict::kTooLarge);
}

TEST_F(ImageCheckerTest, OneColourIsBlank) {
  images::Image image = images::Image::with_size({.width = 64, .height = 64});
  std::ranges::fill(image.pixels(), std::uint8_t{90});
  put_png("a.png", image);
  EXPECT_EQ(check("a.png").verdict, ImageVerdict::kBlank);
}

TEST_F(ImageCheckerTest, TheSameImageAgainIsADuplicate) {
  put_png("a.png", scene(1));
  put_png("c.png", scene(2));
  const auto jpeg = images::encode_jpeg(scene(1), {.quality = 60});
  ASSERT_TRUE(jpeg);
  put("b.jpg", *jpeg);
  EXPECT_EQ(check("a.png").verdict, ImageVerdict::kSound);
  const ImageCheck again = check("a.png");
  EXPECT_EQ(again.verdict, ImageVerdict::kDuplicate);
  EXPECT_EQ(again.duplicate_of, JobId({std::byte{1}}));
  EXPECT_EQ(check("b.jpg").verdict, ImageVerdict::kDuplicate);
  EXPECT_EQ(check("c.png").verdict, ImageVerdict::kSound);
}

TEST_F(ImageCheckerTest, AStoreThatIsAwaySaysNothingAboutTheMiner) {
  put_png("a.png", scene(1));
  const Job job = claim("a.png");
  file_system_.inject(
      {.operation = file_system_.num_operations() + 1, .error = unavailable("the disk is away")});
  const ImageCheck found = checker_->check(job, clock_.now()).check;
  EXPECT_EQ(found.verdict, ImageVerdict::kUnreachable);
  EXPECT_FALSE(is_false_claim(found.verdict));
  EXPECT_EQ(checker_->check(job, clock_.now()).check.verdict, ImageVerdict::kSound);
}

}  // namespace
}  // namespace assay::jobs
