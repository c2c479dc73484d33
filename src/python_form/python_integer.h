/// \file
/// Integers as Python has them: of any size, read from text as int() reads it.

#pragma once

#include "core/result.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::python_form {

/// An integer of any size.
class PythonInteger {
 public:
  PythonInteger() = default;
  explicit PythonInteger(std::int64_t value) : value_(value) {}

  /// Read UTF-8 text as Python's int(text) does: blanks of any script around it, a sign, single
  /// underscores between digits, leading zeros, decimal digits of any script. Python's own bound of
  /// 4,300 digits is not kept.
  /// Errors: kInvalidInput (shows the start of the text, escaped).
  static Result<PythonInteger> parse(std::string_view text);

  /// Nothing when it does not fit.
  std::optional<std::int64_t> to_int64() const {
    return digits_.empty() ? std::optional(value_) : std::nullopt;
  }

  bool is_zero() const { return digits_.empty() && value_ == 0; }
  /// Canonical decimal digits, with a minus sign when negative.
  std::string to_string() const;

  bool operator==(const PythonInteger&) const = default;
  std::strong_ordering operator<=>(const PythonInteger& other) const;

 private:
  friend Result<double> true_divide(const PythonInteger& dividend, const PythonInteger& divisor);

  bool is_negative() const { return digits_.empty() ? value_ < 0 : is_negative_; }
  /// Digits of the absolute value, without leading zeros.
  std::string magnitude() const;

  // What fits 64 bits is kept as such; digits_ is filled for nothing else, so that equal numbers
  // have equal members.
  std::int64_t value_ = 0;
  bool is_negative_ = false;
  std::string digits_;
};

/// The double nearest to dividend / divisor, ties to even: Python's `/`.
/// Pre:    `divisor` is not zero.
/// Errors: kInvalidInput where Python raises OverflowError: the quotient is beyond a double.
Result<double> true_divide(const PythonInteger& dividend, const PythonInteger& divisor);

}  // namespace assay::python_form
