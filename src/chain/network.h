/// \file
/// The seam to a chain: the little that a validator and a miner ask of it.

#pragma once

#include "chain/metagraph.h"
#include "core/result.h"
#include "keys/ss58.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::chain {

struct CallOptions {
  /// The call is back by then, give or take the last wait of the system.
  std::chrono::milliseconds deadline = std::chrono::seconds(12);
  /// Ends a wait early, as kCancelled.
  std::stop_token stop = {};
};

/// What became of something that was to be written to the chain.
enum class WriteResult : std::uint8_t {
  kAccepted,
  /// Too early: to be waited for, no error.
  kRateLimited,
  /// The chain said no, and will again: see `error_name`.
  kRefused,
  /// It was sent, and no answer came: it may have landed, or still may. Look at weights_state()
  /// before another try (`WeightSetter` does).
  kOutcomeUnknown,
};

/// `accepted`, `rate_limited`, `refused`, `outcome_unknown`.
std::string_view to_string(WriteResult result);

struct WriteOutcome {
  WriteResult result = WriteResult::kAccepted;
  /// The chain's own name of the refusal, such as `NeuronNoValidatorPermit`; empty without one.
  std::string error_name = {};
  /// For a person: what was wrong, with its figures; empty when accepted.
  std::string message = {};
  /// The head of the chain when it answered; 0 when it did not say.
  BlockNumber block = 0;
  /// Of kRateLimited: how many blocks are to pass before the next try, where that is known.
  std::optional<BlockCount> wait_blocks = std::nullopt;
};

struct WeightSubmission {
  Netuid netuid{};
  /// No uid twice.
  std::span<const WeightEntry> weights;
  /// The subnet's own (`Hyperparameters::weights_version_key`), or what the operator set.
  std::uint64_t version_key = 0;
};

struct NetworkHealth {
  bool is_connected = false;
  /// The head, when connected.
  std::optional<BlockNumber> block = std::nullopt;
  /// Who answers, in which version, or why nobody does: for a person.
  std::string detail = {};
};

/// One chain, seen by one hotkey or by none.
///
/// A refusal by the chain is a WriteOutcome; an Error is that the question could not be asked or
/// answered. After an Error of a write nothing was written; where that is not known the answer is
/// kOutcomeUnknown.
///
/// Threads: all calls are safe from any thread; they may wait for each other, within their
///          deadlines.
/// Errors:  kTimeout (the deadline), kUnavailable (the chain cannot be reached), kNotFound (no such
///          network on this chain), kCancelled (the stop), kMissing (a call that acts for the own
///          hotkey when there is none), kCorrupt (an answer that makes no sense); each names the
///          chain.
class Network {
 public:
  virtual ~Network() = default;
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Which chain, for messages: `local:PATH`, `finney`, or an address.
  virtual const std::string& name() const = 0;
  /// Whom the calls below act for.
  virtual const std::optional<keys::Hotkey>& self() const = 0;

  /// The number of the newest block.
  virtual Result<BlockNumber> current_block(const CallOptions& options) = 0;
  /// All members. The heaviest call: not for every request (`WatchedNetwork` keeps a copy).
  virtual Result<Metagraph> metagraph(Netuid netuid, const CallOptions& options) = 0;
  virtual Result<Hyperparameters> hyperparameters(Netuid netuid, const CallOptions& options) = 0;
  /// What the own hotkey has set.
  virtual Result<WeightsState> weights_state(Netuid netuid, const CallOptions& options) = 0;

  /// Set the own hotkey's weights. Refusals: those of the chain, in its order (`chain_rules.h`).
  virtual Result<WriteOutcome> set_weights(const WeightSubmission& submission,
                                           const CallOptions& options) = 0;
  /// Tell where the own hotkey listens.
  virtual Result<WriteOutcome> serve_axon(Netuid netuid, const Axon& axon,
                                          const CallOptions& options) = 0;

  /// Never fails: that the chain cannot be reached is an answer.
  virtual NetworkHealth health(const CallOptions& options) = 0;
};

}  // namespace assay::chain
