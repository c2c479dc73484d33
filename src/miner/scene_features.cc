#include "core/check.h"
#include "images/resize.h"
#include "miner/scene_features_internal.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

namespace assay::miner {
namespace {

using images::Image;
using images::ImageSize;

/// Larger pictures are made as small as this, the size in which challenges come.
constexpr std::uint32_t kSide = 224;
constexpr std::uint32_t kNumTiles = 8;
constexpr std::array<double, kNumChromas> kChromaSteps = {10, 24, 48, 96};
/// What is less colourful than this has no hue worth the name.
constexpr std::size_t kFirstStripeChroma = 1;

/// A pixel as the detector sees it.
struct Seen {
  std::uint8_t hue = 0;
  /// 0: none; else one more than the step.
  std::uint8_t chroma = 0;
  std::uint8_t light = 0;
};

std::uint8_t hue_of(double x, double y) {
  double degrees = std::atan2(y, x) * 180 / std::numbers::pi;
  if (degrees < -15) degrees += 360;
  if (degrees < 90) return static_cast<std::uint8_t>((degrees + 15) / 15);
  const double rest = std::min((degrees - 90) / 64, 3.0);
  return static_cast<std::uint8_t>(7 + static_cast<int>(rest));
}

Seen look(const std::uint8_t* pixel) {
  const double red = pixel[0];
  const double green = pixel[1];
  const double blue = pixel[2];
  const double x = red - ((green + blue) / 2);
  const double y = (green - blue) * 0.866;
  const double chroma = std::sqrt((x * x) + (y * y));
  Seen seen{.light = std::max({pixel[0], pixel[1], pixel[2]})};
  if (chroma < kChromaSteps.front()) return seen;
  seen.hue = hue_of(x, y);
  const auto step = std::ranges::upper_bound(kChromaSteps, chroma) - kChromaSteps.begin();
  seen.chroma = static_cast<std::uint8_t>(step);
  return seen;
}

using Bins = std::array<std::uint32_t, kNumHues * kNumChromas>;

/// So that a few pixels count as much as many: works far away are small.
double share_feature(std::uint32_t count, std::size_t of) {
  return std::log1p(1000.0 * count / static_cast<double>(of));
}

/// A warm colour beside a pale one of at least its light, some pixels further: how cones, drums and
/// barriers are striped.
bool is_stripe(const Seen& warm, const Seen& pale, std::size_t min_chroma) {
  constexpr std::uint8_t kLastWarmHue = 3;
  return warm.chroma > min_chroma && warm.hue <= kLastWarmHue && pale.chroma <= min_chroma &&
         pale.light + 16 >= warm.light;
}

class Picture {
 public:
  explicit Picture(const Image& image) : size_(image.size()) {
    pixels_.reserve(size_.num_pixels());
    for (std::uint32_t y = 0; y < size_.height; ++y) {
      for (std::uint32_t x = 0; x < size_.width; ++x) {
        pixels_.push_back(look(image.row(y) + (x * images::kNumChannels)));
      }
    }
  }

  SceneFeatures features() const {
    SceneFeatures features{};
    auto* next = features.begin();
    add_colours(next);
    for (const std::size_t chroma : {kFirstStripeChroma, kFirstStripeChroma + 1}) {
      *next++ = stripes(1, 0, chroma);
      *next++ = stripes(0, 1, chroma);
    }
    add_light(next);
    CHECK(next == features.end(), "a feature too few or too many");
    return features;
  }

 private:
  const Seen& at(std::uint32_t x, std::uint32_t y) const {
    return pixels_[(std::size_t{y} * size_.width) + x];
  }

  void add_colours(SceneFeatures::iterator& next) const {
    std::vector<Bins> tiles(std::size_t{kNumTiles} * kNumTiles);
    for (std::uint32_t y = 0; y < size_.height; ++y) {
      for (std::uint32_t x = 0; x < size_.width; ++x) {
        const Seen& seen = at(x, y);
        if (seen.chroma == 0) continue;
        const std::size_t tile =
            (std::size_t{y * kNumTiles / size_.height} * kNumTiles) + (x * kNumTiles / size_.width);
        ++tiles[tile][(seen.hue * kNumChromas) + seen.chroma - 1];
      }
    }
    const std::size_t tile_size = std::max<std::size_t>(pixels_.size() / tiles.size(), 1);
    for (std::size_t bin = 0; bin < Bins().size(); ++bin) {
      std::uint32_t all = 0;
      std::uint32_t most = 0;
      for (const Bins& tile : tiles) {
        all += tile[bin];
        most = std::max(most, tile[bin]);
      }
      *next++ = share_feature(all, pixels_.size());
      *next++ = share_feature(most, tile_size);
    }
  }

  double stripes(std::uint32_t step_x, std::uint32_t step_y, std::size_t min_chroma) const {
    constexpr std::uint32_t kFar = 3;
    std::uint32_t count = 0;
    for (std::uint32_t y = 0; y + (kFar * step_y) < size_.height; ++y) {
      for (std::uint32_t x = 0; x + (kFar * step_x) < size_.width; ++x) {
        const Seen& here = at(x, y);
        const Seen& there = at(x + (kFar * step_x), y + (kFar * step_y));
        if (is_stripe(here, there, min_chroma) || is_stripe(there, here, min_chroma)) ++count;
      }
    }
    return share_feature(count, pixels_.size());
  }

  void add_light(SceneFeatures::iterator& next) const {
    double sum = 0;
    double squares = 0;
    double colourful = 0;
    for (const Seen& seen : pixels_) {
      sum += seen.light;
      squares += static_cast<double>(seen.light) * seen.light;
      colourful += seen.chroma;
    }
    const auto count = static_cast<double>(pixels_.size());
    const double mean = sum / count;
    *next++ = mean / 64;
    *next++ = std::sqrt(std::max((squares / count) - (mean * mean), 0.0)) / 32;
    *next++ = colourful / count * 2;
  }

  ImageSize size_;
  std::vector<Seen> pixels_;
};

/// The size with the shorter side at kSide.
std::optional<ImageSize> smaller(ImageSize size) {
  const std::uint32_t shorter = std::min(size.width, size.height);
  if (shorter <= kSide) return std::nullopt;
  const double factor = static_cast<double>(kSide) / shorter;
  const auto scaled = [&](std::uint32_t side) {
    // A picture that is all length would stay large.
    return std::clamp(static_cast<std::uint32_t>(side * factor), 1U, 8 * kSide);
  };
  return ImageSize{.width = scaled(size.width), .height = scaled(size.height)};
}

}  // namespace

SceneFeatures scene_features(const Image& image) {
  CHECK(image.size().num_pixels() > 0, "a picture without pixels");
  if (const auto size = smaller(image.size())) {
    return Picture(images::resize(image, *size, images::ResizeFilter::kBilinear)).features();
  }
  return Picture(image).features();
}

}  // namespace assay::miner
