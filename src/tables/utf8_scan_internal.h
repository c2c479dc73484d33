/// \file
/// Where text that arrives in parts stops being UTF-8.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::tables {

/// Checks a text part by part. Refuses what Python refuses: overlong forms, surrogates, code points
/// above U+10FFFF.
class Utf8Scan {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// The position in `part` of the first byte that cannot be right; kNone when all can. After a
  /// wrong byte the scan is over.
  std::size_t find_wrong_byte(std::string_view part);
  /// Whether a character is cut off where the last part ended.
  bool is_inside_character() const { return pending_ != 0; }

 private:
  int pending_ = 0;          // continuation bytes still to come
  std::uint8_t low_ = 0x80;  // bounds of the next one
  std::uint8_t high_ = 0xbf;
};

}  // namespace assay::tables
