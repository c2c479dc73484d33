/// \file
/// What is written down of a challenge once its answers are in. Format:
/// docs/formats/validator-rounds.md.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "scoring/neuron.h"
#include "validator/cell.h"
#include "validator/challenge.h"
#include "validator/courier.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::validator {

struct AskedMiner {
  scoring::Uid uid = 0;
  std::string hotkey = {};
  Reply reply = {};
};

/// One challenge. It is never given to anybody before the last reply is in.
struct RoundRecord {
  /// Of this validator, over all its starts.
  std::uint64_t challenge = 0;
  /// Its number in the state, under which it was scored.
  std::uint64_t round = 0;
  Timestamp started = {};
  Cell cell = {};
  ChallengeRecipe recipe;
  std::vector<AskedMiner> miners = {};
};

/// One line of JSON, without the line break.
std::string to_json(const RoundRecord& record);
/// Errors: kCorrupt (not JSON), kInvalidInput (a member that is missing or of another kind).
Result<RoundRecord> parse_round_record(std::string_view line);

}  // namespace assay::validator
