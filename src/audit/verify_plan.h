/// \file
/// How many requests a verification takes, in words.

#pragma once

#include "storage/existence.h"

#include <cstdint>
#include <string>

namespace assay::audit {

/// The plan as lines for people, the last one ended too. Folders are numbered, not named.
/// `num_known` objects have a verdict from a run that was stopped.
std::string plan_text(const storage::ExistencePlan& plan, std::uint64_t num_known);

/// The share of requests that listing saves, in [0, 1].
float saved_share(const storage::ExistencePlan& plan);

}  // namespace assay::audit
