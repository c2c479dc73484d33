/// \file
/// What a miner has answered, as figures for Prometheus: docs/guides/miner.md lists them.

#pragma once

#include "miner/axon.h"
#include "miner/job_desk.h"

#include <string>

namespace assay::miner {

/// `jobs` may be null. Threads: safe while the axon answers.
std::string metrics_of(const Axon& axon, const JobDesk* jobs);

}  // namespace assay::miner
