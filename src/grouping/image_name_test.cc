#include "grouping/image_name.h"

#include <gtest/gtest.h>

namespace assay::grouping {
namespace {

TEST(ParseImageName, TheStageIsFoundAnywhereInAnyCase) {
  EXPECT_EQ(parse_image_name("a/20250705_120000_stage1_generated.png").stage, Stage::kGenerated);
  EXPECT_EQ(parse_image_name("x_STAGE1.5_Face_Swapped.png").stage, Stage::kFaceSwapped);
  EXPECT_EQ(parse_image_name("stage2_upscaled").stage, Stage::kUpscaled);
  EXPECT_EQ(parse_image_name("xstage3_enhancedx.jpg").stage, Stage::kEnhanced);
  // The first of the list of stages wins, not the first in the name.
  EXPECT_EQ(parse_image_name("stage3_enhanced_stage1_generated.png").stage, Stage::kGenerated);
}

TEST(ParseImageName, AStageWithoutItsWholeSuffixIsUnknown) {
  for (const char* name : {"20250705_120000_stage2.png", "20250705_120000_stage3_final.png",
                           "stage1_generate", "stage", "", "stage1_generated/x.png"}) {
    EXPECT_EQ(parse_image_name(name).stage, Stage::kUnknown) << name;
  }
}

TEST(ParseImageName, TheTimestampBeginsTheBaseName) {
  EXPECT_EQ(parse_image_name("d/20250705_120000_stage1_generated.png").timestamp,
            "20250705_120000");
  EXPECT_EQ(parse_image_name("20251399_999999x").timestamp, "20251399_999999");
  for (const char* name :
       {"test_20250101_120000.png", "._20250705_120000_s1.png", "20250705-120000", "20250705_12000",
        "2025070a_120000", "20250705_120000/x.png"}) {
    EXPECT_EQ(parse_image_name(name).timestamp, "") << name;
  }
}

TEST(ParseImageName, DirectoryAndBaseNameAreApart) {
  EXPECT_EQ(parse_image_name("a/b/c.png").directory, "a/b");
  EXPECT_EQ(parse_image_name("a/b/c.png").base_name, "c.png");
  EXPECT_EQ(parse_image_name("c.png").directory, "");
}

TEST(InstantOf, ADayThatIsNotInTheCalendarIsNone) {
  ASSERT_TRUE(instant_of("20240229_235959"));
  EXPECT_EQ(instant_of("20240229_235959")->time_since_epoch().count(), 1709251199);
  for (const char* text : {"20230229_000000", "20251301_000000", "20250101_240000",
                           "20250101_000060", "00000101_000000", ""}) {
    EXPECT_FALSE(instant_of(text)) << text;
  }
}

TEST(WhyNotImage, WhatListsHoldBesidesImages) {
  EXPECT_EQ(why_not_image("a/b/"), NotImage::kFolder);
  EXPECT_EQ(why_not_image("__MACOSX/a.png"), NotImage::kHidden);
  EXPECT_EQ(why_not_image("a/._b.png"), NotImage::kHidden);
  EXPECT_EQ(why_not_image(".git/b.png"), NotImage::kHidden);
  EXPECT_EQ(why_not_image("a/b.yaml"), NotImage::kOtherFile);
  EXPECT_EQ(why_not_image("x_stage1.5_face_swapped.caption"), NotImage::kOtherFile);
  for (const char* name : {"a.png", "./a.PNG", "../a.jpeg", "a.WebP", "x_stage1_generated",
                           "x_stage1.5_face_swapped", "a.b/c"}) {
    EXPECT_FALSE(why_not_image(name)) << name;
  }
}

}  // namespace
}  // namespace assay::grouping
