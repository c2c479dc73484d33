/// \file
/// What the jobs of each miner came to, for status and pages.

#pragma once

#include "core/timestamp.h"
#include "jobs/job.h"

#include <cstdint>
#include <vector>

namespace assay::jobs {

/// Each number is of jobs. `sent` is the sum of open, refused, unanswered, interrupted, completed,
/// failed and timed_out; `claimed` that of verified, missing, worthless and unchecked.
struct JobCounts {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;  ///< Taken on, whatever came of it.
  std::uint64_t open = 0;
  std::uint64_t refused = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t interrupted = 0;
  std::uint64_t completed = 0;  ///< Called back as completed, with or without an image.
  std::uint64_t failed = 0;
  std::uint64_t timed_out = 0;

  std::uint64_t claimed = 0;    ///< Said to have an image.
  std::uint64_t verified = 0;   ///< ImageVerdict::kSound.
  std::uint64_t missing = 0;    ///< ImageVerdict::kAbsent.
  std::uint64_t worthless = 0;  ///< Broken, blank, too large, or a duplicate.
  std::uint64_t unchecked = 0;  ///< Not looked at yet, elsewhere, or in a store that is away.

  bool operator==(const JobCounts&) const = default;
};

struct MinerJobs {
  keys::Hotkey miner = keys::Hotkey(keys::AccountId{});
  Uid uid = 0;  ///< Of its last job.
  JobCounts counts = {};
  Timestamp last_sent = {};
};

/// Count jobs, each handed over once, in the order in which they were sent.
class JobCounter {
 public:
  void add(const Job& job);
  const JobCounts& total() const { return total_; }
  /// Order: by uid, then by hotkey.
  std::vector<MinerJobs> miners() const;

 private:
  JobCounts total_;
  std::vector<MinerJobs> miners_;  // by hotkey
};

}  // namespace assay::jobs
