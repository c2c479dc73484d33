/// \file
/// Byte counts as a type, and views of text as bytes.

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// A number of bytes; adds and subtracts with its own kind only.
class ByteCount {
 public:
  constexpr ByteCount() = default;
  constexpr explicit ByteCount(std::uint64_t count) : count_(count) {}

  constexpr std::uint64_t count() const { return count_; }

  constexpr auto operator<=>(const ByteCount&) const = default;
  constexpr ByteCount& operator+=(ByteCount other) {
    count_ += other.count_;
    return *this;
  }
  constexpr ByteCount operator+(ByteCount other) const { return ByteCount(count_ + other.count_); }
  /// Pre: `other` is not larger.
  constexpr ByteCount operator-(ByteCount other) const { return ByteCount(count_ - other.count_); }

 private:
  std::uint64_t count_ = 0;
};

/// For people: `512 B`, `1.5 MiB`.
std::string to_string(ByteCount size);

namespace literals {
constexpr ByteCount operator""_B(unsigned long long count) { return ByteCount(count); }
constexpr ByteCount operator""_KiB(unsigned long long count) { return ByteCount(count << 10); }
constexpr ByteCount operator""_MiB(unsigned long long count) { return ByteCount(count << 20); }
constexpr ByteCount operator""_GiB(unsigned long long count) { return ByteCount(count << 30); }
}  // namespace literals

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace assay
