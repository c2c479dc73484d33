/// \file
/// Why bytes gave no image: a verdict to count, and a sentence for a person.

#pragma once

#include "core/error.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace assay::images {

enum class RefusalKind : std::uint8_t {
  kUnknownFormat,   ///< None of the formats that are read.
  kUnsupported,     ///< A known format, of a kind that is not read.
  kTruncated,       ///< The bytes end before the image does.
  kCorrupt,         ///< Damaged.
  kOverLimit,       ///< Larger than the limits allow; found before memory is taken for its pixels.
  kMissingLibrary,  ///< A format that is read by a library which this machine lacks.
};

/// `unknown_format`, `unsupported`, `truncated`, `corrupt`, `over_limit` or `missing_library`.
std::string_view to_string(RefusalKind kind);

/// No image, and why: one file's fate, not a failure of the work.
struct Refusal {
  RefusalKind kind = RefusalKind::kCorrupt;
  /// What was found and what was expected: `JPEG: ends in row 12 of 240`.
  std::string reason;

  /// For callers that treat it as a failure: kInvalidInput, kCorrupt, kExhausted or kMissing.
  Error to_error() const;
};

/// A value, or why there is none.
template <typename T>
using Readable = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(RefusalKind kind, std::string reason) {
  return std::unexpected(Refusal{kind, std::move(reason)});
}

/// A library's words as part of one line: what they quote of a file may hold anything.
std::string to_one_line(std::string_view words);

}  // namespace assay::images
