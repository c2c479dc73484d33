/// \file
/// Counts per miner, and the table that holds them while an export is read.

#pragma once

#include "audit/image_rule.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

/// A count for each JobStatus.
using StatusCounts = std::array<std::uint64_t, kNumStatuses>;

std::uint64_t sum(const StatusCounts& counts);

inline constexpr std::uint64_t kNoRow = std::numeric_limits<std::uint64_t>::max();

/// One miner's jobs without an image; of all its jobs too when totals were asked for.
struct MinerTally {
  std::string hotkey = {};
  /// Jobs without an image, by the has_image rule.
  StatusCounts missing = {};
  /// The first row without an image, in the order of the input; kNoRow when there is none.
  std::uint64_t first_missing_row = kNoRow;
  /// All jobs. Only with totals.
  StatusCounts jobs = {};
  /// Jobs whose has_image is true. Only with totals.
  StatusCounts image_claims = {};
  /// Of those the jobs that give no address: image_uri is null, absent, not text or
  /// blank. None of them is in `missing`. Only with totals.
  StatusCounts claims_without_address = {};

  std::uint64_t count_of_missing() const { return sum(missing); }
  std::uint64_t missing_with(JobStatus status) const {
    return missing[static_cast<std::size_t>(status)];
  }
  std::uint64_t jobs_with(JobStatus status) const { return jobs[static_cast<std::size_t>(status)]; }

  bool operator==(const MinerTally&) const = default;
};

/// Most missing first, ties by the first missing row, then by the hotkey: the order of the report.
void sort_for_report(std::vector<MinerTally>& miners);

/// Counts by hotkey; made for some dozen miners as for some million.
/// Threads: one thread at a time; each worker has its own, merged at the end.
class TallyTable {
 public:
  /// Without totals an entry is a good deal smaller.
  enum class Depth : std::uint8_t { kMissing, kTotals };

  explicit TallyTable(Depth depth) : depth_(depth) {}
  // Entries point into the arena.
  TallyTable(const TallyTable&) = delete;
  TallyTable& operator=(const TallyTable&) = delete;

  std::size_t size() const { return entries_.size(); }

  /// The number of the hotkey's entry, a new one if need be. Numbers do not change.
  std::uint32_t entry_of(std::string_view hotkey);

  void add_missing(std::uint32_t entry, JobStatus status, std::uint64_t row) {
    Entry& counts = entries_[entry];
    ++counts.missing[static_cast<std::size_t>(status)];
    counts.first_missing_row = std::min(counts.first_missing_row, row);
  }
  /// Pre: made with kTotals, as for the next.
  void add_job(std::uint32_t entry, JobStatus status) {
    ++totals_[entry].jobs[static_cast<std::size_t>(status)];
  }
  void add_image_claim(std::uint32_t entry, JobStatus status) {
    ++totals_[entry].image_claims[static_cast<std::size_t>(status)];
  }
  void add_claim_without_address(std::uint32_t entry, JobStatus status) {
    ++totals_[entry].claims_without_address[static_cast<std::size_t>(status)];
  }

  void merge(const TallyTable& other);
  /// All entries. Order: of first use.
  std::vector<MinerTally> tallies() const;

 private:
  struct Entry {
    std::string_view hotkey;  // in arena_
    StatusCounts missing = {};
    std::uint64_t first_missing_row = kNoRow;
  };
  struct Totals {
    StatusCounts jobs = {};
    StatusCounts image_claims = {};
    StatusCounts claims_without_address = {};
  };
  // A hash beside the entry number saves a visit to the entry for most other keys.
  struct Slot {
    std::uint32_t entry_plus_one = 0;
    std::uint32_t hash = 0;
  };

  std::string_view keep(std::string_view hotkey);
  void grow();

  Depth depth_;
  std::vector<Entry> entries_;
  std::vector<Totals> totals_;  // empty without totals
  std::vector<Slot> slots_;     // open addressing; a power of two, at most half full
  std::vector<std::vector<char>> arena_;
  std::size_t arena_left_ = 0;
  char* arena_next_ = nullptr;
};

}  // namespace assay::audit
