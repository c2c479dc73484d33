/// \file
/// The parts of the history's page.

#pragma once

#include "history/analyze.h"
#include "report/page.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace assay::history {

/// `part` of `whole` in [0, 1]; nothing of nothing is 0.
double share_of(std::uint64_t part, std::uint64_t whole);

/// `2025-11-30`.
std::string day_text(std::chrono::sys_days day);

void add_days(report::Page& page, const Analysis& analysis);
void add_clip(report::Page& page, const Analysis& analysis);
void add_validators(report::Page& page, const Analysis& analysis);
void add_stages(report::Page& page, const Analysis& analysis);
void add_failures(report::Page& page, const Analysis& analysis);

}  // namespace assay::history
