/// \file
/// The lines of weights.jsonl: docs/formats/validator-weights.md.

#pragma once

#include "validator/chain_desk.h"

#include <optional>
#include <string>

namespace assay::validator {

struct IntentFacts {
  std::uint64_t version_key = 0;
  /// Of the validator, before.
  chain::BlockNumber last_update = 0;
  scoring::SmallWeights small_weights = scoring::SmallWeights::kDrop;
};

/// Before they are sent: all that the weights were made of.
std::string intent_line(const WeightsReport& report, const ScoreOffer& offer,
                        const NetworkView& view, const IntentFacts& facts);
/// What the chain said.
std::string answer_line(const WeightsReport& report, Timestamp now);
/// What became of weights whose answer was open.
std::string outcome_line(bool has_landed, chain::BlockNumber last_update, Timestamp now);

/// What a process before this one may have left under way, by the end of its record.
/// Errors: those of File.
Result<std::optional<chain::PendingWeights>> read_pending(const files::File& log);

}  // namespace assay::validator
