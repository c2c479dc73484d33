/// \file
/// Mean, median, deviation and range of the values of a field.

#pragma once

#include "history/exact_sum.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace assay::history {

/// With NaN among the values, mean, deviation and range are NaN; the median counts NaN as lowest.
struct ValueSummary {
  std::uint64_t count = 0;
  /// These are set when there are values.
  double mean = 0.0;
  double median = 0.0;
  double minimum = 0.0;
  double maximum = 0.0;
  /// Of a sample; set from two values on.
  std::optional<double> standard_deviation = std::nullopt;
};

/// Collects values. Memory: 8 bytes a value, for the median.
class ValueList {
 public:
  void add(double value);
  /// Take over the values of `other`.
  void merge(ValueList&& other);
  /// Order: the values are in another order afterwards.
  ValueSummary summarise();
  const std::vector<double>& values() const { return values_; }

 private:
  ExactMoments moments_;
  std::vector<double> values_;
};

}  // namespace assay::history
