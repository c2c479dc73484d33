/// \file
/// Base64 (RFC 4648), standard and URL-safe.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::crypto {

enum class Base64Alphabet {
  kStandard,  ///< `+` and `/`
  kUrlSafe,   ///< `-` and `_`
};

enum class Base64Padding { kPadded, kUnpadded };

std::string base64_encode(std::span<const std::byte> bytes,
                          Base64Alphabet alphabet = Base64Alphabet::kStandard,
                          Base64Padding padding = Base64Padding::kPadded);

/// Read exactly what base64_encode() writes: no blanks, no other alphabet, padding as named, and
/// unused bits zero, so that each value has one text only. The message never holds the text.
/// Errors: kInvalidInput.
Result<std::vector<std::byte>> base64_decode(std::string_view text,
                                             Base64Alphabet alphabet = Base64Alphabet::kStandard,
                                             Base64Padding padding = Base64Padding::kPadded);

}  // namespace assay::crypto
