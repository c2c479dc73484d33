#include "images/find_part.h"

#include "images/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

// From coarse to fine. At 64 pixels every width and every place is tried; the best of several bands
// of widths, since a small template finds something like it nearly everywhere, are followed through
// levels of twice the size each, where only neighbours are looked at and the worse half is dropped.
// That the part was not resized is a hypothesis of its own, which is followed down to the pixels of
// the whole, where it tells the place exactly.

namespace assay::images {
namespace {

constexpr std::uint32_t kCoarseSide = 64;
// Beyond this a level costs more than it tells: half a pixel of it is far below what crops differ
// by.
constexpr std::uint32_t kFineSide = 1024;
constexpr std::uint32_t kMinTemplateSide = 8;
constexpr std::array<std::uint32_t, 4> kBandEnds = {16, 28, 44, kCoarseSide + 1};
constexpr std::size_t kKeptOfBand = 3;
// Steps around what the level before found: its half pixel is one here.
constexpr int kReach = 2;
// Of a squared gray value: below, there is nothing but noise.
constexpr double kMinVariance = 1.0;
// The sums of a level of all pixels take 16 bytes each.
constexpr std::uint64_t kMaxExactPixels = 50'000'000;
// A part whose measured scale is so near 1 was not resized, if its pixels say so.
constexpr double kNearOne = 0.015;
constexpr double kCutScore = 0.8;

// Lanes of a sum; the compiler makes of them what the machine has.
using Lanes = float __attribute__((vector_size(16)));
constexpr std::size_t kLanesPerSum = sizeof(Lanes) / sizeof(float);
constexpr std::size_t kNumSums = 4;

/// Gray values around 0, row-major.
struct Plane {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<float> values;

  const float* at(std::uint32_t x, std::uint32_t y) const {
    return values.data() + (std::size_t{y} * width) + x;
  }
};

Plane gray_of(const Image& image) {
  Plane plane{.width = image.width(), .height = image.height(), .values = {}};
  plane.values.reserve(image.size().num_pixels());
  const auto pixels = image.pixels();
  for (std::size_t i = 0; i < pixels.size(); i += kNumChannels) {
    const float gray = (0.299F * static_cast<float>(pixels[i])) +
                       (0.587F * static_cast<float>(pixels[i + 1])) +
                       (0.114F * static_cast<float>(pixels[i + 2]));
    plane.values.push_back(gray - 128.0F);
  }
  return plane;
}

Plane gray_of(const Image& image, ImageSize size) {
  return size == image.size() ? gray_of(image)
                              : gray_of(resize(image, size, ResizeFilter::kBilinear));
}

double dot(const float* a, const float* b, std::size_t size) {
  std::array<Lanes, kNumSums> sums{};
  std::size_t i = 0;
  for (; i + (kLanesPerSum * kNumSums) <= size; i += kLanesPerSum * kNumSums) {
    for (std::size_t k = 0; k < kNumSums; ++k) {
      Lanes left;
      Lanes right;
      std::memcpy(&left, a + i + (k * kLanesPerSum), sizeof left);
      std::memcpy(&right, b + i + (k * kLanesPerSum), sizeof right);
      sums[k] += left * right;
    }
  }
  const Lanes all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float sum = (all[0] + all[1]) + (all[2] + all[3]);
  for (; i < size; ++i) sum += a[i] * b[i];
  return static_cast<double>(sum);
}

/// The whole at one size, with the sums that tell the variance of any window.
class Level {
 public:
  Level(const Image& whole, ImageSize size)
      : plane_(gray_of(whole, size)),
        scale_x_(static_cast<double>(size.width) / whole.width()),
        scale_y_(static_cast<double>(size.height) / whole.height()) {
    add_up();
  }

  const Plane& plane() const { return plane_; }
  double scale_x() const { return scale_x_; }
  double scale_y() const { return scale_y_; }

  /// The sum of squared differences from the mean of a window.
  double deviation(std::uint32_t x, std::uint32_t y, std::uint32_t width,
                   std::uint32_t height) const {
    const double sum = window(sums_, x, y, width, height);
    const double squares = window(squares_, x, y, width, height);
    return squares - (sum * sum / (static_cast<double>(width) * height));
  }

 private:
  // A row and a column of zeros in front.
  void add_up() {
    const std::size_t stride = std::size_t{plane_.width} + 1;
    sums_.assign(stride * (std::size_t{plane_.height} + 1), 0.0);
    squares_ = sums_;
    for (std::uint32_t y = 0; y < plane_.height; ++y) {
      double sum = 0;
      double square = 0;
      const std::size_t above = y * stride;
      for (std::uint32_t x = 0; x < plane_.width; ++x) {
        const auto value = static_cast<double>(*plane_.at(x, y));
        sum += value;
        square += value * value;
        sums_[above + stride + x + 1] = sums_[above + x + 1] + sum;
        squares_[above + stride + x + 1] = squares_[above + x + 1] + square;
      }
    }
  }

  double window(const std::vector<double>& sums, std::uint32_t x, std::uint32_t y,
                std::uint32_t width, std::uint32_t height) const {
    const std::size_t stride = std::size_t{plane_.width} + 1;
    const std::size_t top = (std::size_t{y} * stride) + x;
    const std::size_t bottom = ((std::size_t{y} + height) * stride) + x;
    return sums[bottom + width] - sums[bottom] - sums[top + width] + sums[top];
  }

  Plane plane_;
  double scale_x_;
  double scale_y_;
  std::vector<double> sums_;
  std::vector<double> squares_;
};

/// The part at one size, its mean taken off.
struct Template {
  Plane plane;
  double deviation = 0;

  Template(const Image& part, ImageSize size) : plane(gray_of(part, size)) {
    double sum = 0;
    for (const float value : plane.values) sum += static_cast<double>(value);
    const auto mean = static_cast<float>(sum / static_cast<double>(plane.values.size()));
    for (float& value : plane.values) {
      value -= mean;
      deviation += static_cast<double>(value) * static_cast<double>(value);
    }
  }

  bool has_contrast() const {
    return deviation >= kMinVariance * static_cast<double>(plane.values.size());
  }
};

double score_at(const Level& level, const Template& part, std::uint32_t x, std::uint32_t y) {
  const Plane& small = part.plane;
  const double deviation = level.deviation(x, y, small.width, small.height);
  if (deviation < kMinVariance * static_cast<double>(small.values.size())) return 0;
  double product = 0;
  for (std::uint32_t row = 0; row < small.height; ++row) {
    product += dot(level.plane().at(x, y + row), small.at(0, row), small.width);
  }
  return product / std::sqrt(deviation * part.deviation);
}

/// A place at one level, in its pixels.
struct Spot {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  ImageSize size;
  double score = 0;
};

/// Windows of the whole at a level.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};
Range around(double center, int reach, std::uint32_t length, std::uint32_t part) {
  const auto last = static_cast<double>(length - part);
  const double first = std::clamp(std::round(center) - reach, 0.0, last);
  return {
      .begin = static_cast<std::uint32_t>(first),
      .end = static_cast<std::uint32_t>(std::clamp(std::round(center) + reach, first, last)) + 1};
}

Spot best_spot(const Level& level, const Template& part, Range across, Range down) {
  Spot best{.size = {.width = part.plane.width, .height = part.plane.height}, .score = -1};
  for (std::uint32_t y = down.begin; y < down.end; ++y) {
    for (std::uint32_t x = across.begin; x < across.end; ++x) {
      const double score = score_at(level, part, x, y);
      if (score <= best.score) continue;
      best.x = x;
      best.y = y;
      best.score = score;
    }
  }
  return best;
}

class Finder {
 public:
  Finder(const Image& whole, const Image& part) : whole_(&whole), part_(&part) {}

  std::optional<PartPlace> run() {
    const std::uint32_t side = std::max(whole_->width(), whole_->height());
    const Level coarse(*whole_, level_size(std::min(side, kCoarseSide)));
    look_everywhere(coarse);
    if (places_.empty() && !cut_) return std::nullopt;
    std::size_t kept = places_.size();
    for (std::uint32_t level_side = kCoarseSide * 2; level_side / 2 < side; level_side *= 2) {
      const bool is_fine_enough = level_side > kFineSide;
      if (is_fine_enough && !cut_) break;
      const Level level(*whole_, level_size(std::min(level_side, side)));
      if (cut_) cut_ = place_of(level, best_of_size(level, *cut_, cut_size(level), kReach));
      if (is_fine_enough) continue;
      for (PartPlace& place : places_) place = refine(level, place);
      kept = std::max<std::size_t>(1, (kept + 1) / 2);
      std::ranges::sort(places_, std::ranges::greater(), &PartPlace::score);
      places_.resize(std::min(places_.size(), kept));
    }
    return decide();
  }

 private:
  ImageSize level_size(std::uint32_t side) const {
    const ImageSize size = whole_->size();
    const double factor = static_cast<double>(side) / std::max(size.width, size.height);
    const auto scaled = [&](std::uint32_t length) {
      return std::max(1U, static_cast<std::uint32_t>(std::lround(length * factor)));
    };
    return {.width = scaled(size.width), .height = scaled(size.height)};
  }

  /// The part at a level when it is `width` pixels wide there.
  ImageSize part_size(const Level& level, std::uint32_t width) const {
    const double height = width / level.scale_x() * part_->height() / part_->width();
    const auto rounded = static_cast<std::uint32_t>(std::lround(height * level.scale_y()));
    return {.width = width, .height = std::clamp(rounded, 1U, level.plane().height)};
  }

  ImageSize cut_size(const Level& level) const {
    const auto scaled = [](std::uint32_t length, double scale, std::uint32_t most) {
      return std::clamp(static_cast<std::uint32_t>(std::lround(length * scale)), 1U, most);
    };
    return {.width = scaled(part_->width(), level.scale_x(), level.plane().width),
            .height = scaled(part_->height(), level.scale_y(), level.plane().height)};
  }

  bool fits(const Level& level, std::uint32_t width) const {
    const double height = width / level.scale_x() * part_->height() / part_->width();
    // A pixel more: the sizes of a part that was resized are rounded.
    return height * level.scale_y() <= level.plane().height + 1.0;
  }

  PartPlace place_of(const Level& level, const Spot& spot) const {
    return {.left = spot.x / level.scale_x(),
            .top = spot.y / level.scale_y(),
            .width = spot.size.width / level.scale_x(),
            .height = spot.size.height / level.scale_y(),
            .scale = part_->width() * level.scale_x() / spot.size.width,
            .score = spot.score};
  }

  Spot best_of_size(const Level& level, const PartPlace& near, ImageSize size, int reach) const {
    const Template part(*part_, size);
    if (!part.has_contrast()) return {.size = size, .score = 0};
    return best_spot(level, part,
                     around(near.left * level.scale_x(), reach, level.plane().width, size.width),
                     around(near.top * level.scale_y(), reach, level.plane().height, size.height));
  }

  void look_everywhere(const Level& level) {
    std::vector<Spot> spots;
    std::size_t band = 0;
    const auto end_band = [&] {
      keep_best(level, spots);
      spots.clear();
    };
    const Plane& plane = level.plane();
    for (std::uint32_t width = kMinTemplateSide; width <= plane.width && fits(level, width);
         ++width) {
      while (width >= kBandEnds.at(band)) {
        end_band();
        ++band;
      }
      const ImageSize size = part_size(level, width);
      if (size.height < kMinTemplateSide) continue;
      const Template part(*part_, size);
      if (!part.has_contrast()) continue;
      spots.push_back(best_spot(level, part, {.begin = 0, .end = plane.width - size.width + 1},
                                {.begin = 0, .end = plane.height - size.height + 1}));
    }
    end_band();
    if (part_->width() > whole_->width() || part_->height() > whole_->height() ||
        whole_->size().num_pixels() > kMaxExactPixels) {
      return;
    }
    const ImageSize size = cut_size(level);
    if (std::min(size.width, size.height) < kMinTemplateSide / 2) return;
    const Template part(*part_, size);
    if (!part.has_contrast()) return;
    cut_ = place_of(level, best_spot(level, part, {.begin = 0, .end = plane.width - size.width + 1},
                                     {.begin = 0, .end = plane.height - size.height + 1}));
  }

  /// The best of a band that are not the same place at nearly the same width.
  void keep_best(const Level& level, std::vector<Spot>& spots) {
    std::ranges::sort(spots, std::ranges::greater(), &Spot::score);
    std::vector<Spot> kept;
    for (const Spot& spot : spots) {
      const auto is_same = [&](const Spot& other) {
        const auto near = [](std::uint32_t a, std::uint32_t b) {
          constexpr std::uint32_t kSame = 2;
          return std::max(a, b) - std::min(a, b) <= kSame;
        };
        return near(spot.x, other.x) && near(spot.y, other.y) &&
               near(spot.size.width, other.size.width);
      };
      if (kept.size() == kKeptOfBand) break;
      if (std::ranges::none_of(kept, is_same)) kept.push_back(spot);
    }
    for (const Spot& spot : kept) places_.push_back(place_of(level, spot));
  }

  PartPlace refine(const Level& level, const PartPlace& place) const {
    const auto middle = static_cast<int>(std::lround(place.width * level.scale_x()));
    Spot best{.size = {}, .score = -1};
    for (int width = middle - kReach; width <= middle + kReach; ++width) {
      if (std::cmp_less(width, kMinTemplateSide) || std::cmp_greater(width, level.plane().width) ||
          !fits(level, static_cast<std::uint32_t>(width))) {
        continue;
      }
      const ImageSize size = part_size(level, static_cast<std::uint32_t>(width));
      const Spot spot = best_of_size(level, place, size, kReach);
      if (spot.score > best.score) best = spot;
    }
    return best.score < 0 ? place : place_of(level, best);
  }

  std::optional<PartPlace> decide() {
    const PartPlace* best = places_.empty() ? nullptr : &places_.front();
    const bool is_near_one = best != nullptr && std::abs(best->scale - 1) < kNearOne;
    if (cut_ && is_near_one) cut_ = follow(*cut_, *best);
    if (cut_ && (best == nullptr || cut_->score >= best->score ||
                 (is_near_one && cut_->score >= kCutScore))) {
      best = &*cut_;
    }
    if (best == nullptr || best->score <= 0) return std::nullopt;
    return *best;
  }

  /// The place of the unresized part where the search over all sizes came out, if that is better.
  PartPlace follow(const PartPlace& cut, const PartPlace& best) const {
    const std::uint32_t side = std::max(whole_->width(), whole_->height());
    const int reach = kReach + static_cast<int>(side / kFineSide);
    if (std::max(std::abs(cut.left - best.left), std::abs(cut.top - best.top)) <= reach) return cut;
    const Level level(*whole_, whole_->size());
    const Spot spot = best_of_size(level, best, part_->size(), reach);
    return spot.score > cut.score ? place_of(level, spot) : cut;
  }

  const Image* whole_;
  const Image* part_;
  std::vector<PartPlace> places_;
  /// Where the part would have been cut out without a change of size; nothing when it is larger.
  std::optional<PartPlace> cut_;
};

}  // namespace

std::optional<PartPlace> find_part(const Image& whole, const Image& part) {
  return Finder(whole, part).run();
}

}  // namespace assay::images
