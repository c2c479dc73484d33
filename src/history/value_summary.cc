#include "history/value_summary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

namespace assay::history {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

/// The place of a number among all, as an integer.
std::uint64_t place_of(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double number_at(std::uint64_t place) {
  return std::bit_cast<double>((place & kSign) != 0 ? place ^ kSign : ~place);
}

struct Places {
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t last = 0;
};

Places places_of(std::span<const double> numbers) {
  Places places;
  for (const double number : numbers) {
    const std::uint64_t place = place_of(number);
    places.first = std::min(places.first, place);
    places.last = std::max(places.last, place);
  }
  return places;
}

/// How many numbers are in each of so many equal parts of their range that those of one are few.
class Buckets {
 public:
  Buckets(std::span<const double> numbers, const Places& places)
      : first_place_(places.first),
        shift_(std::max(static_cast<int>(std::bit_width(places.last - places.first)) - kBits, 0)) {
    for (const double number : numbers) ++counts_[index_of(number)];
  }

  std::size_t index_of(double number) const { return (place_of(number) - first_place_) >> shift_; }

  struct Found {
    std::size_t index = 0;
    std::size_t num_before = 0;  ///< In the buckets before.
  };
  /// Pre: there are more numbers than `rank`.
  Found find(std::size_t rank) const {
    Found found;
    while (found.num_before + counts_[found.index] <= rank) {
      found.num_before += counts_[found.index++];
    }
    return found;
  }

 private:
  static constexpr int kBits = 11;
  std::uint64_t first_place_;
  int shift_;
  std::array<std::size_t, std::size_t{1} << kBits> counts_{};
};

/// The mean of the numbers of two ranks, which are the same or follow each other.
double middle_of(std::span<const double> numbers, const Places& places, std::size_t lower_rank,
                 std::size_t upper_rank) {
  const Buckets buckets(numbers, places);
  const Buckets::Found lower = buckets.find(lower_rank);
  const std::size_t upper_index = buckets.find(upper_rank).index;
  std::vector<double> near;
  for (const double number : numbers) {
    const std::size_t index = buckets.index_of(number);
    if (index == lower.index || index == upper_index) near.push_back(number);
  }
  const auto number_of_rank = [&](std::size_t rank) {
    const auto at = near.begin() + static_cast<std::ptrdiff_t>(rank - lower.num_before);
    std::ranges::nth_element(near, at);
    return *at;
  };
  const double below = number_of_rank(lower_rank);
  if (lower_rank == upper_rank) return below;
  return (below + number_of_rank(upper_rank)) / 2;
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
  // NaN stands first, if anywhere: then there is no range.
  constexpr auto kNan = std::numeric_limits<double>::quiet_NaN();
  const std::span numbers(
      std::ranges::partition(values_, [](double value) { return std::isnan(value); }));
  const std::size_t num_nan = values_.size() - numbers.size();
  const Places places = places_of(numbers);
  summary.minimum = num_nan > 0 ? kNan : number_at(places.first);
  summary.maximum = num_nan > 0 ? kNan : number_at(places.last);
  const std::size_t lower_rank = (values_.size() - 1) / 2;
  summary.median = lower_rank < num_nan ? kNan
                                        : middle_of(numbers, places, lower_rank - num_nan,
                                                    values_.size() / 2 - num_nan);
  return summary;
}

}  // namespace assay::history
