/// \file
/// Sets of lines and ids that need little memory.

#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_set>

namespace assay::record_files {

/// Enough of a text's SHA-256 that two texts never share it.
struct LineHash {
  std::array<std::byte, 16> bytes{};
  bool operator==(const LineHash&) const = default;
};
LineHash hash_of_line(std::string_view line);

struct LineHashHash {
  std::size_t operator()(const LineHash& hash) const;
};
using LineSet = std::unordered_set<LineHash, LineHashHash>;

}  // namespace assay::record_files
