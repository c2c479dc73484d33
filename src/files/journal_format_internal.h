/// \file
/// The bytes of a journal. Outlives the process: see docs/formats/journal.md before changing it.

#pragma once

#include "core/crc32c.h"
#include "files/journal.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace assay::files::journal_format {

// Persisted: never changed.
inline constexpr std::array<char, 8> kMagic = {'A', 'S', 'S', 'A', 'Y', 'J', 'N', 'L'};
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHeaderSize = 16;
inline constexpr std::size_t kRecordPrefixSize = 8;
// In place of a length: a mark, which says that everything before it was synced.
inline constexpr std::uint32_t kMarkLength = 0xFFFF'FFFF;
inline constexpr std::size_t kMarkSize = 16;

// Bytes of an integer, the lowest first, whatever the machine.
template <typename Integer>
void store(std::byte* at, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    at[i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFU);
  }
}
template <typename Integer>
Integer load(const std::byte* at) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value |= static_cast<Integer>(std::to_integer<Integer>(at[i]) << (8 * i));
  }
  return value;
}

inline std::array<std::byte, kHeaderSize> header() {
  std::array<std::byte, kHeaderSize> bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  store(bytes.data() + 8, kVersion);
  store(bytes.data() + 12, crc32c(std::span(bytes).first(12)));
  return bytes;
}

inline std::array<std::byte, kRecordPrefixSize> record_prefix(std::span<const std::byte> payload) {
  std::array<std::byte, kRecordPrefixSize> bytes{};
  store(bytes.data(), static_cast<std::uint32_t>(payload.size()));
  store(bytes.data() + 4, crc32c(payload, crc32c(std::span(bytes).first(4))));
  return bytes;
}

// `offset` is where the mark itself stands, so that no other bytes pass for one by accident.
inline std::array<std::byte, kMarkSize> mark(std::uint64_t offset) {
  std::array<std::byte, kMarkSize> bytes{};
  store(bytes.data(), kMarkLength);
  store(bytes.data() + 8, offset);
  const std::uint32_t checksum =
      crc32c(std::span(bytes).subspan(8), crc32c(std::span(bytes).first(4)));
  store(bytes.data() + 4, checksum);
  return bytes;
}

}  // namespace assay::files::journal_format
