#include "media/gaussian_sums_internal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

namespace assay::media {
namespace {

constexpr float kMinScale = 1e-9F;
constexpr float kMaxScale = 1e9F;
// Their natural logarithms.
constexpr float kMinLogScale = -20.7232658F;
constexpr float kMaxLogScale = 20.7232658F;

constexpr std::array kScaleColumns = {GaussianColumn::kScale0, GaussianColumn::kScale1,
                                      GaussianColumn::kScale2};
constexpr std::array kRotationColumns = {GaussianColumn::kRotation0, GaussianColumn::kRotation1,
                                         GaussianColumn::kRotation2, GaussianColumn::kRotation3};
constexpr std::array kCentreColumns = {GaussianColumn::kX, GaussianColumn::kY, GaussianColumn::kZ};

}  // namespace

double BoundingBox::volume() const {
  return (max[0] - min[0]) * (max[1] - min[1]) * (max[2] - min[2]);
}

void exponentials(const GaussianBatch::Column& values, GaussianBatch::Column& results) {
  // e^x = 2^n * e^r with n whole and |r| <= ln(2) / 2; e^r by its series, 2^n by its bits.
  constexpr float kLowest = -87.0F;
  constexpr float kHighest = 88.0F;
  constexpr auto kInverseLn2 = std::numbers::log2e_v<float>;
  // Added and taken away again it leaves the nearest whole number.
  constexpr float kRounder = 12582912.0F;
  // ln(2) in two parts, the first with few digits, so that n times it is exact: 355 / 512.
  constexpr float kLn2High = 355.0F / 512.0F;
  constexpr float kLn2Low = -2.12194440e-4F;
  constexpr int kExponentBias = 127;
  constexpr int kMantissaBits = 23;
  for (std::size_t i = 0; i < GaussianBatch::kCapacity; ++i) {
    float x = values[i];
    // NaN becomes the lowest: rows that do not count may hold anything.
    x = x > kLowest ? x : kLowest;
    x = x < kHighest ? x : kHighest;
    const float n = (x * kInverseLn2 + kRounder) - kRounder;
    const float r = (x - n * kLn2High) - n * kLn2Low;
    float series = 1.0F / 720;
    series = series * r + 1.0F / 120;
    series = series * r + 1.0F / 24;
    series = series * r + 1.0F / 6;
    series = series * r + 0.5F;
    series = series * r + 1.0F;
    series = series * r + 1.0F;
    const auto bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + kExponentBias)
                      << kMantissaBits;
    results[i] = series * std::bit_cast<float>(bits);
  }
}

void LaneSums::add(const GaussianBatch::Column& values, std::size_t count) {
  const std::size_t num_whole = count / kLanes * kLanes;
  // Copies: the compiler cannot know that `values` are not our own lanes, and would store each.
  auto sums = sums_;
  auto squares = squares_;
  auto mins = mins_;
  auto maxs = maxs_;
  for (std::size_t i = 0; i < num_whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float value = values[i + lane];
      const auto wide = static_cast<double>(value);
      sums[lane] += wide;
      squares[lane] += wide * wide;
      mins[lane] = value < mins[lane] ? value : mins[lane];
      maxs[lane] = value > maxs[lane] ? value : maxs[lane];
    }
  }
  for (std::size_t i = num_whole; i < count; ++i) {
    const auto wide = static_cast<double>(values[i]);
    sums[0] += wide;
    squares[0] += wide * wide;
    mins[0] = std::min(mins[0], values[i]);
    maxs[0] = std::max(maxs[0], values[i]);
  }
  sums_ = sums;
  squares_ = squares;
  mins_ = mins;
  maxs_ = maxs;
}

double LaneSums::sum() const { return std::accumulate(sums_.begin(), sums_.end(), 0.0); }
float LaneSums::min() const { return *std::ranges::min_element(mins_); }
float LaneSums::max() const { return *std::ranges::max_element(maxs_); }

ValueSpread LaneSums::spread(std::uint64_t count) const {
  if (count == 0) return {};
  const auto divisor = static_cast<double>(count);
  const double mean = sum() / divisor;
  const double square = std::accumulate(squares_.begin(), squares_.end(), 0.0) / divisor;
  return {.mean = mean,
          // Rounding may leave a little less than nothing.
          .std = std::sqrt(std::max(square - mean * mean, 0.0)),
          .min = static_cast<double>(min()),
          .max = static_cast<double>(max())};
}

void GaussianSums::drop_not_finite(GaussianBatch& batch) {
  // A value times zero is zero, or NaN when it was not finite; and a sum with NaN stays NaN.
  GaussianBatch::Column differences{};
  for (std::size_t column = 0; column < batch.columns.size(); ++column) {
    if (!has_column_[column]) continue;
    const auto& values = batch.columns[column];
    for (std::size_t i = 0; i < GaussianBatch::kCapacity; ++i) {
      differences[i] += values[i] * 0.0F;
    }
  }
  std::size_t num_kept = 0;
  const auto is_finite = [](float difference) { return difference == 0.0F; };
  if (std::all_of(differences.begin(),
                  differences.begin() + static_cast<std::ptrdiff_t>(batch.num_rows), is_finite)) {
    return;
  }
  for (std::size_t i = 0; i < batch.num_rows; ++i) {
    if (!is_finite(differences[i])) continue;
    for (auto& values : batch.columns) values[num_kept] = values[i];
    ++num_kept;
  }
  num_not_finite_ += batch.num_rows - num_kept;
  batch.num_rows = num_kept;
}

void GaussianSums::add_opacity(GaussianBatch& batch) {
  auto& raw = batch[GaussianColumn::kOpacity];
  raw_opacity_.add(raw, batch.num_rows);
  GaussianBatch::Column opacity;
  for (std::size_t i = 0; i < GaussianBatch::kCapacity; ++i) opacity[i] = -raw[i];
  exponentials(opacity, opacity);
  for (float& value : opacity) value = 1.0F / (1.0F + value);
  opacity_.add(opacity, batch.num_rows);
}

void GaussianSums::add_shape(GaussianBatch& batch) {
  std::array<std::uint32_t, GaussianBatch::kCapacity> is_bad_if_log{};
  std::array<std::uint32_t, GaussianBatch::kCapacity> is_bad_if_linear{};
  GaussianBatch::Column scales;
  for (std::size_t axis = 0; axis < kScaleColumns.size(); ++axis) {
    if (!has(kScaleColumns[axis])) continue;
    const auto& raw = batch[kScaleColumns[axis]];
    raw_scales_[axis].add(raw, batch.num_rows);
    exponentials(raw, scales);
    scales_[axis].add(scales, batch.num_rows);
    for (std::size_t i = 0; i < GaussianBatch::kCapacity; ++i) {
      is_bad_if_log[i] |= static_cast<std::uint32_t>(raw[i] < kMinLogScale) |
                          static_cast<std::uint32_t>(raw[i] > kMaxLogScale);
      is_bad_if_linear[i] |= static_cast<std::uint32_t>(raw[i] < kMinScale) |
                             static_cast<std::uint32_t>(raw[i] > kMaxScale);
    }
  }
  if (std::ranges::all_of(kRotationColumns, [&](GaussianColumn column) { return has(column); })) {
    const auto& w = batch[GaussianColumn::kRotation0];
    const auto& x = batch[GaussianColumn::kRotation1];
    const auto& y = batch[GaussianColumn::kRotation2];
    const auto& z = batch[GaussianColumn::kRotation3];
    for (std::size_t i = 0; i < GaussianBatch::kCapacity; ++i) {
      const std::uint32_t is_zero =
          static_cast<std::uint32_t>(w[i] == 0.0F) & static_cast<std::uint32_t>(x[i] == 0.0F) &
          static_cast<std::uint32_t>(y[i] == 0.0F) & static_cast<std::uint32_t>(z[i] == 0.0F);
      is_bad_if_log[i] |= is_zero;
      is_bad_if_linear[i] |= is_zero;
    }
  }
  for (std::size_t i = 0; i < batch.num_rows; ++i) {
    num_degenerate_if_log_ += is_bad_if_log[i];
    num_degenerate_if_linear_ += is_bad_if_linear[i];
  }
}

void GaussianSums::add(GaussianBatch& batch) {
  num_rows_ += batch.num_rows;
  drop_not_finite(batch);
  if (has(GaussianColumn::kOpacity)) add_opacity(batch);
  add_shape(batch);
  for (std::size_t axis = 0; axis < kCentreColumns.size(); ++axis) {
    if (has(kCentreColumns[axis])) centre_[axis].add(batch[kCentreColumns[axis]], batch.num_rows);
  }
  batch.num_rows = 0;
}

GaussianStatistics GaussianSums::statistics() const {
  GaussianStatistics result;
  result.num_gaussians = num_rows_;
  result.num_not_finite = num_not_finite_;
  const std::uint64_t count = num_rows_ - num_not_finite_;
  if (count == 0) return result;
  if (has(GaussianColumn::kOpacity)) {
    result.raw_opacity = raw_opacity_.spread(count);
    const bool is_unit = raw_opacity_.min() >= 0.0F && raw_opacity_.max() <= 1.0F;
    result.opacity_form = is_unit ? OpacityForm::kUnit : OpacityForm::kLogit;
    result.opacity = is_unit ? result.raw_opacity : opacity_.spread(count);
  }
  double raw_sum = 0.0;
  double sum = 0.0;
  std::uint64_t num_scales = 0;
  float lowest = std::numeric_limits<float>::infinity();
  for (std::size_t axis = 0; axis < kScaleColumns.size(); ++axis) {
    if (!has(kScaleColumns[axis])) continue;
    num_scales += count;
    raw_sum += raw_scales_[axis].sum();
    sum += scales_[axis].sum();
    lowest = std::min(lowest, raw_scales_[axis].min());
  }
  // Without scales only the rotation counts, and both counters are the same.
  result.num_degenerate = lowest > 0.0F ? num_degenerate_if_linear_ : num_degenerate_if_log_;
  if (num_scales > 0) {
    result.scale_form = lowest > 0.0F ? ScaleForm::kLinear : ScaleForm::kLog;
    result.raw_scale_mean = raw_sum / static_cast<double>(num_scales);
    result.scale_mean =
        lowest > 0.0F ? result.raw_scale_mean : sum / static_cast<double>(num_scales);
  }
  if (std::ranges::all_of(kCentreColumns, [&](GaussianColumn column) { return has(column); })) {
    BoundingBox box;
    for (std::size_t axis = 0; axis < kCentreColumns.size(); ++axis) {
      box.min[axis] = static_cast<double>(centre_[axis].min());
      box.max[axis] = static_cast<double>(centre_[axis].max());
    }
    result.box = box;
  }
  return result;
}

}  // namespace assay::media
