/// \file
/// The lines of weights.jsonl: docs/formats/validator-weights.md.

#pragma once

#include "validator/chain_desk.h"

#include <string>

namespace assay::validator {

/// Before they are sent: all that the weights were made of.
std::string intent_line(const WeightsReport& report, const ScoreOffer& offer,
                        const NetworkView& view, std::uint64_t version_key);
/// What the chain said.
std::string answer_line(const WeightsReport& report, Timestamp now);
/// The chain shows them.
std::string confirmed_line(const WeightsReport& report, chain::BlockNumber last_update,
                           Timestamp now);

}  // namespace assay::validator
