/// \file
/// Numbers and literals of JSON as Python reads it: NaN, Infinity and integers of any size too.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay::json {

enum class ScalarKind : std::uint8_t {
  kNone,  ///< No number and no literal.
  kNull,
  kTrue,
  kFalse,
  kInteger,
  kBigInteger,  ///< Does not fit 64 bits with sign.
  kReal,
  kNan,
  kInfinity,
  kMinusInfinity,
};

struct Scalar {
  ScalarKind kind = ScalarKind::kNone;
  std::size_t length = 0;
};

/// A decimal one.
inline bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// The number or literal that `text` begins with. What follows it is not looked at.
Scalar read_scalar(std::string_view text);

/// The double of a number's text, rounded correctly: infinite when it is too large, as in Python.
double number_of(std::string_view digits);

}  // namespace assay::json
