#include "history/value_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

namespace assay::history {
namespace {

constexpr auto kNan = std::numeric_limits<double>::quiet_NaN();

/// The middle value, or the mean of the middle two, where `num_nan` more stand before `numbers`.
double median_of(std::span<double> numbers, std::size_t num_nan) {
  const std::size_t count = num_nan + numbers.size();
  if ((count - 1) / 2 < num_nan) return kNan;
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(count / 2 - num_nan);
  std::ranges::nth_element(numbers, middle);
  if (count % 2 != 0) return *middle;
  return (*std::max_element(numbers.begin(), middle) + *middle) / 2;
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
  if (values_.size() > 1) summary.standard_deviation = moments_.standard_deviation();
  const std::span numbers(
      std::ranges::partition(values_, [](double value) { return std::isnan(value); }));
  const std::size_t num_nan = values_.size() - numbers.size();
  summary.median = median_of(numbers, num_nan);
  const auto [minimum, maximum] =
      num_nan > 0 ? std::ranges::minmax_result(kNan, kNan) : std::ranges::minmax(numbers);
  summary.minimum = minimum;
  summary.maximum = maximum;
  return summary;
}

}  // namespace assay::history
