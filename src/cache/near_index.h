/// \file
/// Finds the pictures that look like a new one, without comparing it with each.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace assay::cache {

/// Perceptual hashes, found again by any that differs in at most kMaxDistance bits.
/// Threads: one thread at a time. Cost: 16 bytes a hash and 24 bytes a number of a part; a search
/// looks at some 68 lists of 1/65,536 of the hashes.
class NearIndex {
 public:
  static constexpr int kMaxDistance = 7;

  struct Found {
    std::uint64_t id = 0;
    int distance = 0;
  };

  NearIndex();

  void add(std::uint64_t look, std::uint32_t group, std::uint64_t id);
  /// The nearest of this group, at most `max_distance` away; of several the first that was added.
  /// Pre: 0 <= `max_distance` <= kMaxDistance.
  std::optional<Found> find(std::uint64_t look, std::uint32_t group, int max_distance) const;

  std::size_t size() const { return entries_.size(); }

 private:
  static constexpr std::size_t kNumParts = 4;
  struct Entry {
    std::uint64_t look;
    std::uint64_t id;
    std::uint32_t group;
  };

  std::vector<Entry> entries_;
  /// By part and its 16 bits: positions in entries_.
  std::array<std::vector<std::vector<std::uint32_t>>, kNumParts> lists_;
};

}  // namespace assay::cache
