/// \file
/// Integers and floats in our formats: the lowest byte first, whatever the machine.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace assay::embedding_store {

static_assert(std::endian::native == std::endian::little,
              "vectors are copied as they lie in memory; a big-endian machine must swap them");

/// Pre of all: `bytes` is long enough.
inline std::uint32_t load_u32(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}
inline std::uint64_t load_u64(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}
inline void store_u32(std::span<std::byte> bytes, std::uint32_t value) {
  std::memcpy(bytes.data(), &value, sizeof value);
}
inline void store_u64(std::span<std::byte> bytes, std::uint64_t value) {
  std::memcpy(bytes.data(), &value, sizeof value);
}
inline void append_u32(std::string& bytes, std::uint32_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void append_u64(std::string& bytes, std::uint64_t value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace assay::embedding_store
