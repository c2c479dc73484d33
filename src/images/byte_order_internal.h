/// \file
/// Numbers of image headers. Pre, of all: the bytes are there.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::images {

using Bytes = std::span<const std::byte>;

inline std::uint32_t byte_at(Bytes bytes, std::size_t at) {
  return std::to_integer<std::uint32_t>(bytes[at]);
}

inline std::uint32_t big16(Bytes bytes, std::size_t at) {
  return (byte_at(bytes, at) << 8) | byte_at(bytes, at + 1);
}

inline std::uint32_t big32(Bytes bytes, std::size_t at) {
  return (big16(bytes, at) << 16) | big16(bytes, at + 2);
}

inline std::uint32_t little16(Bytes bytes, std::size_t at) {
  return byte_at(bytes, at) | (byte_at(bytes, at + 1) << 8);
}

inline std::uint32_t little24(Bytes bytes, std::size_t at) {
  return little16(bytes, at) | (byte_at(bytes, at + 2) << 16);
}

inline std::uint32_t little32(Bytes bytes, std::size_t at) {
  return little16(bytes, at) | (little16(bytes, at + 2) << 16);
}

inline const std::uint8_t* as_u8(Bytes bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace assay::images
