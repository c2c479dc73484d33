#include "audit/tally.h"

#include "core/check.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>

namespace assay::audit {

namespace {

constexpr std::size_t kFirstSlots = 256;
constexpr std::size_t kArenaBlock = std::size_t{64} << 10;

void add(StatusCounts& to, const StatusCounts& from) {
  for (std::size_t i = 0; i < kNumStatuses; ++i) to[i] += from[i];
}

}  // namespace

std::uint64_t sum(const StatusCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void sort_for_report(std::vector<MinerTally>& miners) {
  std::ranges::sort(miners, [](const MinerTally& left, const MinerTally& right) {
    const std::uint64_t more = left.count_of_missing();
    const std::uint64_t less = right.count_of_missing();
    if (more != less) return more > less;
    return std::tie(left.first_missing_row, left.hotkey) <
           std::tie(right.first_missing_row, right.hotkey);
  });
}

std::uint32_t TallyTable::entry_of(std::string_view hotkey) {
  if (entries_.size() * 2 >= slots_.size()) grow();
  const std::size_t hash = std::hash<std::string_view>{}(hotkey);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = hash & mask;
  while (slots_[place].entry_plus_one != 0) {
    const Slot slot = slots_[place];
    if (slot.hash == tag && entries_[slot.entry_plus_one - 1].hotkey == hotkey) {
      return slot.entry_plus_one - 1;
    }
    place = (place + 1) & mask;
  }
  CHECK(entries_.size() < std::numeric_limits<std::uint32_t>::max() - 1, "too many miners");
  entries_.push_back({.hotkey = keep(hotkey)});
  if (depth_ == Depth::kTotals) totals_.emplace_back();
  slots_[place] = {static_cast<std::uint32_t>(entries_.size()), tag};
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

void TallyTable::grow() {
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max(kFirstSlots, old.size() * 2), Slot{});
  const std::size_t mask = slots_.size() - 1;
  for (const Slot slot : old) {
    if (slot.entry_plus_one == 0) continue;
    std::size_t place =
        std::hash<std::string_view>{}(entries_[slot.entry_plus_one - 1].hotkey) & mask;
    while (slots_[place].entry_plus_one != 0) place = (place + 1) & mask;
    slots_[place] = slot;
  }
}

std::string_view TallyTable::keep(std::string_view hotkey) {
  if (hotkey.size() > arena_left_) {
    const std::size_t size = std::max(kArenaBlock, hotkey.size());
    arena_next_ = arena_.emplace_back(size).data();
    arena_left_ = size;
  }
  const std::string_view kept(arena_next_, hotkey.size());
  std::ranges::copy(hotkey, arena_next_);
  arena_next_ += hotkey.size();
  arena_left_ -= hotkey.size();
  return kept;
}

void TallyTable::merge(const TallyTable& other) {
  for (std::size_t i = 0; i < other.entries_.size(); ++i) {
    const Entry& from = other.entries_[i];
    const std::uint32_t entry = entry_of(from.hotkey);
    add(entries_[entry].missing, from.missing);
    entries_[entry].first_missing_row =
        std::min(entries_[entry].first_missing_row, from.first_missing_row);
    if (depth_ == Depth::kTotals) {
      add(totals_[entry].jobs, other.totals_[i].jobs);
      add(totals_[entry].image_claims, other.totals_[i].image_claims);
      add(totals_[entry].claims_without_address, other.totals_[i].claims_without_address);
    }
  }
}

std::vector<MinerTally> TallyTable::tallies() const {
  std::vector<MinerTally> tallies;
  tallies.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    MinerTally tally{.hotkey = std::string(entries_[i].hotkey),
                     .missing = entries_[i].missing,
                     .first_missing_row = entries_[i].first_missing_row};
    if (depth_ == Depth::kTotals) {
      tally.jobs = totals_[i].jobs;
      tally.image_claims = totals_[i].image_claims;
      tally.claims_without_address = totals_[i].claims_without_address;
    }
    tallies.push_back(std::move(tally));
  }
  return tallies;
}

}  // namespace assay::audit
