#include "images/transform.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

namespace assay::images {
namespace {

constexpr double kMaxSample = 255;
constexpr double kMaxDeviation = 50;
constexpr std::array<double, kNumChannels> kGreyWeights = {0.299, 0.587, 0.114};

std::uint8_t to_sample(double value) {
  return static_cast<std::uint8_t>(std::lrint(std::clamp(value, 0.0, kMaxSample)));
}

double grey_of(const std::uint8_t* pixel) {
  double grey = 0;
  for (std::size_t i = 0; i < kNumChannels; ++i) grey += kGreyWeights[i] * pixel[i];
  return grey;
}

/// The place of `at` in a row of `size` that goes on mirrored, without its last pixel twice.
std::uint32_t mirrored(std::int64_t at, std::uint32_t size) {
  if (size == 1) return 0;
  const std::int64_t period = 2 * (std::int64_t{size} - 1);
  const std::int64_t within = ((at % period) + period) % period;
  return static_cast<std::uint32_t>(std::min(within, period - within));
}

/// A copy in which each sample is `change(sample, pixel)`.
template <typename Change>
Image with_samples(const Image& image, Change change) {
  Image changed = Image::with_size(image.size());
  const auto from = image.pixels();
  const auto into = changed.pixels();
  for (std::size_t at = 0; at < from.size(); at += kNumChannels) {
    for (std::size_t i = 0; i < kNumChannels; ++i) {
      into[at + i] = to_sample(change(static_cast<double>(from[at + i]), from.data() + at));
    }
  }
  return changed;
}

/// Half of a Gaussian, from its middle outwards; the whole adds up to 1.
std::vector<double> gaussian(double deviation) {
  const auto radius = static_cast<std::size_t>(std::ceil(3 * deviation));
  std::vector<double> weights(radius + 1);
  double sum = 0;
  for (std::size_t i = 0; i <= radius; ++i) {
    const double distance = static_cast<double>(i) / deviation;
    weights[i] = std::exp(-distance * distance / 2);
    sum += i == 0 ? weights[i] : 2 * weights[i];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Blur a row of pixels of doubles.
void blur_line(std::span<const double> line, std::span<const double> weights,
               std::span<double> into) {
  const auto size = static_cast<std::uint32_t>(line.size() / kNumChannels);
  for (std::uint32_t x = 0; x < size; ++x) {
    for (std::size_t channel = 0; channel < kNumChannels; ++channel) {
      double sum = weights[0] * line[x * kNumChannels + channel];
      for (std::size_t i = 1; i < weights.size(); ++i) {
        const auto step = static_cast<std::int64_t>(i);
        const std::size_t before = mirrored(std::int64_t{x} - step, size);
        const std::size_t after = mirrored(std::int64_t{x} + step, size);
        sum += weights[i] *
               (line[before * kNumChannels + channel] + line[after * kNumChannels + channel]);
      }
      into[x * kNumChannels + channel] = sum;
    }
  }
}

/// Turns an image of `size` about its middle.
class Turn {
 public:
  Turn(ImageSize size, double degrees)
      : cosine_(std::cos(degrees * std::numbers::pi / 180)),
        sine_(std::sin(degrees * std::numbers::pi / 180)),
        middle_x_((static_cast<double>(size.width) - 1) / 2),
        middle_y_((static_cast<double>(size.height) - 1) / 2) {}

  /// Where this pixel, x and y, was before it was turned; y goes down.
  std::pair<double, double> origin_of(std::uint32_t x, std::uint32_t y) const {
    const double right = x - middle_x_;
    const double down = y - middle_y_;
    return {middle_x_ + cosine_ * right - sine_ * down, middle_y_ + sine_ * right + cosine_ * down};
  }

 private:
  double cosine_;
  double sine_;
  double middle_x_;
  double middle_y_;
};

}  // namespace

double normal(RandomSource& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

Image flip_horizontally(const Image& image) {
  Image flipped = Image::with_size(image.size());
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    for (std::uint32_t x = 0; x < image.width(); ++x) {
      const std::uint8_t* pixel = image.row(y) + (image.width() - 1 - x) * kNumChannels;
      std::copy_n(pixel, kNumChannels, flipped.row(y) + x * kNumChannels);
    }
  }
  return flipped;
}

Image flip_vertically(const Image& image) {
  Image flipped = Image::with_size(image.size());
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    std::copy_n(image.row(image.height() - 1 - y), image.row_size(), flipped.row(y));
  }
  return flipped;
}

Image crop(const Image& image, PixelBox box) {
  CHECK(box.size.num_pixels() > 0 && box.left + box.size.width <= image.width() &&
            box.top + box.size.height <= image.height(),
        "a part that is not in the image");
  Image part = Image::with_size(box.size);
  for (std::uint32_t y = 0; y < box.size.height; ++y) {
    std::copy_n(image.row(box.top + y) + box.left * kNumChannels, part.row_size(), part.row(y));
  }
  return part;
}

Image rotate(const Image& image, double degrees) {
  Image turned = Image::with_size(image.size());
  const Turn turn(image.size(), degrees);
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    for (std::uint32_t x = 0; x < image.width(); ++x) {
      const auto [from_x, from_y] = turn.origin_of(x, y);
      const double left = std::floor(from_x);
      const double top = std::floor(from_y);
      const double part_x = from_x - left;
      const double part_y = from_y - top;
      const auto column = static_cast<std::int64_t>(left);
      const auto line = static_cast<std::int64_t>(top);
      const std::uint8_t* above = image.row(mirrored(line, image.height()));
      const std::uint8_t* below = image.row(mirrored(line + 1, image.height()));
      const std::size_t first = mirrored(column, image.width()) * kNumChannels;
      const std::size_t second = mirrored(column + 1, image.width()) * kNumChannels;
      std::uint8_t* into = turned.row(y) + x * kNumChannels;
      for (std::size_t i = 0; i < kNumChannels; ++i) {
        const double upper = (1 - part_x) * above[first + i] + part_x * above[second + i];
        const double lower = (1 - part_x) * below[first + i] + part_x * below[second + i];
        into[i] = to_sample((1 - part_y) * upper + part_y * lower);
      }
    }
  }
  return turned;
}

Image rotate_nearest(const Image& image, double degrees) {
  Image turned = Image::with_size(image.size());
  const Turn turn(image.size(), degrees);
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    for (std::uint32_t x = 0; x < image.width(); ++x) {
      const auto [from_x, from_y] = turn.origin_of(x, y);
      const auto column = static_cast<std::int64_t>(std::lrint(from_x));
      const auto line = static_cast<std::int64_t>(std::lrint(from_y));
      std::uint8_t* into = turned.row(y) + x * kNumChannels;
      if (column < 0 || std::cmp_greater_equal(column, image.width()) || line < 0 ||
          std::cmp_greater_equal(line, image.height())) {
        std::fill_n(into, kNumChannels, std::uint8_t{0});
      } else {
        const std::uint8_t* row = image.row(static_cast<std::uint32_t>(line));
        std::copy_n(row + static_cast<std::size_t>(column) * kNumChannels, kNumChannels, into);
      }
    }
  }
  return turned;
}

Image adjust_saturation(const Image& image, double factor) {
  return with_samples(image, [factor](double sample, const std::uint8_t* pixel) {
    const double grey = grey_of(pixel);
    return grey + factor * (sample - grey);
  });
}

Image adjust_contrast(const Image& image, double factor) {
  double sum = 0;
  const auto pixels = image.pixels();
  for (std::size_t at = 0; at < pixels.size(); at += kNumChannels) {
    sum += grey_of(pixels.data() + at);
  }
  const double mean = sum / static_cast<double>(image.size().num_pixels());
  return with_samples(image, [factor, mean](double sample, const std::uint8_t*) {
    return mean + factor * (sample - mean);
  });
}

Image blur(const Image& image, double deviation) {
  CHECK(deviation > 0 && deviation <= kMaxDeviation, "a blur of no or too great a width");
  const std::vector<double> weights = gaussian(deviation);
  const std::size_t width = image.width();
  const std::size_t height = image.height();
  // Rows first; columns as lines of their own.
  std::vector<double> columns(image.pixels().size());
  std::vector<double> line(image.row_size());
  std::vector<double> blurred(image.row_size());
  for (std::size_t y = 0; y < height; ++y) {
    std::copy_n(image.row(static_cast<std::uint32_t>(y)), image.row_size(), line.begin());
    blur_line(line, weights, blurred);
    for (std::size_t x = 0; x < width; ++x) {
      std::copy_n(blurred.begin() + static_cast<std::ptrdiff_t>(x * kNumChannels), kNumChannels,
                  columns.begin() + static_cast<std::ptrdiff_t>((x * height + y) * kNumChannels));
    }
  }
  Image result = Image::with_size(image.size());
  blurred.resize(height * kNumChannels);
  for (std::size_t x = 0; x < width; ++x) {
    blur_line(std::span(columns).subspan(x * height * kNumChannels, height * kNumChannels), weights,
              blurred);
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t i = 0; i < kNumChannels; ++i) {
        result.row(static_cast<std::uint32_t>(y))[x * kNumChannels + i] =
            to_sample(blurred[y * kNumChannels + i]);
      }
    }
  }
  return result;
}

Image add_noise(const Image& image, double deviation, RandomSource& random) {
  return with_samples(image, [&](double sample, const std::uint8_t*) {
    return sample + deviation * normal(random);
  });
}

}  // namespace assay::images
