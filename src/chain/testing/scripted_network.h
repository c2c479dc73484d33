/// \file
/// A chain in memory that does what a test tells it: for tests of what stands on a Network.

#pragma once

#include "chain/network.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace assay::chain::testing {

/// What goes wrong with a call.
enum class Fault {
  kUnavailable,           ///< Any call: the chain cannot be reached; nothing was written.
  kTimeout,               ///< Any call: as if the deadline had passed; nothing was written.
  kOutcomeUnknownLanded,  ///< A write: it lands, but nobody says so.
  kOutcomeUnknownLost,    ///< A write: it does not land, and nobody says so.
  kRateLimited,           ///< set_weights: SettingWeightsTooFast.
  kVersionMismatch,       ///< set_weights: IncorrectWeightVersionKey.
  kPermitLost,            ///< set_weights: NeuronNoValidatorPermit.
};

struct ScriptedChainOptions {
  Netuid netuid{1};
  BlockNumber block = 1000;
  Hyperparameters rules = {};
  std::uint64_t min_stake_rao = 0;
  std::uint32_t max_neurons = 256;
  bool allows_loopback = true;
};

/// A submission that the chain took.
struct TakenWeights {
  Uid uid = 0;
  BlockNumber block = 0;
  std::uint64_t version_key = 0;
  /// As they were sent.
  std::vector<WeightEntry> weights = {};
};

/// The chain that several ScriptedNetworks see. It applies the rules of chain_rules.h.
/// Threads: all calls are safe from any thread.
class ScriptedChain {
 public:
  explicit ScriptedChain(const ScriptedChainOptions& options = {});

  /// Uid is the next one, or that of the neuron of this hotkey, which is replaced.
  Uid add(Neuron neuron);
  /// Give a slot to another hotkey, as the chain does with slots that earn too little.
  void replace(Uid uid, const keys::Hotkey& hotkey);
  void pass_blocks(BlockCount count);
  void set_rules(const Hyperparameters& rules);

  /// The next calls that the fault fits fail so, one each, in the order given.
  void fail_next(Fault fault, std::size_t count = 1);
  /// Calls wait, whatever their deadline, until released: a chain that is silent.
  void hold();
  void release();

  Metagraph metagraph() const;
  /// Every submission that landed, oldest first.
  std::vector<TakenWeights> taken() const;
  /// Of all kinds, those that failed included.
  std::size_t num_calls() const;

 private:
  friend class ScriptedNetwork;
  /// Count the call, wait while held, and give what goes wrong, if anything does.
  std::optional<Fault> begin_call(bool is_set_weights, bool is_write);

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable released_;
  bool is_held_ = false;
  ScriptedChainOptions options_;
  std::vector<Neuron> neurons_;
  std::vector<std::optional<BlockNumber>> served_at_;  // by uid
  std::vector<std::vector<WeightEntry>> weights_;      // by uid
  std::deque<Fault> faults_;
  std::vector<TakenWeights> taken_;
  std::size_t num_calls_ = 0;
};

/// The chain as one hotkey sees it. Errors: as Network.
class ScriptedNetwork final : public Network {
 public:
  ScriptedNetwork(std::shared_ptr<ScriptedChain> chain, std::optional<keys::Hotkey> self);

  const std::string& name() const override { return name_; }
  const std::optional<keys::Hotkey>& self() const override { return self_; }
  Result<BlockNumber> current_block(const CallOptions& options) override;
  Result<Metagraph> metagraph(Netuid netuid, const CallOptions& options) override;
  Result<Hyperparameters> hyperparameters(Netuid netuid, const CallOptions& options) override;
  Result<WeightsState> weights_state(Netuid netuid, const CallOptions& options) override;
  Result<WriteOutcome> set_weights(const WeightSubmission& submission,
                                   const CallOptions& options) override;
  Result<WriteOutcome> serve_axon(Netuid netuid, const Axon& axon,
                                  const CallOptions& options) override;
  NetworkHealth health(const CallOptions& options) override;

 private:
  enum class Call { kRead, kSetWeights, kServeAxon };
  enum class Actor { kAnybody, kSelf };
  /// What goes wrong before the chain is asked. Errors: as Network.
  Result<std::optional<Fault>> begin(Call call, Actor actor, const CallOptions& options);
  Status check_netuid(Netuid netuid) const;
  std::optional<WriteOutcome> weights_refusal(const WeightSubmission& submission,
                                              std::optional<Fault> fault) const;
  Neuron* own_neuron() const;

  std::shared_ptr<ScriptedChain> chain_;
  std::optional<keys::Hotkey> self_;
  std::string name_ = "scripted";
};

/// A hotkey that is a function of `number`: nobody can sign for it.
keys::Hotkey made_up_hotkey(std::uint8_t number);

}  // namespace assay::chain::testing
