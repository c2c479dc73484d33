#include "record_reading/id_set.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace assay::record_reading {
namespace {

constexpr std::size_t kMinSlots = 64;

/// The finalizer of MurmurHash3: each bit of the input moves about half of the output's.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdU;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53U;
  return value ^ (value >> 33);
}

constexpr std::uint64_t in_each_byte(std::uint8_t value) { return 0x0101010101010101U * value; }

/// Eight hexadecimal digits at once, a byte of a word each. Small letters alone: UUIDs that differ
/// in their case are different texts.
class HexDigits {
 public:
  /// Of the four characters from `first` and the four from `second` on.
  HexDigits(const char* first, const char* second) {
    std::array<char, 8> text{};
    std::copy_n(first, 4, text.begin());
    std::copy_n(second, 4, text.begin() + 4);
    std::memcpy(&characters_, text.data(), sizeof characters_);
    if constexpr (std::endian::native == std::endian::little) {
      characters_ = std::byteswap(characters_);
    }
    // Letters have the bit 0x40, and 'a' & 0xf is 1.
    const std::uint64_t letters = (characters_ >> 6) & in_each_byte(1);
    digits_ = (characters_ & in_each_byte(0xf)) + letters * 9;
  }

  /// Whether writing the digits again gives the same characters.
  bool are_digits() const {
    const std::uint64_t digits = digits_ & in_each_byte(0xf);
    const std::uint64_t letters = ((digits + in_each_byte(6)) >> 4) & in_each_byte(1);
    return digits + in_each_byte('0') + letters * ('a' - '0' - 10) == characters_;
  }

  /// Pre: are_digits().
  std::uint64_t value() const {
    std::uint64_t packed = (digits_ | (digits_ >> 4)) & 0x00ff00ff00ff00ffU;
    packed = (packed | (packed >> 8)) & 0x0000ffff0000ffffU;
    return (packed | (packed >> 16)) & 0xffffffffU;
  }

 private:
  std::uint64_t characters_ = 0;
  std::uint64_t digits_ = 0;
};

/// Zeros mark what is free.
IdDigest marked(IdDigest digest) {
  if (digest == IdDigest()) digest.low = 1;
  return digest;
}

std::uint64_t digest_bytes(std::string_view text, std::uint64_t seed) {
  std::uint64_t state = mix(seed ^ text.size());
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(sizeof word, text.size());
    std::memcpy(&word, text.data(), size);
    state = mix((state ^ word) + 0x9e3779b97f4a7c15U);
    text.remove_prefix(size);
  }
  return state;
}

}  // namespace

std::optional<IdDigest> digest_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  const char* at = text.data();
  const std::array<HexDigits, 4> parts = {HexDigits(at, at + 4), HexDigits(at + 9, at + 14),
                                          HexDigits(at + 19, at + 24), HexDigits(at + 28, at + 32)};
  if (!std::ranges::all_of(parts, &HexDigits::are_digits)) return std::nullopt;
  return marked({.high = (parts[0].value() << 32) | parts[1].value(),
                 .low = (parts[2].value() << 32) | parts[3].value()});
}

IdDigest digest_id(std::string_view generation_id) {
  if (const auto uuid = digest_uuid(generation_id)) return *uuid;
  return marked({.high = digest_bytes(generation_id, 1), .low = digest_bytes(generation_id, 2)});
}

std::size_t IdDigestHash::operator()(const IdDigest& digest) const {
  return mix(digest.high ^ mix(digest.low));
}

bool IdSet::insert(const IdDigest& digest, std::size_t hash) {
  Shard& shard = shards_[hash % kNumShards];
  const std::scoped_lock lock(shard.mutex);
  if (shard.num_used * 4 >= shard.slots.size() * 3) grow(shard);
  const std::size_t at = find_slot(shard.slots, digest, hash);
  if (shard.slots[at] == digest) return false;
  shard.slots[at] = digest;
  ++shard.num_used;
  return true;
}

void IdSet::prepare_shard(std::size_t hash) const {
  __builtin_prefetch(&shards_[hash % kNumShards], 1);
}

void IdSet::prepare_slot(std::size_t hash) const {
  const Shard& shard = shards_[hash % kNumShards];
  const std::size_t num_slots = shard.num_slots.load(std::memory_order_relaxed);
  if (num_slots == 0) return;
  const std::size_t at = first_slot(hash, num_slots);
  __builtin_prefetch(shard.slots_at.load(std::memory_order_relaxed) + at, 1);
}

std::size_t IdSet::first_slot(std::size_t hash, std::size_t num_slots) {
  // The upper half of the product spreads the hash over any number of slots, without a division.
  return ((hash >> 32) * num_slots) >> 32;
}

std::size_t IdSet::find_slot(const std::vector<IdDigest>& slots, const IdDigest& digest,
                             std::size_t hash) {
  std::size_t at = first_slot(hash, slots.size());
  while (slots[at] != IdDigest() && slots[at] != digest) {
    at = at + 1 == slots.size() ? 0 : at + 1;
  }
  return at;
}

void IdSet::grow(Shard& shard) {
  std::vector<IdDigest> larger(std::max(kMinSlots, shard.slots.size() * 2));
  for (const IdDigest& digest : shard.slots) {
    if (digest != IdDigest()) larger[find_slot(larger, digest, IdDigestHash()(digest))] = digest;
  }
  shard.slots = std::move(larger);
  shard.slots_at.store(shard.slots.data(), std::memory_order_relaxed);
  shard.num_slots.store(shard.slots.size(), std::memory_order_relaxed);
}

void ContestedIds::note(const IdDigest& digest, std::uint64_t ordinal) {
  const std::scoped_lock lock(mutex_);
  const auto found = last_.emplace(digest, ordinal).first;
  found->second = std::max(found->second, ordinal);
}

void ContestedIds::note_known(const IdDigest& digest, std::uint64_t ordinal) {
  const auto found = last_.find(digest);
  if (found == last_.end()) return;
  const std::scoped_lock lock(mutex_);
  found->second = std::max(found->second, ordinal);
}

std::optional<std::uint64_t> ContestedIds::find(const IdDigest& digest) const {
  const auto found = last_.find(digest);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace assay::record_reading
