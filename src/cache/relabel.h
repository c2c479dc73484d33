/// \file
/// A person says what images show.

#pragma once

#include "cache/store.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::cache {

/// Whether an item that has a label by now gets the new one, or keeps its own.
enum class KnownLabels : std::uint8_t { kReplaced, kKept };

struct RelabelOptions {
  Label label = Label::kNone;
  /// With kRoadwork alone; empty: a default.
  std::string description = {};
  /// Images of this one alone; none: of all three.
  std::optional<CacheKind> cache = {};
};

/// What a sidecar says after write_label(), and whether it was written.
struct WrittenLabel {
  bool is_written = false;
  ItemState state = ItemState::kBadSidecar;  ///< kBadSidecar: it stays as it is, whatever it holds.
  std::optional<Label> label = {};
};

/// Write the label into the sidecar of an item, whose other members stay. What its sidecar says by
/// now counts, not what the index says. Errors: as Store.
Result<WrittenLabel> write_label(Store& store, const WriteTurn& turn, Item item,
                                 const RelabelOptions& options, KnownLabels known);

struct RelabelReport {
  std::uint64_t num_labelled = 0;
  /// As they were given: no image of the cache, one that does not decode, or one whose sidecar is
  /// no JSON object.
  std::vector<std::string> unknown = {};
  std::vector<std::string> broken = {};
  std::vector<std::string> bad_sidecar = {};
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

/// As relabel(), of all that have no label yet. Errors: as Store.
Result<RelabelReport> relabel_unlabelled(Store& store, const RelabelOptions& options);

}  // namespace assay::cache
