/// \file
/// What one miner's jobs come to: counted from an export, judged by judgement.h.

#pragma once

#include "audit/image_rule.h"
#include "audit/tally.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::audit {

/// Counts of jobs of one miner.
///
/// A job is a claim when its status is success or its has_image is true. A claim is without image
/// for the first of these reasons that holds, so that no job counts twice:
///   1. `success_missing`: the status is success and the job has no image by the rule of the
///      missing-images summary: has_image is false, or it is no boolean and image_uri is blank.
///   2. `claims_without_address`: has_image is true, which settles that rule, yet image_uri is no
///      text or blank.
///   3. `absent_objects`: has_image is true, there is an address, and the store says that the
///      object is not there.
/// An object that was not asked, that we may not see, or whose answer is unknown speaks against
/// nobody. A failed or pending job without image claims nothing.
struct MinerTotals {
  std::string hotkey;  ///< As in the summary; see kUnknownHotkey.
  std::uint64_t jobs = 0;
  std::uint64_t claims = 0;        ///< The status is success, or has_image is true.
  std::uint64_t missing_jobs = 0;  ///< Without image by the summary's rule, whatever the status.
  std::uint64_t success_missing = 0;
  std::uint64_t claims_without_address = 0;
  std::uint64_t absent_objects = 0;  ///< From a verify report; 0 without one.

  std::uint64_t claims_without_image() const {
    return success_missing + claims_without_address + absent_objects;
  }
};

/// The totals of a fleet, without what a store says of its objects.
/// Pre: the tallies were counted with totals. Order: of `tallies`.
std::vector<MinerTotals> totals_of(std::span<const MinerTally> tallies);

}  // namespace assay::audit
