#include "generators/framing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::generators {
namespace {

using images::ImageSize;

double ratio(ImageSize size) { return static_cast<double>(size.width) / size.height; }

TEST(Framing, KeepsTheAspectRatioOnACanvasOfWholeSteps) {
  for (const ImageSize source :
       {ImageSize{1280, 720}, ImageSize{1023, 577}, ImageSize{300, 1200}, ImageSize{511, 511}}) {
    const Frame frame = frame_around(source, 768);
    EXPECT_EQ(frame.canvas.width % kSideStep, 0U);
    EXPECT_EQ(frame.canvas.height % kSideStep, 0U);
    EXPECT_LE(frame.canvas.width, 768U);
    EXPECT_LE(frame.canvas.height, 768U);
    EXPECT_NEAR(ratio(frame.inner.size) / ratio(source), 1, 0.01);
    EXPECT_LT(frame.canvas.width - frame.inner.size.width, kSideStep);
  }
}

TEST(Framing, LeavesWhatFitsAsItIs) {
  const Frame frame = frame_around({.width = 640, .height = 360}, 1024);
  EXPECT_EQ(frame.canvas, (ImageSize{640, 360}));
  EXPECT_EQ(frame.inner.size, frame.canvas);
}

TEST(Framing, SetsAWideImageInTheMiddleOfASquareAndTakesItOutAgain) {
  images::Image image = images::Image::with_size({.width = 64, .height = 32});
  for (std::uint32_t y = 0; y < 32; ++y) {
    for (std::uint32_t x = 0; x < 64 * 3; ++x) image.row(y)[x] = static_cast<std::uint8_t>(y * 8);
  }
  const Frame frame = frame_in(image.size(), {.width = 64, .height = 64});
  EXPECT_EQ(frame.inner.top, 16U);
  const images::Image canvas = framed(image, frame);
  EXPECT_EQ(canvas.row(0)[0], 0) << "the border goes on";
  EXPECT_EQ(canvas.row(63)[0], 31 * 8);
  const images::Image back = unframed(canvas, frame);
  ASSERT_EQ(back.size(), image.size());
  EXPECT_TRUE(std::ranges::equal(back.pixels(), image.pixels()));
}

TEST(Framing, TakesTheSamePartOfACanvasThatCameBackLarger) {
  const Frame frame = frame_in({.width = 64, .height = 32}, {.width = 64, .height = 64});
  const images::Image larger = images::Image::with_size({.width = 128, .height = 128});
  EXPECT_EQ(unframed(larger, frame).size(), (ImageSize{128, 64}));
}

}  // namespace
}  // namespace assay::generators
