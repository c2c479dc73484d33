/// \file
/// Which of several sources a stock is filled from.

#pragma once

#include "cache/layout.h"

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace assay::updater {

using ImageCounts = std::map<cache::Label, std::uint64_t>;

/// A source, and what the cache holds of it.
struct SourceStock {
  /// Its share, beside those of the others; above 0.
  double weight = 1;
  /// Images of it that the cache may hold.
  std::uint64_t cap = std::numeric_limits<std::uint64_t>::max();
  /// Of each label, that can be served.
  ImageCounts stock = {};
  /// Of any label and none; at least the sum of `stock`.
  std::uint64_t num_held = 0;
  /// Labels of which it gave all it has, or failed to: others fill in for it.
  std::set<cache::Label> out = {};
};

/// Share `missing` out: each next image comes from the source that holds the least of its label for
/// its weight, so that empty ones are filled first. What no source may give is left out.
/// Order: as `sources`. Cost: the logarithm of their number an image.
std::vector<ImageCounts> plan_sources(std::span<const SourceStock> sources,
                                      const ImageCounts& missing);

/// In which order they are asked: those that hold the least for their weight first.
std::vector<std::size_t> order_of_sources(std::span<const SourceStock> sources);

}  // namespace assay::updater
