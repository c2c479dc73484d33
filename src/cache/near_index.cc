/// Norouzi, Punjani, Fleet, "Fast search in Hamming space with multi-index hashing" (2012): two
/// hashes that differ in at most 7 of 64 bits differ in at most one bit of one of four parts of 16,
/// so that 4 * 17 lists hold every candidate.

#include "cache/near_index.h"

#include "core/check.h"
#include "images/perceptual_hash.h"

#include <utility>

namespace assay::cache {
namespace {

constexpr int kPartBits = 16;

std::uint32_t part_of(std::uint64_t look, std::size_t part) {
  return static_cast<std::uint32_t>((look >> (part * kPartBits)) & 0xFFFF);
}

}  // namespace

NearIndex::NearIndex() {
  for (auto& lists : lists_) lists.resize(std::size_t{1} << kPartBits);
}

void NearIndex::add(std::uint64_t look, std::uint32_t group, std::uint64_t id) {
  const auto position = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({.look = look, .id = id, .group = group});
  for (std::size_t part = 0; part < kNumParts; ++part) {
    lists_[part][part_of(look, part)].push_back(position);
  }
}

std::optional<NearIndex::Found> NearIndex::find(std::uint64_t look, std::uint32_t group,
                                                int max_distance) const {
  CHECK(max_distance >= 0 && max_distance <= kMaxDistance, "a distance that is not indexed");
  // Differing in fewer than four bits leaves one part equal.
  const int num_flips = std::cmp_less(max_distance, kNumParts) ? 0 : kPartBits;
  int best_distance = max_distance + 1;
  std::uint32_t best = 0;
  for (std::size_t part = 0; part < kNumParts; ++part) {
    for (int flip = 0; flip <= num_flips; ++flip) {
      const std::uint32_t flipped = flip == 0 ? 0 : std::uint32_t{1} << (flip - 1);
      for (const std::uint32_t position : lists_[part][part_of(look, part) ^ flipped]) {
        const Entry& entry = entries_[position];
        if (entry.group != group) continue;
        const int distance = images::hash_distance(entry.look, look);
        if (distance < best_distance || (distance == best_distance && position < best)) {
          best_distance = distance;
          best = position;
        }
      }
    }
  }
  if (best_distance > max_distance) return std::nullopt;
  return Found{.id = entries_[best].id, .distance = best_distance};
}

}  // namespace assay::cache
