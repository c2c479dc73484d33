/// \file
/// The proxy's figures for Prometheus: docs/guides/validator.md lists them.

#pragma once

#include "core/timestamp.h"
#include "organic/proxy_figures.h"

#include <cstdint>
#include <string>

namespace assay::organic {

enum class Listening : std::uint8_t { kNo, kYes };

/// Every outcome has a sample from the start, so that a rate of the first refusal can be told.
std::string metrics_of(const ProxyFigures& figures, Listening listening, Timestamp now);

}  // namespace assay::organic
