/// \file
/// What an update did, for people and for programs.

#pragma once

#include "updater/update.h"
#include "updater/update_sources.h"

#include <string>

namespace assay::cli {

std::string update_text(const updater::UpdateOutcome& outcome);
std::string update_json(const updater::UpdateOutcome& outcome);

/// The same of several sources.
std::string sources_text(const updater::SourcesOutcome& outcome);
std::string sources_json(const updater::SourcesOutcome& outcome);

}  // namespace assay::cli
