/// \file
/// What of a miner's score becomes weight, once its claims of images are known, and whose answers
/// go together.

#pragma once

#include "scoring/copies.h"
#include "scoring/score_book.h"
#include "validator/generation_jobs.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace assay::validator {

/// By hotkey.
using ClaimCounts = std::map<std::string, JobCounts, std::less<>>;

/// By hotkey: the others of its group, of those whose answers go together.
using Copies = std::map<std::string, std::vector<std::string>>;

/// The scores of `book`, by uid, less what claimed images that were absent cost
/// (scoring::claim_factor()); under kShare a group of `copies` earns what one of its members would,
/// and those of it who have left the network take no part.
std::vector<float> paid_scores(const scoring::ScoreBook& book, const ClaimCounts& claims,
                               const Copies& copies, scoring::CopyPolicy copy_policy);

}  // namespace assay::validator
