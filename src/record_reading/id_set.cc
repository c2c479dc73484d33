#include "record_reading/id_set.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace assay::record_reading {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kMinSlots = 64;

/// The finalizer of MurmurHash3: each bit of the input moves about half of the output's.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdU;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53U;
  return value ^ (value >> 33);
}

constexpr auto kHexDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(0xff);
  for (unsigned i = 0; i < 10; ++i) digits['0' + i] = static_cast<std::uint8_t>(i);
  // Small letters alone: UUIDs that differ in their case are different texts.
  for (unsigned i = 0; i < 6; ++i) digits['a' + i] = static_cast<std::uint8_t>(10 + i);
  return digits;
}();

std::optional<IdDigest> read_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return std::nullopt;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return std::nullopt;
  IdDigest digest;
  unsigned worst = 0;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) continue;
    const unsigned value = kHexDigits[static_cast<unsigned char>(text[i])];
    worst |= value;
    std::uint64_t& half = i < 18 ? digest.high : digest.low;
    half = (half << 4) | (value & 0xfU);
  }
  if (worst > 0xf) return std::nullopt;
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

IdDigest digest_id(std::string_view generation_id) {
  if (const auto uuid = read_uuid(generation_id)) return *uuid;
  return {digest_bytes(generation_id, 1), digest_bytes(generation_id, 2)};
}

std::size_t IdDigestHash::operator()(const IdDigest& digest) const {
  return mix(digest.high ^ mix(digest.low));
}

IdSeen IdSet::insert(const IdDigest& digest, std::uint16_t file) {
  IdDigest kept = digest;
  if (kept == IdDigest()) kept.low = 1;
  Shard& shard = shards_[IdDigestHash()(kept) % kNumShards];
  const std::scoped_lock lock(shard.mutex);
  if (shard.num_used * 4 >= shard.slots.size() * 3) grow(shard);
  const std::size_t at = find_slot(shard.slots, kept);
  if (shard.slots[at] == kept) {
    return shard.files[at] == file ? IdSeen::kInThisFile : IdSeen::kInEarlierFile;
  }
  shard.slots[at] = kept;
  shard.files[at] = file;
  ++shard.num_used;
  return IdSeen::kNever;
}

std::size_t IdSet::find_slot(const std::vector<IdDigest>& slots, const IdDigest& digest) {
  // The upper half of the product spreads the hash over any number of slots, without a division.
  std::size_t at = ((IdDigestHash()(digest) >> 32) * slots.size()) >> 32;
  while (slots[at] != IdDigest() && slots[at] != digest) {
    at = at + 1 == slots.size() ? 0 : at + 1;
  }
  return at;
}

void IdSet::grow(Shard& shard) {
  std::vector<IdDigest> larger(std::max(kMinSlots, shard.slots.size() * 2));
  std::vector<std::uint16_t> files(larger.size());
  for (std::size_t i = 0; i < shard.slots.size(); ++i) {
    if (shard.slots[i] == IdDigest()) continue;
    const std::size_t at = find_slot(larger, shard.slots[i]);
    larger[at] = shard.slots[i];
    files[at] = shard.files[i];
  }
  shard.slots = std::move(larger);
  shard.files = std::move(files);
}

void ContestedIds::note(const IdDigest& digest, std::uint64_t ordinal) {
  const std::scoped_lock lock(mutex_);
  const auto [found, is_new] = last_.emplace(digest, ordinal);
  if (is_new || found->second >> kFileShift != ordinal >> kFileShift) return;
  found->second = std::max(found->second, ordinal);
}

void ContestedIds::note_known(const IdDigest& digest, std::uint64_t ordinal) {
  const auto found = last_.find(digest);
  if (found == last_.end()) return;
  const std::scoped_lock lock(mutex_);
  if (found->second >> kFileShift != ordinal >> kFileShift) return;
  found->second = std::max(found->second, ordinal);
}

std::optional<std::uint64_t> ContestedIds::find(const IdDigest& digest) const {
  const auto found = last_.find(digest);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace assay::record_reading
