#include "chain/testing/scripted_network.h"

#include "chain/chain_rules.h"
#include "core/check.h"

#include <algorithm>
#include <utility>

namespace assay::chain::testing {
namespace {

bool fits(Fault fault, bool is_set_weights, bool is_write) {
  switch (fault) {
    case Fault::kUnavailable:
    case Fault::kTimeout:
      return true;
    case Fault::kOutcomeUnknownLanded:
    case Fault::kOutcomeUnknownLost:
      return is_write;
    case Fault::kRateLimited:
    case Fault::kVersionMismatch:
    case Fault::kPermitLost:
      return is_set_weights;
  }
  std::unreachable();
}

WriteOutcome unknown_outcome() {
  return {.result = WriteResult::kOutcomeUnknown, .message = "scripted: no answer came"};
}

}  // namespace

keys::Hotkey made_up_hotkey(std::uint8_t number) {
  keys::AccountId account{};
  account.fill(std::byte{number});
  return keys::Hotkey(account);
}

ScriptedChain::ScriptedChain(const ScriptedChainOptions& options) : options_(options) {}

Uid ScriptedChain::add(Neuron neuron) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(neurons_, neuron.hotkey, &Neuron::hotkey);
  if (found != neurons_.end()) {
    neuron.uid = found->uid;
    *found = std::move(neuron);
    return found->uid;
  }
  neuron.uid = static_cast<Uid>(neurons_.size());
  neurons_.push_back(std::move(neuron));
  served_at_.emplace_back();
  weights_.emplace_back();
  return neurons_.back().uid;
}

void ScriptedChain::replace(Uid uid, const keys::Hotkey& hotkey) {
  const std::scoped_lock lock(mutex_);
  CHECK(uid < neurons_.size(), "only a slot that is taken can be taken over");
  neurons_[uid] = Neuron{.uid = uid,
                         .hotkey = hotkey,
                         .coldkey = hotkey.to_ss58(),
                         .last_update = options_.block,
                         .registered_at = options_.block};
  served_at_[uid].reset();
  weights_[uid].clear();
}

void ScriptedChain::pass_blocks(BlockCount count) {
  const std::scoped_lock lock(mutex_);
  options_.block += count;
}

void ScriptedChain::set_rules(const Hyperparameters& rules) {
  const std::scoped_lock lock(mutex_);
  options_.rules = rules;
}

void ScriptedChain::fail_next(Fault fault, std::size_t count) {
  const std::scoped_lock lock(mutex_);
  faults_.insert(faults_.end(), count, fault);
}

void ScriptedChain::hold() {
  const std::scoped_lock lock(mutex_);
  is_held_ = true;
}

void ScriptedChain::release() {
  const std::scoped_lock lock(mutex_);
  is_held_ = false;
  released_.notify_all();
}

Metagraph ScriptedChain::metagraph() const {
  const std::scoped_lock lock(mutex_);
  Metagraph metagraph{.netuid = options_.netuid,
                      .block = options_.block,
                      .tempo = options_.rules.tempo,
                      .blocks_since_last_step = options_.block % options_.rules.tempo,
                      .max_neurons = options_.max_neurons,
                      .neurons = neurons_};
  for (Neuron& neuron : metagraph.neurons) {
    neuron.is_active = neuron.last_update + options_.rules.activity_cutoff >= options_.block;
  }
  return metagraph;
}

std::vector<TakenWeights> ScriptedChain::taken() const {
  const std::scoped_lock lock(mutex_);
  return taken_;
}

std::size_t ScriptedChain::num_calls() const {
  const std::scoped_lock lock(mutex_);
  return num_calls_;
}

std::optional<Fault> ScriptedChain::begin_call(bool is_set_weights, bool is_write) {
  std::unique_lock lock(mutex_);
  ++num_calls_;
  released_.wait(lock, [&] { return !is_held_; });
  const auto found = std::ranges::find_if(
      faults_, [&](Fault fault) { return fits(fault, is_set_weights, is_write); });
  if (found == faults_.end()) return std::nullopt;
  const Fault fault = *found;
  faults_.erase(found);
  return fault;
}

ScriptedNetwork::ScriptedNetwork(std::shared_ptr<ScriptedChain> chain,
                                 std::optional<keys::Hotkey> self)
    : chain_(std::move(chain)), self_(self) {}

Result<std::optional<Fault>> ScriptedNetwork::begin(Call call, Actor actor,
                                                    const CallOptions& options) {
  if (actor == Actor::kSelf && !self_) return missing("scripted: opened without a hotkey");
  if (options.stop.stop_requested()) return cancelled("scripted: a stop was asked for");
  const auto fault = chain_->begin_call(call == Call::kSetWeights, call != Call::kRead);
  if (fault == Fault::kUnavailable) return unavailable("scripted: the chain cannot be reached");
  if (fault == Fault::kTimeout) return timed_out("scripted: no answer before the deadline");
  return fault;
}

Status ScriptedNetwork::check_netuid(Netuid netuid) const {
  if (netuid == chain_->options_.netuid) return {};
  return not_found("scripted: there is no such network");
}

Neuron* ScriptedNetwork::own_neuron() const {
  const auto found = std::ranges::find(chain_->neurons_, *self_, &Neuron::hotkey);
  return found == chain_->neurons_.end() ? nullptr : &*found;
}

Result<BlockNumber> ScriptedNetwork::current_block(const CallOptions& options) {
  RETURN_IF_ERROR(begin(Call::kRead, Actor::kAnybody, options));
  const std::scoped_lock lock(chain_->mutex_);
  return chain_->options_.block;
}

Result<Metagraph> ScriptedNetwork::metagraph(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(begin(Call::kRead, Actor::kAnybody, options));
  RETURN_IF_ERROR(check_netuid(netuid));
  return chain_->metagraph();
}

Result<Hyperparameters> ScriptedNetwork::hyperparameters(Netuid netuid,
                                                         const CallOptions& options) {
  RETURN_IF_ERROR(begin(Call::kRead, Actor::kAnybody, options));
  RETURN_IF_ERROR(check_netuid(netuid));
  const std::scoped_lock lock(chain_->mutex_);
  return chain_->options_.rules;
}

Result<WeightsState> ScriptedNetwork::weights_state(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(begin(Call::kRead, Actor::kSelf, options));
  RETURN_IF_ERROR(check_netuid(netuid));
  const std::scoped_lock lock(chain_->mutex_);
  const Neuron* const own = own_neuron();
  if (own == nullptr) return WeightsState{.block = chain_->options_.block};
  return WeightsState{.block = chain_->options_.block,
                      .uid = own->uid,
                      .last_update = own->last_update,
                      .weights = chain_->weights_[own->uid]};
}

std::optional<WriteOutcome> ScriptedNetwork::weights_refusal(const WeightSubmission& submission,
                                                             std::optional<Fault> fault) const {
  const ScriptedChainOptions& options = chain_->options_;
  WeightFacts facts{.block = options.block,
                    .has_network = submission.netuid == options.netuid,
                    .num_neurons = chain_->neurons_.size(),
                    .min_stake_rao = options.min_stake_rao,
                    .rules = options.rules};
  if (const Neuron* const own = own_neuron()) {
    facts.sender = WeightFacts::Sender{.uid = own->uid,
                                       .stake_rao = own->total_stake_rao,
                                       .has_validator_permit = own->has_validator_permit,
                                       .last_update = own->last_update};
  }
  if (facts.sender && fault == Fault::kRateLimited) {
    facts.sender->last_update = std::max<BlockNumber>(options.block, 1);
    facts.rules.weights_rate_limit = std::max<BlockCount>(facts.rules.weights_rate_limit, 1);
  }
  if (fault == Fault::kVersionMismatch) {
    facts.rules.weights_version_key = submission.version_key + 1;
  }
  if (facts.sender && fault == Fault::kPermitLost) facts.sender->has_validator_permit = false;
  return chain::weights_refusal(facts, submission);
}

Result<WriteOutcome> ScriptedNetwork::set_weights(const WeightSubmission& submission,
                                                  const CallOptions& options) {
  ASSIGN_OR_RETURN(const std::optional<Fault> fault,
                   begin(Call::kSetWeights, Actor::kSelf, options));
  if (fault == Fault::kOutcomeUnknownLost) return unknown_outcome();
  const std::scoped_lock lock(chain_->mutex_);
  if (auto refusal = weights_refusal(submission, fault)) return *refusal;
  Neuron* const own = own_neuron();
  const BlockNumber block = chain_->options_.block;
  own->last_update = block;
  chain_->weights_[own->uid] = kept_weights(submission.weights);
  chain_->taken_.push_back({.uid = own->uid,
                            .block = block,
                            .version_key = submission.version_key,
                            .weights = {submission.weights.begin(), submission.weights.end()}});
  if (fault == Fault::kOutcomeUnknownLanded) return unknown_outcome();
  return WriteOutcome{.block = block};
}

Result<WriteOutcome> ScriptedNetwork::serve_axon(Netuid netuid, const Axon& axon,
                                                 const CallOptions& options) {
  ASSIGN_OR_RETURN(const std::optional<Fault> fault,
                   begin(Call::kServeAxon, Actor::kSelf, options));
  if (fault == Fault::kOutcomeUnknownLost) return unknown_outcome();
  const std::scoped_lock lock(chain_->mutex_);
  const ScriptedChainOptions& chain_options = chain_->options_;
  Neuron* const own = own_neuron();
  ServeFacts facts{.block = chain_options.block,
                   .has_network = netuid == chain_options.netuid,
                   .is_registered = own != nullptr,
                   .allows_loopback = chain_options.allows_loopback,
                   .serving_rate_limit = chain_options.rules.serving_rate_limit};
  if (own != nullptr) facts.last_served = chain_->served_at_[own->uid];
  if (auto refusal = axon_refusal(facts, axon)) return *refusal;
  own->axon = axon;
  own->axon->ip = canonical_ip(axon.ip).value_or(axon.ip);
  chain_->served_at_[own->uid] = chain_options.block;
  if (fault == Fault::kOutcomeUnknownLanded) return unknown_outcome();
  return WriteOutcome{.block = chain_options.block};
}

NetworkHealth ScriptedNetwork::health(const CallOptions& options) {
  const auto block = current_block(options);
  if (!block) return {.detail = block.error().message};
  return {.is_connected = true, .block = *block, .detail = "scripted"};
}

}  // namespace assay::chain::testing
