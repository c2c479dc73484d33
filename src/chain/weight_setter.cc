#include "chain/weight_setter.h"

#include <fmt/format.h>

#include <utility>

namespace assay::chain {

std::string_view to_string(SubmitResult result) {
  switch (result) {
    case SubmitResult::kConfirmed:
      return "confirmed";
    case SubmitResult::kLandedEarlier:
      return "landed_earlier";
    case SubmitResult::kPending:
      return "pending";
    case SubmitResult::kNotDue:
      return "not_due";
    case SubmitResult::kRefused:
      return "refused";
  }
  std::unreachable();
}

WeightSetter::WeightSetter(Network& network, const WeightSetterOptions& options,
                           const std::optional<PendingWeights>& pending)
    : network_(network), options_(options), pending_(pending) {}

WeightSetter::Landing WeightSetter::landing_of(const PendingWeights& pending,
                                               const WeightsState& state) const {
  if (state.last_update > pending.last_update_before) return Landing::kLanded;
  // A node that lags behind the one that was asked before has nothing to say yet.
  if (state.block < pending.sent_at) return Landing::kMayLand;
  return state.block - pending.sent_at < options_.landing_blocks ? Landing::kMayLand
                                                                 : Landing::kLost;
}

Result<SubmitReport> WeightSetter::submit(std::span<const WeightEntry> weights,
                                          std::uint64_t version_key, const CallOptions& options) {
  ASSIGN_OR_RETURN(const WeightsState before, network_.weights_state(options_.netuid, options));
  bool has_lost_earlier = false;
  if (pending_) {
    switch (landing_of(*pending_, before)) {
      case Landing::kLanded:
        pending_.reset();
        return SubmitReport{.result = SubmitResult::kLandedEarlier, .state = before};
      case Landing::kMayLand:
        return SubmitReport{.result = SubmitResult::kPending, .state = before};
      case Landing::kLost:
        pending_.reset();
        has_lost_earlier = true;
        break;
    }
  }
  ASSIGN_OR_RETURN(
      const WriteOutcome answer,
      network_.set_weights(
          {.netuid = options_.netuid, .weights = weights, .version_key = version_key}, options));
  SubmitReport report{.result = SubmitResult::kRefused, .answer = answer, .state = before};
  switch (answer.result) {
    case WriteResult::kRefused:
      break;
    case WriteResult::kRateLimited:
      report.result = SubmitResult::kNotDue;
      break;
    case WriteResult::kAccepted:
    case WriteResult::kOutcomeUnknown:
      report = look_after(answer, before, options);
      break;
  }
  report.has_lost_earlier = has_lost_earlier;
  return report;
}

SubmitReport WeightSetter::look_after(const WriteOutcome& answer, const WeightsState& before,
                                      const CallOptions& options) {
  pending_ = PendingWeights{.sent_at = before.block, .last_update_before = before.last_update};
  SubmitReport report{.result = SubmitResult::kPending, .answer = answer, .state = before};
  const auto after = network_.weights_state(options_.netuid, options);
  // It stays pending, and the next call looks again.
  if (!after) return report;
  report.state = *after;
  // Weights set twice within one block leave `last_update` where it was.
  const bool is_at_its_block = answer.result == WriteResult::kAccepted && answer.block != 0 &&
                               after->last_update >= answer.block;
  if (is_at_its_block || landing_of(*pending_, *after) == Landing::kLanded) {
    pending_.reset();
    report.result = SubmitResult::kConfirmed;
  }
  return report;
}

Result<SubmitReport> WeightSetter::confirm(const CallOptions& options) {
  ASSIGN_OR_RETURN(const WeightsState state, network_.weights_state(options_.netuid, options));
  SubmitReport report{.result = SubmitResult::kConfirmed, .state = state};
  if (!pending_) return report;
  switch (landing_of(*pending_, state)) {
    case Landing::kLanded:
      pending_.reset();
      break;
    case Landing::kMayLand:
      report.result = SubmitResult::kPending;
      break;
    case Landing::kLost:
      // Stays pending: that it is lost is acted upon by the next submit().
      report.result = SubmitResult::kPending;
      report.has_lost_earlier = true;
      break;
  }
  return report;
}

std::optional<std::string> weights_alarm(const WeightsState& state, BlockCount tempo,
                                         BlockCount num_tempos) {
  if (!state.uid) return "the hotkey is not registered in the network, so it can set no weights";
  if (state.block <= state.last_update) return std::nullopt;
  const BlockCount age = state.block - state.last_update;
  if (age <= num_tempos * tempo) return std::nullopt;
  return fmt::format("the last weights are {} blocks old, more than {} tempos of {}: block {}", age,
                     num_tempos, tempo, state.last_update);
}

}  // namespace assay::chain
