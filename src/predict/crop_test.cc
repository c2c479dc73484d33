#include "predict/crop.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

namespace assay::predict {
namespace {

constexpr CropOptions kFree{.aspect_ratio = AspectRatio::kFree};

void expect_box(const std::optional<decisions::CropBox>& box, const decisions::CropBox& expected) {
  ASSERT_TRUE(box.has_value());
  EXPECT_NEAR(box->x1, expected.x1, 1e-6);
  EXPECT_NEAR(box->y1, expected.y1, 1e-6);
  EXPECT_NEAR(box->x2, expected.x2, 1e-6);
  EXPECT_NEAR(box->y2, expected.y2, 1e-6);
}

TEST(UsableCrop, KeepsAGoodBox) {
  expect_box(usable_crop({0.2F, 0.3F, 0.7F, 0.8F}, {}), {0.2, 0.3, 0.7, 0.8});
  expect_box(usable_crop({0.2F, 0.3F, 0.7F, 0.9F}, kFree), {0.2, 0.3, 0.7, 0.9});
}

TEST(UsableCrop, PutsCornersInOrder) {
  expect_box(usable_crop({0.7F, 0.8F, 0.2F, 0.3F}, {}), {0.2, 0.3, 0.7, 0.8});
}

TEST(UsableCrop, ALockedOneHasTheSameAreaAndMiddle) {
  const auto box = usable_crop({0.2F, 0.4F, 0.8F, 0.6F}, {});
  ASSERT_TRUE(box.has_value());
  EXPECT_NEAR(box->x2 - box->x1, box->y2 - box->y1, 1e-9);
  EXPECT_NEAR((box->x2 - box->x1) * (box->y2 - box->y1), 0.12, 1e-6);
  EXPECT_NEAR(box->x1 + box->x2, 1.0, 1e-6);
}

TEST(UsableCrop, MovesInwardsInsteadOfShrinking) {
  const auto box = usable_crop({0.0F, 0.0F, 0.1F, 0.9F}, {});
  ASSERT_TRUE(box.has_value());
  EXPECT_EQ(box->x1, 0);
  EXPECT_NEAR(box->x2 - box->x1, 0.3, 1e-6);
}

TEST(UsableCrop, IsNoSmallerThanAllowed) {
  expect_box(usable_crop({0.5F, 0.5F, 0.5F, 0.5F}, {}), {0.45, 0.45, 0.55, 0.55});
  expect_box(usable_crop({0.5F, 0.5F, 0.5F, 0.5F}, kFree), {0.45, 0.45, 0.55, 0.55});
}

TEST(UsableCrop, SnapsToTheEdge) {
  expect_box(usable_crop({0.005F, 0.2F, 0.995F, 0.8F}, kFree), {0, 0.2, 1, 0.8});
}

TEST(UsableCrop, NearlyEverythingIsNoCrop) {
  EXPECT_EQ(usable_crop({0.0F, 0.0F, 1.0F, 1.0F}, {}), std::nullopt);
  EXPECT_EQ(usable_crop({0.01F, 0.01F, 0.99F, 0.99F}, {}), std::nullopt);
}

TEST(UsableCrop, WhatIsNoNumberIsNoCrop) {
  EXPECT_EQ(usable_crop({0.1F, std::numeric_limits<float>::quiet_NaN(), 0.5F, 0.5F}, {}),
            std::nullopt);
}

TEST(UsableCrop, IsAlwaysWithinTheImage) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> number(-0.5F, 1.5F);
  for (int i = 0; i < 10'000; ++i) {
    const std::array<float, 4> raw = {number(random), number(random), number(random),
                                      number(random)};
    for (const CropOptions& options : {CropOptions{}, kFree}) {
      const auto box = usable_crop(raw, options);
      if (!box) continue;
      ASSERT_GE(box->x1, 0);
      ASSERT_GE(box->y1, 0);
      ASSERT_LE(box->x2, 1);
      ASSERT_LE(box->y2, 1);
      ASSERT_GE(box->x2 - box->x1, options.min_side - 1e-9);
      ASSERT_GE(box->y2 - box->y1, options.min_side - 1e-9);
    }
  }
}

}  // namespace
}  // namespace assay::predict
