#include "images/resize.h"

#include "core/check.h"
#include "images/resize_internal.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

namespace assay::images {
namespace {

double triangle(double distance) {
  const double x = std::abs(distance);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// R. Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -0.5.
// The order of the operations decides the last bit of a weight: it is PIL's.
double cubic(double distance) {
  constexpr double kA = -0.5;
  const double x = std::abs(distance);
  if (x < 1.0) return ((((kA + 2.0) * x) - (kA + 3.0)) * x * x) + 1.0;
  if (x < 2.0) return ((((((x - 5.0) * x) + 8.0) * x) - 4.0) * kA);
  return 0.0;
}

double sinc(double x) {
  const double angle = x * std::numbers::pi;
  return x == 0.0 ? 1.0 : std::sin(angle) / angle;
}

constexpr double kLanczosRadius = 3.0;

double lanczos(double distance) {
  if (distance < -kLanczosRadius || distance >= kLanczosRadius) return 0.0;
  return sinc(distance) * sinc(distance / kLanczosRadius);
}

struct FilterShape {
  double (*weight_at)(double distance);
  double radius = 0;
};

FilterShape shape_of(ResizeFilter filter) {
  switch (filter) {
    case ResizeFilter::kNearest:
      break;  // a pixel, no shape
    case ResizeFilter::kBilinear:
      return {.weight_at = triangle, .radius = 1.0};
    case ResizeFilter::kBicubic:
      return {.weight_at = cubic, .radius = 2.0};
    case ResizeFilter::kLanczos:
      return {.weight_at = lanczos, .radius = kLanczosRadius};
  }
  std::unreachable();
}

AxisTaps nearest_taps(std::uint32_t num_inputs, std::uint32_t num_outputs, std::uint32_t first,
                      std::uint32_t count) {
  const double scale = static_cast<double>(num_inputs) / num_outputs;
  AxisTaps taps{
      .ranges = {}, .weights = std::vector<std::int32_t>(count, 1 << kWeightBits), .stride = 1};
  // One after the other, as PIL adds them up: at a border between two pixels the last bit decides.
  double place = 0.5 * scale;
  for (std::uint32_t i = 0; i < first + count; ++i) {
    const auto nearest = std::min(static_cast<std::uint32_t>(place), num_inputs - 1);
    if (i >= first) taps.ranges.push_back({.start = nearest, .count = 1});
    place += scale;
  }
  return taps;
}

std::int32_t to_fixed_point(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<std::int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

std::uint8_t from_fixed_point(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

Resample best_resample() {
  if (const Resample by_avx512 = resample_by_avx512()) return by_avx512;
  if (const Resample by_avx2 = resample_by_avx2()) return by_avx2;
  return resample_plainly;
}

}  // namespace

std::uint32_t AxisTaps::first_input() const {
  return std::ranges::min(ranges, {}, &Range::start).start;
}

std::uint32_t AxisTaps::end_input() const {
  std::uint32_t end = 0;
  for (const Range& range : ranges) end = std::max(end, range.start + range.count);
  return end;
}

AxisTaps make_taps(std::uint32_t num_inputs, std::uint32_t num_outputs, std::uint32_t first,
                   std::uint32_t count, ResizeFilter filter) {
  if (filter == ResizeFilter::kNearest) {
    return nearest_taps(num_inputs, num_outputs, first, count);
  }
  const FilterShape shape = shape_of(filter);
  const double scale = static_cast<double>(num_inputs) / num_outputs;
  // A shrinking filter is as much wider as the image gets smaller: that is the antialiasing.
  const double filter_scale = std::max(scale, 1.0);
  const double radius = shape.radius * filter_scale;
  const double inverse_scale = 1.0 / filter_scale;
  AxisTaps taps;
  taps.stride = (static_cast<std::uint32_t>(std::ceil(radius)) * 2) + 1;
  taps.weights.resize(std::size_t{taps.stride} * count);
  std::vector<double> weights(taps.stride);
  for (std::uint32_t i = 0; i < count; ++i) {
    const double center = (first + i + 0.5) * scale;
    const auto start = static_cast<std::uint32_t>(std::max(center - radius + 0.5, 0.0));
    const auto end = static_cast<std::uint32_t>(
        std::min(center + radius + 0.5, static_cast<double>(num_inputs)));
    double sum = 0.0;
    for (std::uint32_t x = start; x < end; ++x) {
      const double distance = x - center + 0.5;
      weights[x - start] = shape.weight_at(distance * inverse_scale);
      sum += weights[x - start];
    }
    for (std::uint32_t x = start; x < end; ++x) {
      const double weight = weights[x - start];
      taps.weights[(std::size_t{taps.stride} * i) + x - start] =
          to_fixed_point(sum != 0.0 ? weight / sum : weight);
    }
    taps.ranges.push_back({.start = start, .count = end - start});
  }
  return taps;
}

void resample_plainly(const Image& image, const AxisTaps& columns, const AxisTaps& rows,
                      std::span<std::uint8_t> into) {
  const std::uint32_t first_row = rows.first_input();
  const std::size_t row_size = columns.ranges.size() * kNumChannels;
  std::vector<std::uint8_t> narrow((rows.end_input() - first_row) * row_size);
  for (std::uint32_t y = first_row; y < rows.end_input(); ++y) {
    std::uint8_t* out = &narrow[(y - first_row) * row_size];
    for (std::size_t i = 0; i < columns.ranges.size(); ++i) {
      const auto [start, count] = columns.ranges[i];
      for (std::size_t channel = 0; channel < kNumChannels; ++channel) {
        std::int32_t sum = kHalf;
        for (std::uint32_t k = 0; k < count; ++k) {
          sum += image.row(y)[((start + k) * kNumChannels) + channel] *
                 columns.weights[(columns.stride * i) + k];
        }
        *out++ = from_fixed_point(sum);
      }
    }
  }
  std::uint8_t* out = into.data();
  for (std::size_t i = 0; i < rows.ranges.size(); ++i) {
    const auto [start, count] = rows.ranges[i];
    for (std::size_t x = 0; x < row_size; ++x) {
      std::int32_t sum = kHalf;
      for (std::uint32_t k = 0; k < count; ++k) {
        sum +=
            narrow[((start - first_row + k) * row_size) + x] * rows.weights[(rows.stride * i) + k];
      }
      *out++ = from_fixed_point(sum);
    }
  }
}

void resize_part(const Image& image, ImageSize size, PixelBox box, ResizeFilter filter,
                 std::span<std::uint8_t> into) {
  CHECK(image.size().num_pixels() > 0 && box.size.num_pixels() > 0, "nothing to resize");
  CHECK(std::uint64_t{box.left} + box.size.width <= size.width &&
            std::uint64_t{box.top} + box.size.height <= size.height,
        "the part lies within the resized image");
  CHECK(into.size() == box.size.num_pixels() * kNumChannels, "room for just the part");
  if (size == image.size()) {  // every weight is 1 or 0
    const std::size_t row_size = box.size.width * kNumChannels;
    for (std::uint32_t y = 0; y < box.size.height; ++y) {
      std::memcpy(&into[y * row_size], image.row(box.top + y) + (box.left * kNumChannels),
                  row_size);
    }
    return;
  }
  static const Resample best = best_resample();
  best(image, make_taps(image.width(), size.width, box.left, box.size.width, filter),
       make_taps(image.height(), size.height, box.top, box.size.height, filter), into);
}

Image resize(const Image& image, ImageSize size, ResizeFilter filter) {
  Image resized = Image::with_size(size);
  resize_part(image, size, {.left = 0, .top = 0, .size = size}, filter, resized.pixels());
  return resized;
}

ClipCrop clip_crop_of(ImageSize size, std::uint32_t side) {
  const std::uint32_t shorter = std::min(size.width, size.height);
  const std::uint32_t longer = std::max(size.width, size.height);
  CHECK(shorter > 0 && side > 0, "nothing to crop");
  // A line of one pixel would be longer than a size can say.
  constexpr double kLongest = std::numeric_limits<std::uint32_t>::max();
  const auto resized_longer = static_cast<std::uint32_t>(std::min(
      static_cast<double>(std::uint64_t{side} * longer) / static_cast<double>(shorter), kLongest));
  // nearbyint() rounds halves to the even number, as Python's round() does.
  const auto offset = static_cast<std::uint32_t>(std::nearbyint((resized_longer - side) / 2.0));
  const ImageSize square{.width = side, .height = side};
  if (size.width <= size.height) {
    return {.resized = {.width = side, .height = resized_longer},
            .box = {.left = 0, .top = offset, .size = square}};
  }
  return {.resized = {.width = resized_longer, .height = side},
          .box = {.left = offset, .top = 0, .size = square}};
}

void clip_crop(const Image& image, std::uint32_t side, std::span<std::uint8_t> into) {
  const ClipCrop crop = clip_crop_of(image.size(), side);
  resize_part(image, crop.resized, crop.box, ResizeFilter::kBicubic, into);
}

}  // namespace assay::images
