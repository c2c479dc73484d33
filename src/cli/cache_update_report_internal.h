/// \file
/// What an update did, for people and for programs.

#pragma once

#include "updater/update.h"

#include <string>

namespace assay::cli {

std::string update_text(const updater::UpdateOutcome& outcome);
std::string update_json(const updater::UpdateOutcome& outcome);

}  // namespace assay::cli
