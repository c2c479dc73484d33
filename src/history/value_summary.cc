#include "history/value_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace assay::history {
namespace {

/// An order of all doubles: NaN first.
bool is_less(double left, double right) {
  return left < right || (std::isnan(left) && !std::isnan(right));
}

/// The middle value, or the mean of the middle two.
double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle, is_less);
  if (values.size() % 2 != 0) return *middle;
  const double below = *std::max_element(values.begin(), middle, is_less);
  return (below + *middle) / 2;
}

}  // namespace

void ValueList::add(double value) {
  moments_.add(value);
  values_.push_back(value);
}

void ValueList::merge(ValueList&& other) {
  moments_ += other.moments_;
  const ValueList taken = std::move(other);
  values_.insert(values_.end(), taken.values_.begin(), taken.values_.end());
}

ValueSummary ValueList::summarise() {
  ValueSummary summary{.count = moments_.count()};
  if (values_.empty()) return summary;
  summary.mean = moments_.mean();
  summary.median = median_of(values_);
  const auto [minimum, maximum] = std::ranges::minmax_element(values_, is_less);
  summary.minimum = *minimum;
  // NaN stands first, if anywhere: then there is no range.
  summary.maximum = std::isnan(*minimum) ? *minimum : *maximum;
  if (values_.size() > 1) summary.standard_deviation = moments_.standard_deviation();
  return summary;
}

}  // namespace assay::history
