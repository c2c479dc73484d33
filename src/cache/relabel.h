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
  /// Given by a name under which several images came: none of them is labelled.
  struct Ambiguous {
    std::string given;
    std::vector<std::string> paths;  ///< Below the cache's folder.
  };
  std::vector<Ambiguous> ambiguous = {};
};

/// Write the label into the sidecar of each image of `images`, whose other members stay. An image
/// is given by its path, by its path below the cache's folder, or by its name alone; where no item
/// has the name, by the one under which it was imported.
/// Pre:    the index is up to date.
/// Errors: as Store. What was written before stays.
Result<RelabelReport> relabel(Store& store, std::span<const std::string> images,
                              const RelabelOptions& options);

/// As relabel(), of all that have no label yet in the caches of `kind`, or in all.
/// Errors: as Store.
Result<RelabelReport> relabel_unlabelled(Store& store, std::optional<CacheKind> kind,
                                         const RelabelOptions& options);

}  // namespace assay::cache
