/// \file
/// A cache is filled from several sources, each with its share.

#pragma once

#include "updater/update.h"

#include <cstdint>
#include <limits>
#include <span>
#include <stop_token>
#include <vector>

namespace assay::updater {

/// A source of several.
struct SourceSetup {
  /// Its goal, number, wanted labels and refill share are not looked at.
  UpdateOptions options = {};
  double weight = 1;
  /// Images of it that the cache may hold.
  std::uint64_t cap = std::numeric_limits<std::uint64_t>::max();
};

/// What all of them together are to come to; as in UpdateOptions.
struct SourcesGoal {
  UpdateGoal goal = UpdateGoal::kStock;  ///< Not kGiven.
  std::uint64_t number = 500;            ///< With kStock of each cache.
  std::vector<cache::Label> wanted = {};
  double refill_share = 0.8;
};

struct SourcesOutcome {
  /// In the order in which they were asked; one that fills in for another comes again.
  std::vector<UpdateOutcome> outcomes = {};
  std::uint64_t num_wanted = 0;
  std::uint64_t num_missing = 0;  ///< Still, when all was done that could be.
  /// When the first of them may be asked again.
  Timestamp next_due = {};
};

/// Add what is missing, from each source its share, the emptiest first; of one that fails or has no
/// more the others give the rest. Nobody is asked when the stock is full.
///
/// Pre:    as update(); no two sources have one name; `hub` is there when one of them is a data set
/// of it. Errors: in the outcomes, but those of Store, which are of the cache.
Result<SourcesOutcome> update_sources(cache::Store& store, hub::HubClient* hub,
                                      std::span<const SourceSetup> sources, const SourcesGoal& goal,
                                      UpdateTime time, const OnUpdate& on_update,
                                      const std::stop_token& stop);

}  // namespace assay::updater
