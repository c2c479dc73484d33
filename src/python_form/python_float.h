/// \file
/// Numbers as Python's float() reads them, for options that the old scripts took that way.

#pragma once

#include "core/result.h"

#include <string_view>

namespace assay::python_form {

/// Read UTF-8 text as Python's float() does: blanks around it, a sign, single underscores between
/// digits, digits of any script, an exponent, `inf`, `infinity` and `nan` in any case. What is too
/// large becomes infinite, what is too small zero.
/// Errors: kInvalidInput.
Result<double> parse_python_float(std::string_view text);

}  // namespace assay::python_form
