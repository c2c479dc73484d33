/// \file
/// When a job counts as having an image, and which status it has: the rule of the old scripts.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::audit {

/// Whether the text has nothing but blanks, or nothing at all. Blank is what Python's str.strip()
/// removes: U+0009-000D, 001C-0020, 0085, 00A0, 1680, 2000-200A, 2028, 2029, 202F, 205F and 3000.
/// Bytes that are not UTF-8 are not blank.
bool is_blank(std::string_view text);

/// Whether a job has an image. A has_image that is a real boolean decides; otherwise an address
/// that is text and not blank. `image_uri` is nothing when it is null, absent or not text.
inline bool has_image(std::optional<bool> claimed, std::optional<std::string_view> image_uri) {
  if (claimed) return *claimed;
  return image_uri && !is_blank(*image_uri);
}

enum class JobStatus : std::uint8_t { kSuccess, kFailed, kPending, kOther };
inline constexpr std::size_t kNumStatuses = 4;

/// `success`, `failed` and `pending`, ASCII letters of either case, not trimmed; all else is
/// kOther.
JobStatus parse_status(std::string_view text);

/// `success`, `failed`, `pending` or `other`.
std::string_view to_string(JobStatus status);

/// The hotkey of jobs that have none: null, empty, or this text itself.
inline constexpr std::string_view kUnknownHotkey = "UNKNOWN";

}  // namespace assay::audit
