/// \file
/// Which generations were read already, in 18 bytes for each, and those that stand twice in a file.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::record_reading {

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

/// Where an id was before.
enum class IdSeen : std::uint8_t { kNever, kInEarlierFile, kInThisFile };

/// Threads: all calls are safe from any thread.
class IdSet {
 public:
  /// Add an id that stands in the file of this number, and say where it was before.
  IdSeen insert(const IdDigest& digest, std::uint16_t file);

 private:
  /// Open addressing with linear probing; zeros mark what is free.
  struct Shard {
    std::mutex mutex;
    std::vector<IdDigest> slots;
    std::vector<std::uint16_t> files;  // of each slot
    std::size_t num_used = 0;
  };
  static constexpr std::size_t kNumShards = 64;

  /// Where the digest is, or the free slot where it belongs.
  static std::size_t find_slot(const std::vector<IdDigest>& slots, const IdDigest& digest);
  static void grow(Shard& shard);

  std::array<Shard, kNumShards> shards_;
};

/// An ordinal is the file's number above this bit and the place of the line below it.
inline constexpr unsigned kFileShift = 44;

/// Ids that stand more than once in one file, and where each does last.
/// Threads: note() is safe from any thread, and so is note_known() while nobody calls note();
/// find() when nobody calls either.
class ContestedIds {
 public:
  /// Of two places in one file the later counts; another file's is passed over.
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
