#include "statistics/overlap.h"

#include "core/check.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

// Within a stratum the overlap is hypergeometric. Its probabilities come from the rational ratios
// of neighbours, walked outwards from the largest, so that only positive numbers are multiplied and
// added and a tail keeps its relative precision however small it is. The overlaps of strata are
// independent: the distribution of their sum is the convolution.

namespace assay::statistics {
namespace {

struct Distribution {
  std::uint64_t least = 0;  ///< The value that probabilities.front() belongs to.
  std::vector<double> probabilities;
};

Distribution overlap_of(const OverlapStratum& stratum) {
  const double size = stratum.size;
  const double first = stratum.first;
  const double second = stratum.second;
  const auto least = stratum.first + stratum.second > stratum.size
                         ? stratum.first + stratum.second - stratum.size
                         : 0;
  const auto most = std::min(stratum.first, stratum.second);
  CHECK(stratum.first <= stratum.size && stratum.second <= stratum.size && stratum.both >= least &&
            stratum.both <= most,
        "marks on more things than there are");
  Distribution overlap{.least = least, .probabilities = std::vector<double>(most - least + 1)};
  auto& values = overlap.probabilities;
  // P(k + 1) / P(k)
  const auto ratio = [&](double k) {
    return (first - k) * (second - k) / ((k + 1) * (size - first - second + k + 1));
  };
  const auto mode = static_cast<std::uint32_t>((first + 1) * (second + 1) / (size + 2));
  const std::size_t start = std::clamp(mode, least, most) - least;
  values[start] = 1;
  for (std::size_t i = start; i + 1 < values.size(); ++i) {
    values[i + 1] = values[i] * ratio(static_cast<double>(least + i));
  }
  for (std::size_t i = start; i > 0; --i) {
    values[i - 1] = values[i] / ratio(static_cast<double>(least + i - 1));
  }
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
  return overlap;
}

Distribution sum_of(const Distribution& left, const Distribution& right) {
  Distribution sum{.least = left.least + right.least,
                   .probabilities = std::vector<double>(left.probabilities.size() +
                                                        right.probabilities.size() - 1)};
  for (std::size_t i = 0; i < left.probabilities.size(); ++i) {
    for (std::size_t k = 0; k < right.probabilities.size(); ++k) {
      sum.probabilities[i + k] += left.probabilities[i] * right.probabilities[k];
    }
  }
  return sum;
}

}  // namespace

double overlap_upper_tail(std::span<const OverlapStratum> strata) {
  Distribution total{.least = 0, .probabilities = {1.0}};
  std::uint64_t seen = 0;
  for (const OverlapStratum& stratum : strata) {
    seen += stratum.both;
    total = sum_of(total, overlap_of(stratum));
  }
  if (seen <= total.least) return 1;
  double tail = 0;
  // From the far end, the smallest first.
  for (std::size_t i = total.probabilities.size(); i > seen - total.least; --i) {
    tail += total.probabilities[i - 1];
  }
  return std::min(tail, 1.0);
}

}  // namespace assay::statistics
