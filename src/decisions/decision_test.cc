#include "decisions/decision.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::decisions {
namespace {

TEST(ImagesJson, IsWhatPythonWrites) {
  const std::vector<std::string> images{"a.png", "caf\u00e9 \"b\".png"};
  const std::string json = images_to_json(images);
  EXPECT_EQ(json, R"(["a.png", "caf\u00e9 \"b\".png"])");
  EXPECT_EQ(images_from_json(json).value(), images);
}

TEST(ImagesJson, PathsAndObjectsAreReadToo) {
  EXPECT_EQ(
      images_from_json(R"([{"filename": "a.png", "x": 1}, {"name": "b.png"}, "/c/d.png"])").value(),
      (std::vector<std::string>{"a.png", "b.png", "/c/d.png"}));
  for (const char* wrong :
       {"[]", "{}", "[1]", "[\"\"]", "[{\"path\": \"a\"}]", "", "[\"a\"", "null"}) {
    EXPECT_FALSE(images_from_json(wrong)) << wrong;
  }
}

TEST(CoordsJson, IsWhatPythonWrites) {
  const CropBox box{.x1 = 0, .y1 = 0.1, .x2 = 1e-7, .y2 = 1};
  EXPECT_EQ(coords_to_json(box), "[0.0, 0.1, 1e-07, 1.0]");
  EXPECT_EQ(coords_from_json(coords_to_json(box)).value(), box);
  EXPECT_EQ(coords_from_json("[0, 0, 1, 1]").value(), CropBox());
  for (const char* wrong :
       {"[]", "[0, 0, 1]", "[0, 0, 1, \"1\"]", "[0, 0, 1, 1, 1]", "x", "null"}) {
    EXPECT_FALSE(coords_from_json(wrong)) << wrong;
  }
}

TEST(CropBox, LiesWithinTheImageOrNot) {
  EXPECT_TRUE(is_within_image({}));
  EXPECT_FALSE(is_within_image({.x1 = 0.5, .x2 = 0.5}));
  EXPECT_FALSE(is_within_image({.x1 = -0.1}));
  EXPECT_FALSE(is_within_image({.y2 = 1.01}));
}

TEST(CropBox, OverlapIsTheShareOfTheUnion) {
  EXPECT_DOUBLE_EQ(overlap({.x2 = 0.8, .y2 = 0.8}, {.x1 = 0.1, .y1 = 0, .x2 = 0.9, .y2 = 0.8}),
                   0.56 / 0.72);
  EXPECT_DOUBLE_EQ(overlap({.x2 = 0.4}, {.x1 = 0.6}), 0);
  EXPECT_DOUBLE_EQ(overlap({.x2 = 0}, {.x2 = 0}), 0);
}

TEST(ToPixels, RoundsAndHoldsAPixelAtLeast) {
  EXPECT_EQ(to_pixels({.x1 = .1, .y1 = .2, .x2 = .9, .y2 = .8}, 1920, 1080),
            (PixelBox{.left = 192, .top = 216, .right = 1728, .bottom = 864}));
  // 0.26 * 10 and 0.74 * 10: to the nearest, not towards zero.
  EXPECT_EQ(to_pixels({.x1 = .26, .y1 = .24, .x2 = .74, .y2 = .76}, 10, 10),
            (PixelBox{.left = 3, .top = 2, .right = 7, .bottom = 8}));
  EXPECT_EQ(to_pixels({.x1 = .5, .y1 = .5, .x2 = .5, .y2 = .5}, 1, 3),
            (PixelBox{.left = 0, .top = 2, .right = 1, .bottom = 3}));
  EXPECT_EQ(to_pixels({.x1 = 1, .y1 = 1, .x2 = 1, .y2 = 1}, 10, 10),
            (PixelBox{.left = 9, .top = 9, .right = 10, .bottom = 10}));
  EXPECT_EQ(to_pixels({}, 1, 1), (PixelBox{.left = 0, .top = 0, .right = 1, .bottom = 1}));
}

TEST(CropsMatch, WithinATwentiethOnEachSide) {
  const CropBox box{.x1 = 0.1, .y1 = 0, .x2 = 0.9, .y2 = 0.8};
  EXPECT_TRUE(crops_match(box, {.x1 = 0.11, .y1 = 0.01, .x2 = 0.91, .y2 = 0.79}));
  EXPECT_FALSE(crops_match(box, {.x1 = 0.16, .y1 = 0, .x2 = 0.9, .y2 = 0.8}));
}

TEST(BaseNameOf, IsThePartBehindTheLastSlash) {
  EXPECT_EQ(base_name_of("/a/b.png"), "b.png");
  EXPECT_EQ(base_name_of("b.png"), "b.png");
}

}  // namespace
}  // namespace assay::decisions
