/// \file
/// Hexadecimal text.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Two lower-case digits a byte.
std::string to_hex(std::span<const std::byte> bytes);

/// Read digits of either case, two a byte.
/// Errors: kInvalidInput (an odd number of digits, or another character).
Result<std::vector<std::byte>> parse_hex(std::string_view text);

/// The value of a digit of either case, or nothing for another character.
std::optional<unsigned> hex_digit(char digit);

}  // namespace assay
