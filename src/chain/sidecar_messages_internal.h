/// \file
/// What a chain sidecar says, line by line, as values.

#pragma once

#include "chain/network.h"
#include "core/result.h"
#include "json/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::chain {

/// The version of the lines that are exchanged. A sidecar of another one is not used.
inline constexpr std::int64_t kSidecarProtocol = 1;

/// A line from the sidecar.
struct SidecarLine {
  enum class Kind : std::uint8_t { kReady, kFatal, kResult, kError };
  Kind kind = Kind::kError;
  /// Of a result or an error: the request that it answers.
  std::int64_t id = 0;
  /// The result, the error, or the whole event.
  json::Value content = {};
};

/// Errors: kCorrupt (no such line).
Result<SidecarLine> read_sidecar_line(std::string_view line);

/// Check the event `ready` against what we need; `self` is the hotkey that it must sign for.
/// Errors: kMissing (another protocol, an SDK that is not of version 11, another hotkey).
Status check_greeting(const json::Value& ready, const std::optional<keys::Hotkey>& self);

/// The error object of an answer.
struct SidecarError {
  std::string code = {};
  /// The chain's own name of it; often empty.
  std::string name = {};
  std::string message = {};
  std::string hint = {};
};
SidecarError read_sidecar_error(const json::Value& error);

/// Why a question has no answer. `chain` is its name.
Error error_of(const SidecarError& error, std::string_view chain);

enum class SidecarWrite : std::uint8_t { kWeights, kAxon };
/// What became of a write that was answered by an error.
/// Errors: as error_of(), where nothing was written.
Result<WriteOutcome> outcome_of(const SidecarError& error, SidecarWrite write,
                                std::string_view chain);
/// What became of a write that was answered by a result.
WriteOutcome outcome_of(const json::Value& result);

/// Errors of all: kCorrupt (a field that is missing, or not as it must be), which name the field.
Result<BlockNumber> read_block(const json::Value& result);
Result<Metagraph> read_metagraph(const json::Value& result);
Result<Hyperparameters> read_hyperparameters(const json::Value& result);
Result<WeightsState> read_weights_state(const json::Value& result);

}  // namespace assay::chain
