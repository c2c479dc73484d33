/// \file
/// The status of a validator as figures for Prometheus: docs/guides/validator.md lists them.

#pragma once

#include "core/timestamp.h"
#include "validator/status.h"

#include <string>

namespace assay::validator {

/// Counters are those of the run that wrote the status. Figures of single miners are left to the
/// status: 256 of them would be too many series.
std::string metrics_of(const ValidatorStatus& status, Timestamp now);

}  // namespace assay::validator
