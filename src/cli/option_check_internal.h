/// \file
/// What CLI11 asks of the check of an option: nothing, or what is wrong.

#pragma once

#include "core/parse_number.h"
#include "core/result.h"
#include "core/timestamp.h"

#include <charconv>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <system_error>

namespace assay::cli {

using OptionCheck = std::function<std::string(const std::string& text)>;

/// Nothing when it read well.
template <typename T>
std::string problem_of(const Result<T>& read) {
  return read ? std::string() : read.error().message;
}

/// What is wrong with the text of a time, or nothing.
inline std::string check_time(const std::string& text) { return problem_of(parse_timestamp(text)); }

/// As short as can be read back.
std::string number_text(double number);
template <std::integral Number>
std::string number_text(Number number) {
  return std::to_string(number);
}

/// ` from 1 to 9`, ` from 1 on`, or nothing where only a wide type is an end.
template <typename Number>
std::string range_text(Number least, Number most) {
  using Limits = std::numeric_limits<Number>;
  constexpr bool kIsNarrow = sizeof(Number) <= sizeof(std::uint16_t);
  if (most != Limits::max() || kIsNarrow) {
    return " from " + number_text(least) + " to " + number_text(most);
  }
  if (least != Limits::lowest() || std::unsigned_integral<Number>) {
    return " from " + number_text(least) + " on";
  }
  return {};
}

/// Decimal digits for a number from `least` to `most`; a minus sign only where one may be.
template <std::integral Number>
OptionCheck whole_number(Number least, Number most = std::numeric_limits<Number>::max()) {
  return [least, most](const std::string& text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_read = error == std::errc() && stop == end;
    if (is_read && number >= least && number <= most) return std::string();
    return "expected a whole number" + range_text(least, most) + ", not '" + text + "'";
  };
}

/// A decimal number from `least` to `most`.
inline OptionCheck real_number(double least, double most = std::numeric_limits<double>::max()) {
  return [least, most](const std::string& text) {
    const auto number = parse_real(text);
    if (number && *number >= least && *number <= most) return std::string();
    return "expected a number" + range_text(least, most) + ", not '" + text + "'";
  };
}

/// What an option takes that is stored as a `Number`; nothing to check for other types.
template <typename Number>
OptionCheck check_of_type() {
  using Limits = std::numeric_limits<Number>;
  if constexpr (std::integral<Number> && !std::same_as<Number, bool>) {
    return whole_number(Limits::min());
  } else if constexpr (std::floating_point<Number>) {
    return real_number(Limits::lowest());
  } else {
    return {};
  }
}

}  // namespace assay::cli
