/// \file
/// What managing a history needs to know of one line.

#pragma once

#include "core/timestamp.h"

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace assay::history {

enum class LineKind : std::uint8_t {
  kRecord,
  kBlank,
  kUnreadable,  ///< No JSON object.
};

struct RecordLine {
  LineKind kind = LineKind::kBlank;
  std::optional<Timestamp> time;  ///< Nothing when there is none, or none that can be read.
};

/// Read the time of a record.
RecordLine read_record_line(std::string_view line);

/// Enough of a line's SHA-256 that two lines never share it.
struct LineHash {
  std::array<std::byte, 16> bytes{};
  bool operator==(const LineHash&) const = default;
};
LineHash hash_of_line(std::string_view line);

struct LineHashHash {
  std::size_t operator()(const LineHash& hash) const;
};
using LineSet = std::unordered_set<LineHash, LineHashHash>;

}  // namespace assay::history
