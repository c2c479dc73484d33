/// \file
/// Fuzzes the cells of a summary: integers and floats as Python reads them. The input holds one or
/// two of them, a line each.

#include "core/check.h"
#include "fuzz_target.h"
#include "python_form/python_float.h"
#include "python_form/python_integer.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fuzz_python_number {
namespace {

using assay::python_form::PythonInteger;

constexpr std::size_t kMaxMessage = 1000;

void check_cell(std::string_view text) {
  const auto number = assay::python_form::parse_python_float(text);
  if (!number) CHECK(number.error().message.size() < kMaxMessage, "a message is for people");
  const auto integer = PythonInteger::parse(text);
  if (!integer) {
    CHECK(integer.error().message.size() < kMaxMessage, "a message is for people");
    return;
  }
  const auto again = PythonInteger::parse(integer->to_string());
  CHECK(again && *again == *integer, "an integer in its one form stays as it is");
  CHECK(number.has_value(), "each integer is a float too");
  // Two algorithms, both rounded correctly.
  const auto itself = assay::python_form::true_divide(*integer, PythonInteger(1));
  CHECK(itself ? *itself == *number : std::isinf(*number), "an integer over one is its float");
}

void check_quotient(std::string_view above, std::string_view below) {
  const auto dividend = PythonInteger::parse(above);
  const auto divisor = PythonInteger::parse(below);
  if (!dividend || !divisor) return;
  const auto order = *dividend <=> *divisor;
  CHECK((order == 0) == (*dividend == *divisor), "equal is neither more nor less");
  if (divisor->is_zero()) return;
  const auto quotient = assay::python_form::true_divide(*dividend, *divisor);
  if (!quotient) return;
  CHECK(std::isfinite(*quotient), "what is too large is an error");
  if (order == 0) CHECK(*quotient == 1, "a number goes into itself once");
  const PythonInteger zero;
  if (*divisor > zero) {
    CHECK(order < 0 ? *quotient <= 1 : *quotient >= 1, "the quotient is on its side of one");
  }
}

}  // namespace

FUZZ_TARGET(python_number) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const std::string_view first = text.substr(0, end);
  check_cell(text);
  check_cell(first);
  if (end != std::string_view::npos) check_quotient(first, text.substr(end + 1));
  return 0;
}

}  // namespace fuzz_python_number
