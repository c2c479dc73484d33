/// \file
/// What a rotation did, for people and for programs.

#pragma once

#include "records/rotate.h"

#include <string>

namespace assay::history {

/// What moved, and what to do about problems.
std::string to_text(const records::RotateReport& report);
std::string to_json(const records::RotateReport& report);

}  // namespace assay::history
