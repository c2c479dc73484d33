/// \file
/// The status of a validator, put together from its parts.

#pragma once

#include "validator/answer_board.h"
#include "validator/chain_desk.h"
#include "validator/organic_proxy.h"
#include "validator/paid_scores.h"
#include "validator/round_export.h"
#include "validator/round_loop.h"
#include "validator/state_store.h"
#include "validator/status.h"

namespace assay::validator {

struct StatusSources {
  const RoundLoop& loop;
  const StateStore& state;
  const AnswerBoard& board;
  const Copies& copies;
  scoring::CopyPolicy copy_policy = scoring::CopyPolicy::kReport;
  const ChainState& chain;
  const ChainDeskOptions& chain_options;
  double validator_stake_limit = scoring::kValidatorStakeLimit;
  /// Null when no jobs are sent.
  const GenerationJobs* jobs = nullptr;
  /// Null when there is none.
  const OrganicProxy* proxy = nullptr;
  /// Null when nobody is told of rounds.
  const RoundExport* round_export = nullptr;
};

/// Fill in what the parts know; times, names and the run's state stay as they are in `status`.
void add_report(const StatusSources& sources, ValidatorStatus& status);

}  // namespace assay::validator
