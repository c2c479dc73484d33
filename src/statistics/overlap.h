/// \file
/// Whether two kinds of marks fall on the same things more often than chance would have it.

#pragma once

#include <cstdint>
#include <span>

namespace assay::statistics {

/// Things among which each kind of mark could have fallen on any other as well.
struct OverlapStratum {
  std::uint32_t size = 0;
  std::uint32_t first = 0;   ///< Things with the first kind of mark.
  std::uint32_t second = 0;  ///< With the second.
  std::uint32_t both = 0;
};

/// P(as many things with both marks, or more, over all strata together), given how many have each,
/// if within a stratum the one kind had fallen regardless of the other. With one stratum this is
/// Fisher's exact test; with several the exact form of Mantel and Haenszel's. 1 without strata.
/// Pre:  `first` and `second` at most `size`; `both` at most either, and possible with them.
/// Cost: the product of the sums of overlaps possible so far and those of the next stratum.
double overlap_upper_tail(std::span<const OverlapStratum> strata);

}  // namespace assay::statistics
