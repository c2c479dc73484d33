/// \file
/// A person says what images show.

#pragma once

#include "cache/store.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::cache {

struct RelabelOptions {
  Label label = Label::kNone;
  /// With kRoadwork alone; empty: a default.
  std::string description = {};
};

/// Write the label into the sidecar of an item, whose other members stay. Errors: as Store.
Status write_label(Store& store, const WriteTurn& turn, Item item, const RelabelOptions& options);

struct RelabelReport {
  std::uint64_t num_labelled = 0;
  /// As they were given: no image of the cache, or one that does not decode.
  std::vector<std::string> unknown = {};
  std::vector<std::string> broken = {};
};

/// Write the label into the sidecar of each image of `images`, whose other members stay. An image
/// is given by its path, by its path below the cache's folder, or by its name alone.
/// Pre:    the index is up to date.
/// Errors: as Store. What was written before stays.
Result<RelabelReport> relabel(Store& store, std::span<const std::string> images,
                              const RelabelOptions& options);

/// As relabel(), of all that have no label yet in the caches of `kind`, or in all.
/// Errors: as Store.
Result<RelabelReport> relabel_unlabelled(Store& store, std::optional<CacheKind> kind,
                                         const RelabelOptions& options);

}  // namespace assay::cache
