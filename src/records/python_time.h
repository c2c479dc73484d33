/// \file
/// Instants as Python's datetime.isoformat() writes them in UTC: files of the old programs hold
/// this form.

#pragma once

#include "core/timestamp.h"

#include <string>

namespace assay::records {

/// `2025-11-12T21:30:45.123456+00:00`; no fraction when it is zero.
std::string python_isoformat(Timestamp instant);

}  // namespace assay::records
