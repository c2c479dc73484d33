/// \file
/// Doubles as Python prints them: files of the old scripts hold this form.

#pragma once

#include <string>

namespace assay::json {

/// The shortest digits that read back the same double, as Python's repr(): `1.0`, `1e-07`, `1e+16`,
/// `nan`, `inf`, `-0.0`.
std::string python_repr(double value);

}  // namespace assay::json
