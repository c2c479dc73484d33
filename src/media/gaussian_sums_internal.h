/// \file
/// The arithmetic of Gaussian statistics, over columns of floats.

#pragma once

#include "media/gaussian_statistics.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace assay::media {

/// The properties that count, in the order of their columns.
enum class GaussianColumn : std::uint8_t {
  kX,
  kY,
  kZ,
  kOpacity,
  kScale0,
  kScale1,
  kScale2,
  kRotation0,
  kRotation1,
  kRotation2,
  kRotation3,
};
inline constexpr std::array<std::string_view, 11> kGaussianColumnNames = {
    "x", "y", "z", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"};

/// Some rows as columns. Small enough for the first-level cache.
struct GaussianBatch {
  static constexpr std::size_t kCapacity = 512;
  using Column = std::array<float, kCapacity>;

  std::size_t num_rows = 0;
  std::array<Column, kGaussianColumnNames.size()> columns{};

  Column& operator[](GaussianColumn column) { return columns[static_cast<std::size_t>(column)]; }
};

/// Sums in lanes of their own, so that the compiler may add several values at once: one chain of
/// additions it has to keep in order.
class LaneSums {
 public:
  static constexpr std::size_t kLanes = 8;

  void add(const GaussianBatch::Column& values, std::size_t count);
  ValueSpread spread(std::uint64_t count) const;
  double sum() const;
  float min() const;
  float max() const;

 private:
  std::array<double, kLanes> sums_{};
  std::array<double, kLanes> squares_{};
  std::array<float, kLanes> mins_ = filled(std::numeric_limits<float>::infinity());
  std::array<float, kLanes> maxs_ = filled(-std::numeric_limits<float>::infinity());

  static constexpr std::array<float, kLanes> filled(float value) {
    std::array<float, kLanes> lanes{};
    lanes.fill(value);
    return lanes;
  }
};

class GaussianSums {
 public:
  /// `has_column[i]`: whether the file has the i-th column.
  explicit GaussianSums(const std::array<bool, kGaussianColumnNames.size()>& has_column)
      : has_column_(has_column) {}

  /// Leaves the batch empty.
  void add(GaussianBatch& batch);
  GaussianStatistics statistics() const;

 private:
  bool has(GaussianColumn column) const { return has_column_[static_cast<std::size_t>(column)]; }
  void drop_not_finite(GaussianBatch& batch);
  void add_opacity(GaussianBatch& batch);
  void add_shape(GaussianBatch& batch);

  std::array<bool, kGaussianColumnNames.size()> has_column_;
  std::uint64_t num_rows_ = 0;
  std::uint64_t num_not_finite_ = 0;
  // Which form the scales have is known only at the end.
  std::uint64_t num_degenerate_if_log_ = 0;
  std::uint64_t num_degenerate_if_linear_ = 0;
  LaneSums raw_opacity_;
  LaneSums opacity_;
  std::array<LaneSums, 3> raw_scales_;
  std::array<LaneSums, 3> scales_;
  std::array<LaneSums, 3> centre_;
};

/// e to the power of each value, to about 1e-7; values beyond what a float can hold give its ends.
/// Written out because a call for each value cannot be done for several at once.
void exponentials(const GaussianBatch::Column& values, GaussianBatch::Column& results);

}  // namespace assay::media
