/// \file
/// Which generations were read already, in 16 bytes for each, and those that stand twice.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::record_reading {

/// 128 bits in place of an id: those of a UUID themselves, of any other text a digest; never zeros.
struct IdDigest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const IdDigest&) const = default;
};

IdDigest digest_id(std::string_view generation_id);
/// The same for a UUID in small letters; nothing for any other text.
std::optional<IdDigest> digest_uuid(std::string_view text);
inline constexpr std::size_t kUuidLength = 36;

struct IdDigestHash {
  std::size_t operator()(const IdDigest& digest) const;
};

/// Threads: all calls are safe from any thread.
class IdSet {
 public:
  /// Add an id, and say whether it is new. `hash`, here and below, is what IdDigestHash gives.
  /// Pre: `digest` has a bit that is set.
  bool insert(const IdDigest& digest, std::size_t hash);
  /// Bring what insert() will look at into the cache: first the shard, which another thread may
  /// have changed, and once it is there the slot. The set of a long history is far larger than any
  /// cache, and the wait for memory would be a tenth of all the time.
  void prepare_shard(std::size_t hash) const;
  void prepare_slot(std::size_t hash) const;

 private:
  static constexpr std::size_t kCacheLineSize = 64;

  /// Open addressing with linear probing; zeros mark what is free.
  struct alignas(kCacheLineSize) Shard {
    std::mutex mutex;
    std::size_t num_used = 0;
    // Where the slots lie, for prepare_slot(), which takes no lock: an address that is no longer
    // right costs time, nothing else.
    std::atomic<const IdDigest*> slots_at = nullptr;
    std::atomic<std::size_t> num_slots = 0;
    // What changes when the shard grows, and is else only read.
    alignas(kCacheLineSize) std::vector<IdDigest> slots;
  };
  static constexpr std::size_t kNumShards = 64;

  /// The slot where the search for a hash begins.
  static std::size_t first_slot(std::size_t hash, std::size_t num_slots);
  /// Where the digest of this hash is, or the free slot where it belongs.
  static std::size_t find_slot(const std::vector<IdDigest>& slots, const IdDigest& digest,
                               std::size_t hash);
  static void grow(Shard& shard);

  std::array<Shard, kNumShards> shards_;
};

/// An ordinal is the file's number above this bit and the place of the line below it.
inline constexpr unsigned kFileShift = 44;

/// Ids that stand more than once, and where each does last.
/// Threads: note() is safe from any thread, and so is note_known() while nobody calls note();
/// find() when nobody calls either.
class ContestedIds {
 public:
  /// Of several places the last counts.
  void note(const IdDigest& digest, std::uint64_t ordinal);
  /// As note(), but for ids that were noted before; others are passed over.
  void note_known(const IdDigest& digest, std::uint64_t ordinal);
  std::optional<std::uint64_t> find(const IdDigest& digest) const;
  bool is_empty() const { return last_.empty(); }

 private:
  std::mutex mutex_;  // guards last_; in note_known() its values alone, which is all that changes
  std::unordered_map<IdDigest, std::uint64_t, IdDigestHash> last_;
};

}  // namespace assay::record_reading
