#include "audit/image_rule.h"

#include <algorithm>

namespace assay::audit {

namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char character, char expected) {
    const bool is_upper = character >= 'A' && character <= 'Z';
    return (is_upper ? static_cast<char>(character + ('a' - 'A')) : character) == expected;
  });
}

// The length in bytes of the blank that `text` begins with; 0 when it begins with none.
std::size_t blank_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  switch (byte(0)) {
    case 0xC2:
      return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
    case 0xE1:
      return byte(1) == 0x9A && byte(2) == 0x80 ? 3 : 0;
    case 0xE2:
      if (byte(1) == 0x80) {
        const bool is_space = (byte(2) >= 0x80 && byte(2) <= 0x8A) || byte(2) == 0xA8 ||
                              byte(2) == 0xA9 || byte(2) == 0xAF;
        return is_space ? 3 : 0;
      }
      return byte(1) == 0x81 && byte(2) == 0x9F ? 3 : 0;
    case 0xE3:
      return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;
    default:
      return (byte(0) >= 0x09 && byte(0) <= 0x0D) || (byte(0) >= 0x1C && byte(0) <= 0x20) ? 1 : 0;
  }
}

}  // namespace

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = blank_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

JobStatus parse_status(std::string_view text) {
  if (equals_ignoring_case(text, "success")) return JobStatus::kSuccess;
  if (equals_ignoring_case(text, "failed")) return JobStatus::kFailed;
  if (equals_ignoring_case(text, "pending")) return JobStatus::kPending;
  return JobStatus::kOther;
}

std::string_view to_string(JobStatus status) {
  switch (status) {
    case JobStatus::kSuccess:
      return "success";
    case JobStatus::kFailed:
      return "failed";
    case JobStatus::kPending:
      return "pending";
    case JobStatus::kOther:
      return "other";
  }
  return "other";
}

}  // namespace assay::audit
