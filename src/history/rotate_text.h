/// \file
/// What a rotation did, for people and for programs.

#pragma once

#include "rotation/rotate.h"

#include <string>

namespace assay::history {

/// What moved, and what to do about problems.
std::string to_text(const rotation::RotateReport& report);
std::string to_json(const rotation::RotateReport& report);

}  // namespace assay::history
