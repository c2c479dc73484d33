#include "chain/local_network.h"

#include "chain/chain_rules.h"
#include "chain/local_store_internal.h"
#include "db/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace assay::chain {
namespace {

constexpr std::chrono::milliseconds kMaxBlockTime = std::chrono::hours(24);
constexpr std::uint32_t kMaxNeurons = 65'536;

Status check_options(const LocalNetworkOptions& options) {
  if (options.netuid == Netuid{0}) {
    return invalid_input("a local network cannot be network 0, the root; take 1 or more");
  }
  if (options.block_time <= std::chrono::milliseconds(0) || options.block_time > kMaxBlockTime) {
    return invalid_input("the block time of a local network is from 1 ms to 24 h");
  }
  if (options.max_neurons == 0 || options.max_neurons > kMaxNeurons) {
    return invalid_input("a local network has from 1 to 65536 slots");
  }
  return check_rules(options.rules);
}

bool is_active(const Neuron& neuron, BlockNumber block, BlockCount cutoff) {
  return block <= neuron.last_update || block - neuron.last_update <= cutoff;
}

/// The slot that a new hotkey gets.
Result<Uid> free_slot(LocalStore& store, const Registration& registration) {
  ASSIGN_OR_RETURN(const std::size_t num_neurons, store.num_neurons());
  if (registration.replaces) {
    if (*registration.replaces < num_neurons) return *registration.replaces;
    return invalid_input(fmt::format("{}: nobody has uid {}, so it cannot be taken over",
                                     store.database().name(), *registration.replaces));
  }
  if (num_neurons >= store.facts().max_neurons) {
    return exhausted(fmt::format("{}: all {} slots are taken; name one to take over",
                                 store.database().name(), num_neurons));
  }
  return static_cast<Uid>(num_neurons);
}

}  // namespace

Status create_local_network(const std::filesystem::path& path, const LocalNetworkOptions& options,
                            const Clock& clock) {
  RETURN_IF_ERROR(check_options(options));
  return LocalStore::create(path,
                            {.netuid = options.netuid,
                             .genesis = clock.now(),
                             .block_time = options.block_time,
                             .first_block = options.first_block,
                             .min_stake_rao = options.min_stake_to_set_weights_rao,
                             .max_neurons = options.max_neurons,
                             .owner = options.owner,
                             .loopback_axons = options.loopback_axons},
                            options.rules);
}

Result<RegistrationOutcome> register_neuron(const std::filesystem::path& path,
                                            const Registration& registration, const Clock& clock) {
  ASSIGN_OR_RETURN(LocalStore store, LocalStore::open(path));
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(store.database()));
  ASSIGN_OR_RETURN(const auto present, store.find(registration.hotkey));
  if (present) {
    return RegistrationOutcome{.uid = present->neuron.uid,
                               .error_name = "HotKeyAlreadyRegisteredInSubNet"};
  }
  ASSIGN_OR_RETURN(const BlockNumber block, store.head(clock.now()));
  RETURN_IF_ERROR(store.note_head(block));
  ASSIGN_OR_RETURN(const Uid uid, free_slot(store, registration));
  RETURN_IF_ERROR(store.put({.uid = uid,
                             .hotkey = registration.hotkey,
                             .coldkey = registration.coldkey.empty() ? registration.hotkey.to_ss58()
                                                                     : registration.coldkey,
                             .total_stake_rao = registration.stake_rao,
                             .has_validator_permit = registration.has_validator_permit,
                             .last_update = block,
                             .registered_at = block}));
  RETURN_IF_ERROR(transaction.commit());
  return RegistrationOutcome{.uid = uid};
}

Status change_rules(const std::filesystem::path& path, const Hyperparameters& rules) {
  RETURN_IF_ERROR(check_rules(rules));
  ASSIGN_OR_RETURN(LocalStore store, LocalStore::open(path));
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(store.database()));
  RETURN_IF_ERROR(store.put_rules(rules));
  return transaction.commit();
}

class LocalNetwork::Impl {
 public:
  Impl(LocalStore store, const std::filesystem::path& path, const std::optional<keys::Hotkey>& self,
       const Clock& clock)
      : name_("local:" + path.native()), self_(self), clock_(clock), store_(std::move(store)) {}

  const std::string& name() const { return name_; }
  const std::optional<keys::Hotkey>& self() const { return self_; }
  const LocalFacts& facts() const { return store_.facts(); }

  /// Run `work(store, head)` on one view of the file.
  template <typename T, typename Work>
  Result<T> read(const CallOptions& options, Work work) {
    return run<T>(db::TransactionKind::kRead, options, work,
                  [](db::Transaction&, Result<T> result) { return result; });
  }

  /// Run `work(store, head)` as one change of the file; what it refuses changes nothing.
  template <typename Work>
  Result<WriteOutcome> write(const CallOptions& options, Work work) {
    return run<WriteOutcome>(
        db::TransactionKind::kWrite, options, work,
        [](db::Transaction& transaction, Result<WriteOutcome> result) -> Result<WriteOutcome> {
          if (!result || result->result != WriteResult::kAccepted) return result;
          const Status committed = transaction.commit();
          if (committed) return result;
          // What is left in the file is known when it is read again.
          return WriteOutcome{.result = WriteResult::kOutcomeUnknown,
                              .message = committed.error().message,
                              .block = result->block};
        });
  }

  Status check_netuid(Netuid netuid) const {
    if (netuid == facts().netuid) return {};
    return not_found(fmt::format("{}: there is no network {}; it holds network {}", name_,
                                 std::to_underlying(netuid), std::to_underlying(facts().netuid)));
  }

  Status check_self() const {
    if (self_) return {};
    return missing(name_ + ": opened without a hotkey, so nothing can be asked or written for one");
  }

 private:
  template <typename T, typename Work, typename Finish>
  Result<T> run(db::TransactionKind kind, const CallOptions& options, Work work, Finish finish) {
    if (options.stop.stop_requested()) return cancelled(name_ + ": a stop was asked for");
    const auto started = clock_.monotonic();
    const auto time_left = [&] {
      const auto left = options.deadline - (clock_.monotonic() - started);
      return std::chrono::duration_cast<std::chrono::milliseconds>(left);
    };
    const std::unique_lock lock(mutex_, options.deadline);
    if (!lock.owns_lock()) {
      return timed_out(name_ + ": another call of this process held the network for too long");
    }
    RETURN_IF_ERROR(store_.set_wait(time_left()));
    ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(store_.database(), kind));
    ASSIGN_OR_RETURN(const BlockNumber head, store_.head(clock_.now()));
    Result<T> result = work(store_, head);
    RETURN_IF_ERROR(store_.set_wait(time_left()));
    return finish(transaction, std::move(result));
  }

  const std::string name_;
  const std::optional<keys::Hotkey> self_;
  const Clock& clock_;
  std::timed_mutex mutex_;  // guards what follows, but for its facts
  LocalStore store_;
};

LocalNetwork::LocalNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalNetwork::~LocalNetwork() = default;

Result<std::unique_ptr<LocalNetwork>> LocalNetwork::open(const std::filesystem::path& path,
                                                         const std::optional<keys::Hotkey>& self,
                                                         const Clock& clock) {
  ASSIGN_OR_RETURN(LocalStore store, LocalStore::open(path));
  return std::unique_ptr<LocalNetwork>(
      new LocalNetwork(std::make_unique<Impl>(std::move(store), path, self, clock)));
}

const std::string& LocalNetwork::name() const { return impl_->name(); }
const std::optional<keys::Hotkey>& LocalNetwork::self() const { return impl_->self(); }
Netuid LocalNetwork::netuid() const { return impl_->facts().netuid; }
std::chrono::milliseconds LocalNetwork::block_time() const { return impl_->facts().block_time; }

Result<BlockNumber> LocalNetwork::current_block(const CallOptions& options) {
  return impl_->read<BlockNumber>(
      options, [](LocalStore&, BlockNumber head) -> Result<BlockNumber> { return head; });
}

Result<Metagraph> LocalNetwork::metagraph(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_netuid(netuid));
  return impl_->read<Metagraph>(
      options, [&](LocalStore& store, BlockNumber head) -> Result<Metagraph> {
        ASSIGN_OR_RETURN(const Hyperparameters rules, store.rules());
        ASSIGN_OR_RETURN(std::vector<Neuron> neurons, store.neurons());
        for (Neuron& neuron : neurons) {
          neuron.is_active = is_active(neuron, head, rules.activity_cutoff);
          // Nothing is paid here, and nobody is ranked.
          neuron.pay = {.rank = 0, .incentive = 0, .emission_rao = 0};
        }
        return Metagraph{.netuid = netuid,
                         .block = head,
                         .tempo = rules.tempo,
                         .blocks_since_last_step = head % rules.tempo,
                         .max_neurons = store.facts().max_neurons,
                         .owner = store.facts().owner,
                         .neurons = std::move(neurons)};
      });
}

Result<Hyperparameters> LocalNetwork::hyperparameters(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_netuid(netuid));
  return impl_->read<Hyperparameters>(
      options,
      [](LocalStore& store, BlockNumber) -> Result<Hyperparameters> { return store.rules(); });
}

Result<WeightsState> LocalNetwork::weights_state(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  RETURN_IF_ERROR(impl_->check_netuid(netuid));
  return impl_->read<WeightsState>(
      options, [&](LocalStore& store, BlockNumber head) -> Result<WeightsState> {
        ASSIGN_OR_RETURN(const auto found, store.find(*self()));
        if (!found) return WeightsState{.block = head};
        ASSIGN_OR_RETURN(auto weights, store.weights(found->neuron.uid));
        return WeightsState{.block = head,
                            .uid = found->neuron.uid,
                            .last_update = found->neuron.last_update,
                            .weights = std::move(weights)};
      });
}

Result<WriteOutcome> LocalNetwork::set_weights(const WeightSubmission& submission,
                                               const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  return impl_->write(options, [&](LocalStore& store, BlockNumber head) -> Result<WriteOutcome> {
    ASSIGN_OR_RETURN(const auto found, store.find(*self()));
    ASSIGN_OR_RETURN(const std::size_t num_neurons, store.num_neurons());
    ASSIGN_OR_RETURN(const Hyperparameters rules, store.rules());
    const LocalFacts& facts = store.facts();
    WeightFacts asked{.block = head,
                      .has_network = submission.netuid == facts.netuid,
                      .num_neurons = num_neurons,
                      .min_stake_rao = facts.min_stake_rao,
                      .rules = rules};
    if (found) {
      asked.sender = WeightFacts::Sender{.uid = found->neuron.uid,
                                         .stake_rao = found->neuron.total_stake_rao,
                                         .has_validator_permit = found->neuron.has_validator_permit,
                                         .is_owner = facts.owner == self(),
                                         .last_update = found->neuron.last_update};
    }
    if (auto refusal = weights_refusal(asked, submission)) return *refusal;
    RETURN_IF_ERROR(store.set_weights(found->neuron.uid, kept_weights(submission.weights), head));
    RETURN_IF_ERROR(store.note_head(head));
    return WriteOutcome{.block = head};
  });
}

Result<WriteOutcome> LocalNetwork::serve_axon(Netuid netuid, const Axon& axon,
                                              const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  return impl_->write(options, [&](LocalStore& store, BlockNumber head) -> Result<WriteOutcome> {
    ASSIGN_OR_RETURN(const auto found, store.find(*self()));
    ASSIGN_OR_RETURN(const Hyperparameters rules, store.rules());
    ServeFacts asked{.block = head,
                     .has_network = netuid == store.facts().netuid,
                     .is_registered = found.has_value(),
                     .allows_loopback = store.facts().loopback_axons == LoopbackAxons::kAllowed,
                     .serving_rate_limit = rules.serving_rate_limit};
    if (found) asked.last_served = found->served_at;
    if (auto refusal = axon_refusal(asked, axon)) return *refusal;
    Axon kept = axon;
    kept.ip = canonical_ip(axon.ip).value_or(axon.ip);
    RETURN_IF_ERROR(store.set_axon(found->neuron.uid, kept, head));
    RETURN_IF_ERROR(store.note_head(head));
    return WriteOutcome{.block = head};
  });
}

NetworkHealth LocalNetwork::health(const CallOptions& options) {
  const auto block = current_block(options);
  if (!block) return {.detail = block.error().message};
  return {.is_connected = true, .block = *block, .detail = "local network in a file"};
}

}  // namespace assay::chain
