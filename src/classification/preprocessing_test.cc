#include "classification/preprocessing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::classification {
namespace {

constexpr std::string_view kVit =
    R"({"do_normalize": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.25, 1], "size": 224})";

images::Image plain(images::ImageSize size, std::uint8_t colour) {
  images::Image image = images::Image::with_size(size);
  std::ranges::fill(image.pixels(), colour);
  return image;
}

TEST(Preprocessing, TakesWhatOldFilesLeaveOutAsTheirToolsDo) {
  const auto read = parse_preprocessing(kVit);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->input_size(), (images::ImageSize{.width = 224, .height = 224}));
  EXPECT_EQ(read->rule, ResizeRule::kExact);
  EXPECT_EQ(read->filter, images::ResizeFilter::kBilinear);
  EXPECT_DOUBLE_EQ(read->scale, 1.0 / 255);
  EXPECT_FALSE(read->crop);
  EXPECT_EQ(read->deviation[1], 0.25);
}

TEST(Preprocessing, ReadsACutAfterTheShorterSide) {
  const auto read = parse_preprocessing(
      R"({"size": {"shortest_edge": 256}, "resample": 3, "do_center_crop": true, "do_rescale": false,
          "crop_size": {"height": 224, "width": 200}, "do_normalize": false})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->rule, ResizeRule::kShortestEdge);
  EXPECT_EQ(read->filter, images::ResizeFilter::kBicubic);
  EXPECT_EQ(read->input_size(), (images::ImageSize{.width = 200, .height = 224}));
  EXPECT_EQ(read->scale, 1);
  EXPECT_EQ(read->mean[0], 0);
}

// The sizes come from the sources of transformers' processors of these names.
TEST(Preprocessing, ReadsWhatEachProcessorMeansByItsSize) {
  struct Case {
    std::string_view text;
    ResizeRule rule;
    std::uint32_t resized;
    std::uint32_t seen;
  };
  for (
      const Case& wanted : std::to_array<Case>({
          {R"("feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.875, "size": 224)",
           ResizeRule::kShortestEdge, 256, 224},
          {R"("image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224})",
           ResizeRule::kShortestEdge, 256, 224},
          {R"("crop_pct": 1.0, "size": {"shortest_edge": 384})", ResizeRule::kExact, 384, 384},
          {R"("crop_pct": 0.9, "size": 224, "do_center_crop": true,
               "crop_size": {"height": 224, "width": 224})",
           ResizeRule::kShortestEdge, 248, 224},
          {R"("image_processor_type": "LevitImageProcessor", "size": {"shortest_edge": 224},
               "do_center_crop": true, "crop_size": {"height": 224, "width": 224})",
           ResizeRule::kShortestEdge, 256, 224},
          {R"("feature_extractor_type": "LevitFeatureExtractor", "size": 224,
               "do_center_crop": true, "crop_size": 224)",
           ResizeRule::kShortestEdge, 256, 224},
      })) {
    const auto read =
        parse_preprocessing("{" + std::string(wanted.text) + R"(, "do_normalize": false})");
    ASSERT_TRUE(read) << wanted.text << ": " << read.error().message;
    EXPECT_EQ(read->rule, wanted.rule) << wanted.text;
    EXPECT_EQ(read->resized.width, wanted.resized) << wanted.text;
    EXPECT_EQ(read->input_size().width, wanted.seen) << wanted.text;
  }
}

TEST(Preprocessing, NamesTheFieldThatItCannotFollow) {
  const auto words = [](std::string_view text) {
    return parse_preprocessing(text).error().message;
  };
  const std::string tail = R"(, "do_normalize": false})";
  EXPECT_TRUE(words("{}").starts_with("size: expected"));
  EXPECT_TRUE(words(R"({"size": {"longest_edge": 9})" + tail).starts_with("size: expected"));
  EXPECT_TRUE(words(R"({"size": {"height": 9})" + tail).starts_with("size.width: expected"));
  EXPECT_TRUE(words(R"({"size": 0)" + tail).starts_with("size: expected"));
  EXPECT_TRUE(words(R"({"size": 9, "resample": 4)" + tail).starts_with("resample: expected 0"));
  EXPECT_TRUE(words(R"({"size": 9, "resample": -1)" + tail).starts_with("resample: expected 0"));
  EXPECT_TRUE(words(R"({"size": 9, "do_pad": true)" + tail).starts_with("do_pad: expected"));
  EXPECT_TRUE(words(R"({"size": 9, "do_resize": "yes")" + tail).starts_with("do_resize: expected"));
  EXPECT_TRUE(words(R"({"size": 9, "rescale_factor": 0)" + tail).starts_with("rescale_factor:"));
  EXPECT_TRUE(words(R"({"size": 9, "do_center_crop": true)" + tail).starts_with("size: expected"));
  EXPECT_TRUE(words(R"({"size": 9, "crop_pct": 2)" + tail).starts_with("crop_pct: expected"));
  EXPECT_TRUE(
      words(R"({"size": 900, "crop_pct": 0.2, "do_center_crop": true, "crop_size": 9)" + tail)
          .starts_with("crop_pct: expected a share"));
  EXPECT_TRUE(words(R"({"size": 9, "include_top": true)" + tail).starts_with("include_top:"));
  EXPECT_TRUE(words(R"({"size": 9, "crop_pct": "a")" + tail).starts_with("crop_pct: expected"));
  EXPECT_TRUE(words(R"({"size": {"height": 9, "width": 9}, "crop_pct": 0.9)" + tail)
                  .starts_with("size.shortest_edge: expected"));
  EXPECT_TRUE(words(R"({"size": {"shortest_edge": 9})" + tail).starts_with("do_center_crop:"));
  EXPECT_TRUE(
      words(R"({"size": {"shortest_edge": 9}, "do_center_crop": true, "crop_size": 10)" + tail)
          .starts_with("crop_size: expected"));
  EXPECT_TRUE(words(R"({"size": 9})").starts_with("image_mean: expected three numbers"));
  EXPECT_TRUE(words(R"({"size": 9, "image_mean": [0, 0, 0], "image_std": [1, 1, 0]})")
                  .starts_with("image_std: expected three numbers above 0"));
  EXPECT_EQ(parse_preprocessing("[]").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse_preprocessing("{").error().code, ErrorCode::kCorrupt);
}

TEST(Prepare, ScalesEachColourIntoAPlaneOfItsOwn) {
  auto preprocessing = parse_preprocessing(kVit);
  ASSERT_TRUE(preprocessing);
  preprocessing->resized = {.width = 3, .height = 2};
  const auto input = prepare(plain({.width = 5, .height = 5}, 255), *preprocessing);
  ASSERT_EQ(input.size(), 18U);
  EXPECT_EQ(input[0], 1.0F);
  EXPECT_EQ(input[6], 2.0F);
  EXPECT_EQ(input[17], 0.5F);
}

TEST(Prepare, MovesAndDividesTwiceAsEfficientNetsProcessor) {
  const auto preprocessing = parse_preprocessing(
      R"({"size": {"height": 1, "width": 1}, "resample": 0, "include_top": true,
          "rescale_offset": true, "rescale_factor": 0.00784313725490196,
          "image_mean": [0, 0.5, 0], "image_std": [0.5, 0.5, 1]})");
  ASSERT_TRUE(preprocessing) << preprocessing.error().message;
  const auto input = prepare(plain({.width = 1, .height = 1}, 255), *preprocessing);
  EXPECT_EQ(input, (std::vector<float>{4, 2, 1}));
}

TEST(Prepare, PutsBlueFirstAsMobileVitsProcessor) {
  const auto preprocessing = parse_preprocessing(
      R"({"size": {"shortest_edge": 1}, "do_center_crop": true, "crop_size": 1,
          "do_flip_channel_order": true})");
  ASSERT_TRUE(preprocessing) << preprocessing.error().message;
  images::Image image = plain({.width = 1, .height = 1}, 0);
  image.pixels()[0] = 255;
  EXPECT_EQ(prepare(image, *preprocessing), (std::vector<float>{0, 0, 1}));
}

TEST(Prepare, LooksAtTheMiddleOfALongImage) {
  Preprocessing preprocessing{.rule = ResizeRule::kShortestEdge,
                              .resized = {.width = 2, .height = 2},
                              .crop = images::ImageSize{.width = 2, .height = 2}};
  // A third of it is white: the third in the middle.
  images::Image image = plain({.width = 12, .height = 4}, 0);
  for (std::uint32_t y = 0; y < 4; ++y) std::fill_n(image.row(y) + std::size_t{4} * 3, 12, 255);
  const auto input = prepare(image, preprocessing);
  ASSERT_EQ(input.size(), 12U);
  for (const float value : input) EXPECT_GT(value, 0.7F);
}

}  // namespace
}  // namespace assay::classification
