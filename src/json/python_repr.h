/// \file
/// Doubles as Python prints them: files of the old scripts hold this form.

#pragma once

#include <string>
#include <string_view>

namespace assay::json {

/// The shortest digits that read back the same double, as Python's repr(): `1.0`, `1e-07`, `1e+16`,
/// `nan`, `inf`, `-0.0`.
std::string python_repr(double value);

/// Whether `text` is what python_repr() makes of the number that it stands for; of numbers with an
/// exponent or more than 15 digits it says no all the same.
bool is_python_repr(std::string_view text);

}  // namespace assay::json
