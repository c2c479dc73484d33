/// \file
/// Sets weights and makes sure that they are there.

#pragma once

#include "chain/network.h"
#include "core/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::chain {

struct WeightSetterOptions {
  Netuid netuid{};
  /// What was sent can land for so many blocks, and not after: the era for which the SDK of
  /// Bittensor 11 signs. 0 where a write is done when the call is back, as in a local network.
  BlockCount landing_blocks = 128;
};

/// What was sent and not yet seen on the chain. To be kept across a restart.
struct PendingWeights {
  /// The newest block just before it was sent.
  BlockNumber sent_at = 0;
  /// `last_update` at that block: it moves when the weights land.
  BlockNumber last_update_before = 0;

  bool operator==(const PendingWeights&) const = default;
};

enum class SubmitResult : std::uint8_t {
  kConfirmed,      ///< Sent, and `last_update` has moved.
  kLandedEarlier,  ///< Those sent before have landed after all; these were not sent.
  kPending,        ///< Sent now or before, and not seen yet: nothing is sent until that is clear.
  kNotDue,         ///< Too early by the rate limit; `answer.wait_blocks` says how long.
  kRefused,        ///< By the chain; `answer.error_name` says why.
};

/// `confirmed`, `landed_earlier`, `pending`, `not_due`, `refused`.
std::string_view to_string(SubmitResult result);

struct SubmitReport {
  SubmitResult result = SubmitResult::kPending;
  /// What the chain said, if these weights were sent.
  std::optional<WriteOutcome> answer = std::nullopt;
  /// What the chain has now, as far as it could be read.
  WeightsState state = {};
  /// Weights sent before were given up: they did not land while they could.
  bool has_lost_earlier = false;
};

/// Threads: one thread at a time.
/// Errors:  as Network; after one nothing was sent.
class WeightSetter {
 public:
  /// Lifetime: `network` outlives this. `pending` is what pending() gave before a restart.
  WeightSetter(Network& network, const WeightSetterOptions& options,
               const std::optional<PendingWeights>& pending = std::nullopt);

  /// Send weights, unless some that were sent before may still land. Whether they landed is read
  /// from the chain, never taken from the answer alone.
  Result<SubmitReport> submit(std::span<const WeightEntry> weights, std::uint64_t version_key,
                              const CallOptions& options);
  /// Look whether what is pending has landed, and send nothing; kConfirmed also when nothing is
  /// pending.
  Result<SubmitReport> confirm(const CallOptions& options);

  const std::optional<PendingWeights>& pending() const { return pending_; }

 private:
  enum class Landing { kLanded, kMayLand, kLost };
  Landing landing_of(const PendingWeights& pending, const WeightsState& state) const;
  /// What is known of weights that were just sent.
  SubmitReport look_after(const WriteOutcome& answer, const WeightsState& before,
                          const CallOptions& options);

  Network& network_;
  const WeightSetterOptions options_;
  std::optional<PendingWeights> pending_;
};

/// An alarm in words when the last weights are more than `num_tempos` old, or when the hotkey is
/// not registered; nothing when all is well.
std::optional<std::string> weights_alarm(const WeightsState& state, BlockCount tempo,
                                         BlockCount num_tempos = 2);

}  // namespace assay::chain
