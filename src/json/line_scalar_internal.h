/// \file
/// Numbers and literals within a line, found fast where they are of the usual kind.

#pragma once

#include "json/line_scan.h"
#include "json/scalar_internal.h"
#include "json/text_step_internal.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace assay::json {

/// Where the digits from `from` on end. Pre: something else than a digit follows somewhere.
inline const char* digits_end(const char* from) {
  while (is_digit(*from)) ++from;
  return from;
}

/// The end of a plain number, which is nearly every one; null for what needs a closer look: many
/// digits, or no number of JSON.
inline const char* plain_number_end(const char* scalar) {
  // So many digits always fit 64 bits.
  constexpr std::ptrdiff_t kMaxSafeDigits = 18;
  const char* digits = *scalar == '-' ? scalar + 1 : scalar;
  const char* end = digits_end(digits);
  if (end == digits || end - digits > kMaxSafeDigits) return nullptr;
  if (*digits == '0' && end - digits > 1) return nullptr;
  if (*end == '.') {
    const char* decimals = end + 1;
    end = digits_end(decimals);
    if (end == decimals) return nullptr;
  }
  if (*end == 'e' || *end == 'E') {
    const char* exponent = end + 1;
    if (*exponent == '+' || *exponent == '-') ++exponent;
    end = digits_end(exponent);
    if (end == exponent) return nullptr;
  }
  return end;
}

/// The same of a short number without an exponent, without a branch for each digit; null for any
/// other. Pre: 32 bytes are readable.
inline const char* short_number_end(const char* scalar) {
  const char* digits = *scalar == '-' ? scalar + 1 : scalar;
  const std::uint32_t is_digit_at = digit_bits(digits);
  const int num_digits = std::countr_one(is_digit_at);
  if (num_digits == 0 || (*digits == '0' && num_digits > 1)) return nullptr;
  const char* end = digits + num_digits;
  if (*end == '.') {
    const int num_decimals = std::countr_one(is_digit_at >> (num_digits + 1));
    if (num_decimals == 0) return nullptr;
    end += 1 + num_decimals;
  }
  // Beyond what was loaded there may be more digits.
  constexpr auto kNumLoaded = static_cast<std::ptrdiff_t>(kTextStep);
  return end - digits < kNumLoaded && *end != 'e' && *end != 'E' ? end : nullptr;
}

/// The end of a literal or plain number; null for what needs a closer look: an integer of many
/// digits, NaN and infinities, or what JSON does not have. What follows it is not looked at.
/// Pre: 32 bytes are readable, and something else than a digit follows somewhere.
inline const char* plain_scalar_end(const char* scalar) {
  const auto is = [scalar](std::string_view word) {
    return std::memcmp(scalar, word.data(), word.size()) == 0;
  };
  switch (*scalar) {
    case 'n':
      return is("null") ? scalar + 4 : nullptr;
    case 't':
      return is("true") ? scalar + 4 : nullptr;
    case 'f':
      return is("fals") && scalar[4] == 'e' ? scalar + 5 : nullptr;
    default: {
      const char* end = short_number_end(scalar);
      return end != nullptr ? end : plain_number_end(scalar);
    }
  }
}

/// Fill in a number or literal that was checked already. Pre: `limit` is where something follows,
/// blanks before it or not.
void fill_scalar(Field& field, const char* scalar, const char* limit);

}  // namespace assay::json
