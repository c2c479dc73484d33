/// \file
/// What of a miner's score becomes weight, once its claims of images are known.

#pragma once

#include "scoring/score_book.h"
#include "validator/generation_jobs.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace assay::validator {

/// By hotkey.
using ClaimCounts = std::map<std::string, JobCounts, std::less<>>;

/// The scores of `book`, by uid, less what claimed images that were absent cost
/// (scoring::claim_factor()).
std::vector<float> paid_scores(const scoring::ScoreBook& book, const ClaimCounts& claims);

}  // namespace assay::validator
