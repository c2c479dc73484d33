#include "python_form/python_float.h"

#include "core/shown_text.h"
#include "python_form/python_text_internal.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>

namespace assay::python_form {
namespace {

Error not_a_number(std::string_view text) {
  return invalid_input(fmt::format("{} is not a number", shown_text(text)));
}

/// The magnitude of what overflowed or underflowed: std::from_chars() does not say which it was.
double out_of_range(std::string_view digits) {
  const std::string text(digits);
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace

Result<double> parse_python_float(std::string_view text) {
  const std::optional<std::string> ascii = to_number_text(text);
  if (!ascii) return not_a_number(text);
  const std::optional<std::string> plain = without_underscores(*ascii);
  if (!plain) return not_a_number(text);
  std::string_view digits = *plain;
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  // A second sign, and the nan(...) of C, are the two forms that from_chars() takes beyond Python.
  if (digits.starts_with('-') || digits.contains('(')) {
    return not_a_number(text);
  }
  double magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, magnitude);
  if (read.ec == std::errc::invalid_argument || read.ptr != end) return not_a_number(text);
  if (read.ec == std::errc::result_out_of_range) magnitude = out_of_range(digits);
  return is_negative ? -magnitude : magnitude;
}

}  // namespace assay::python_form
