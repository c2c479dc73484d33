#include "images/canvas.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace assay::images {
namespace {

constexpr Color kWhite{.red = 255, .green = 255, .blue = 255};

std::array<Point, 4> box(double left, double top, double right, double bottom) {
  return {{{left, top}, {right, top}, {right, bottom}, {left, bottom}}};
}

TEST(Canvas, CoversAPixelByTheShareOfItThatLiesInside) {
  Canvas canvas({.width = 8, .height = 4});
  canvas.fill(box(1.5, 1, 4.25, 2.5), plain(kWhite));
  const Image image = canvas.take();
  const auto at = [&](std::uint32_t x, std::uint32_t y) {
    return int{image.row(y)[std::size_t{x} * 3]};
  };
  EXPECT_EQ(at(0, 1), 0);
  EXPECT_EQ(at(1, 1), 128) << "half of it";
  EXPECT_EQ(at(2, 1), 255);
  EXPECT_EQ(at(4, 1), 64) << "a quarter";
  EXPECT_EQ(at(5, 1), 0);
  EXPECT_EQ(at(2, 2), 128) << "half of the row";
  EXPECT_EQ(at(2, 0), 0);
  EXPECT_EQ(at(2, 3), 0);
}

TEST(Canvas, CutsOffWhatLiesOutside) {
  Canvas canvas({.width = 5, .height = 5});
  canvas.fill(box(-1e9, -1e9, 1e9, 2), plain(kWhite));
  canvas.fill(box(7, 0, 9, 9), plain(kWhite));
  canvas.fill(box(-9, 3, -2, 9), plain(kWhite));
  const Image image = canvas.take();
  for (std::uint32_t y = 0; y < 5; ++y) {
    for (std::uint32_t x = 0; x < 5; ++x)
      EXPECT_EQ(image.row(y)[std::size_t{x} * 3], y < 2 ? 255 : 0);
  }
}

TEST(Canvas, MixesByOpacityAndFromTopToBottom) {
  Canvas canvas({.width = 1, .height = 5});
  canvas.fill(box(0, 0, 1, 5), {.top = {}, .bottom = {.red = 200}, .y_top = 0, .y_bottom = 4});
  canvas.fill(box(0, 4, 1, 5), plain(kWhite, 51));
  const Image image = canvas.take();
  EXPECT_EQ(image.row(0)[0], 0);
  EXPECT_EQ(image.row(2)[0], 100);
  EXPECT_EQ(image.row(4)[0], 211) << "200, and a fifth of the way to 255";
}

TEST(Canvas, NoiseIsSmoothWithinItsCells) {
  for (std::uint32_t x = 0; x < 500; ++x) {
    EXPECT_LE(std::abs(noise_at(x, 7, 6, 3) - noise_at(x + 1, 7, 6, 3)), 10);
  }
  EXPECT_NE(noise_at(3, 4, 0, 1), noise_at(3, 4, 0, 2));
}

}  // namespace
}  // namespace assay::images
