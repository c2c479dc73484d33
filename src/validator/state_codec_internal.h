/// \file
/// The bytes of saved state: docs/formats/validator-state.md.

#pragma once

#include "scoring/score_book.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace assay::validator {

/// Appends numbers, the lowest byte first.
class ByteWriter {
 public:
  void byte(std::uint8_t value) { number(value); }
  void u16(std::uint16_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void real(double value) { number(std::bit_cast<std::uint64_t>(value)); }
  void real32(float value) { number(std::bit_cast<std::uint32_t>(value)); }
  void text(std::string_view value);

  const std::string& bytes() const { return bytes_; }

 private:
  template <typename Number>
  void number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
    }
  }

  std::string bytes_;
};

/// Reads them again; once something is not there, nothing is.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint8_t byte() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  double real() { return std::bit_cast<double>(u64()); }
  float real32() { return std::bit_cast<float>(u32()); }
  std::string text();

  /// Whether nothing was missing so far.
  bool is_good() const { return !is_short_; }
  /// Whether nothing was missing, and nothing is left.
  bool is_whole() const { return !is_short_ && rest_.empty(); }

 private:
  std::span<const std::byte> take(std::size_t size);

  template <typename Number>
  Number number() {
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (const std::byte part : take(sizeof(Number))) {
      value |= std::to_integer<std::uint64_t>(part) << shift;
      shift += 8;
    }
    return static_cast<Number>(value);
  }

  std::span<const std::byte> rest_;
  bool is_short_ = false;
};

void write_answer(ByteWriter& writer, const scoring::Answer& answer);
/// False when what is there is no answer.
bool read_answer(ByteReader& reader, scoring::Answer& answer);

}  // namespace assay::validator
