#include "images/canvas.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace assay::images {
namespace {

// A pixel has so many steps in x, and so many lines in y.
constexpr std::int64_t kSteps = 256;
constexpr std::int64_t kLines = 4;
constexpr std::int64_t kFull = kSteps * kLines;
// Farther out nothing is seen; the products below stay within 64 bits.
constexpr double kFarthest = 1 << 20;

std::int64_t to_steps(double pixels) {
  const double within = std::clamp(pixels, -kFarthest, kFarthest);
  return static_cast<std::int64_t>(std::floor((within * kSteps) + 0.5));
}

struct Edge {
  std::int64_t x, y, to_x, to_y;
};

std::uint32_t hash(std::uint32_t x, std::uint32_t y, std::uint64_t seed) {
  std::uint64_t mixed = seed ^ (std::uint64_t{x} << 32 | y);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) >> 32);
}

int corner(std::uint32_t x, std::uint32_t y, std::uint64_t seed) {
  return static_cast<int>(hash(x, y, seed) >> 23) - 256;
}

int between(int from, int to, int share, int whole) {
  return from + (((to - from) * share) / whole);
}

}  // namespace

Paint plain(Color color, std::uint8_t opacity) {
  return {.top = color, .bottom = color, .opacity = opacity};
}

int noise_at(std::uint32_t x, std::uint32_t y, int scale, std::uint64_t seed) {
  const std::uint32_t column = x >> scale;
  const std::uint32_t line = y >> scale;
  if (scale == 0) return corner(column, line, seed);
  const int cell = 1 << scale;
  const int across = static_cast<int>(x - (column << scale));
  const int down = static_cast<int>(y - (line << scale));
  const int upper =
      between(corner(column, line, seed), corner(column + 1, line, seed), across, cell);
  const int lower =
      between(corner(column, line + 1, seed), corner(column + 1, line + 1, seed), across, cell);
  return between(upper, lower, down, cell);
}

Canvas::Canvas(ImageSize size) : image_(Image::with_size(size)), coverage_(size.width + 2) {
  CHECK(size.num_pixels() > 0, "a canvas without pixels");
  std::ranges::fill(image_.pixels(), std::uint8_t{0});
}

void Canvas::fill(std::span<const Point> polygon, const Paint& paint) {
  if (polygon.size() < 3 || paint.opacity == 0) return;
  std::vector<Edge> edges;
  std::int64_t highest = static_cast<std::int64_t>(kFarthest) * kSteps;
  std::int64_t lowest = -highest;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& from = polygon[i];
    const Point& to = polygon[(i + 1) % polygon.size()];
    Edge edge{.x = to_steps(from.x),
              .y = to_steps(from.y),
              .to_x = to_steps(to.x),
              .to_y = to_steps(to.y)};
    if (edge.y > edge.to_y) {
      std::swap(edge.x, edge.to_x);
      std::swap(edge.y, edge.to_y);
    }
    highest = std::min(highest, edge.y);
    lowest = std::max(lowest, edge.to_y);
    if (edge.y != edge.to_y) edges.push_back(edge);
  }
  const std::int64_t width = std::int64_t{image_.width()} * kSteps;
  const std::int64_t height = image_.height();
  const std::int64_t first_row = std::max<std::int64_t>(highest / kSteps - 1, 0);
  const std::int64_t end_row = std::min(lowest / kSteps + 1, height);
  for (std::int64_t row = first_row; row < end_row; ++row) {
    std::int64_t first = width;
    std::int64_t last = 0;
    for (std::int64_t line = 0; line < kLines; ++line) {
      const std::int64_t y = row * kSteps + line * (kSteps / kLines) + kSteps / kLines / 2;
      crossings_.clear();
      for (const Edge& edge : edges) {
        if (y < edge.y || y >= edge.to_y) continue;
        crossings_.push_back(edge.x + (y - edge.y) * (edge.to_x - edge.x) / (edge.to_y - edge.y));
      }
      std::ranges::sort(crossings_);
      for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2) {
        const std::int64_t from = std::clamp<std::int64_t>(crossings_[i], 0, width);
        const std::int64_t to = std::clamp<std::int64_t>(crossings_[i + 1], 0, width);
        if (from >= to) continue;
        first = std::min(first, from);
        last = std::max(last, to);
        // What a line covers, as differences between neighbours in x.
        const auto add = [&](std::int64_t at, std::int64_t sign) {
          const auto pixel = static_cast<std::size_t>(at / kSteps);
          const std::int64_t within = at % kSteps;
          coverage_[pixel] += static_cast<std::int32_t>(sign * (kSteps - within));
          coverage_[pixel + 1] += static_cast<std::int32_t>(sign * within);
        };
        add(from, 1);
        add(to, -1);
      }
    }
    if (first < last) {
      blend_row(static_cast<std::uint32_t>(row), first / kSteps, (last - 1) / kSteps + 1, paint);
    }
  }
}

void Canvas::blend_row(std::uint32_t y, std::int64_t first, std::int64_t last, const Paint& paint) {
  const std::int64_t top = to_steps(paint.y_top);
  const std::int64_t range = to_steps(paint.y_bottom) - top;
  int share = 0;
  if (range > 0) {
    share = static_cast<int>(
        std::clamp<std::int64_t>((std::int64_t{y} * kSteps - top) * 256 / range, 0, 256));
  }
  const std::array<int, kNumChannels> color = {
      between(paint.top.red, paint.bottom.red, share, 256),
      between(paint.top.green, paint.bottom.green, share, 256),
      between(paint.top.blue, paint.bottom.blue, share, 256)};
  constexpr std::int64_t kWhole = kFull * 255;
  std::uint8_t* const pixels = image_.row(y);
  std::int64_t covered = 0;
  for (std::int64_t x = first; x < last; ++x) {
    const auto column = static_cast<std::size_t>(x);
    covered += coverage_[column];
    coverage_[column] = 0;
    if (covered <= 0) continue;
    const std::int64_t weight = std::min(covered, kFull) * paint.opacity;
    int light = 0;
    if (paint.grain > 0) {
      const auto at = static_cast<std::uint32_t>(x);
      light = noise_at(at, y, paint.grain_scale, paint.grain_seed) * paint.grain / 256;
    }
    for (std::size_t channel = 0; channel < kNumChannels; ++channel) {
      std::uint8_t& sample = pixels[column * kNumChannels + channel];
      const std::int64_t wanted = std::clamp(color[channel] + light, 0, 255);
      sample = static_cast<std::uint8_t>(
          (sample * (kWhole - weight) + wanted * weight + kWhole / 2) / kWhole);
    }
  }
  // A crossing at the end of the last pixel has left its differences behind it.
  for (std::int64_t x = last; x < last + 2 && x < std::ssize(coverage_); ++x) {
    coverage_[static_cast<std::size_t>(x)] = 0;
  }
}

}  // namespace assay::images
