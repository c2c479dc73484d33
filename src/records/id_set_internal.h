/// \file
/// Which generations were read already, in 16 bytes for each.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace assay::records {

/// 128 bits in place of an id: those of a UUID themselves, of any other text a digest.
struct IdDigest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const IdDigest&) const = default;
};

IdDigest digest_id(std::string_view generation_id);

struct IdDigestHash {
  std::size_t operator()(const IdDigest& digest) const;
};

/// Threads: all calls are safe from any thread.
class IdSet {
 public:
  /// Whether it was not there.
  bool insert(const IdDigest& digest);

 private:
  /// Open addressing with linear probing; zeros mark what is free.
  struct Shard {
    std::mutex mutex;
    std::vector<IdDigest> slots;
    std::size_t num_used = 0;
  };
  static constexpr std::size_t kNumShards = 64;

  static bool insert_into(std::vector<IdDigest>& slots, const IdDigest& digest);
  static void grow(Shard& shard);

  std::array<Shard, kNumShards> shards_;
};

}  // namespace assay::records
