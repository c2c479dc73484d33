#include "chain/watched_network.h"

#include "chain/call_queue_internal.h"
#include "chain/watch_state_internal.h"
#include "core/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <type_traits>
#include <utility>

namespace assay::chain {

std::string_view to_string(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::kMetagraphStale:
      return "metagraph_stale";
    case AlarmKind::kBlockStalled:
      return "block_stalled";
    case AlarmKind::kCallStuck:
      return "call_stuck";
  }
  std::unreachable();
}

class WatchedNetwork::Impl {
 public:
  Impl(std::unique_ptr<Network> network, const WatchOptions& options, const Clock& clock,
       RandomSource& random)
      : options_(options),
        network_(std::move(network)),
        state_(options, clock, random),
        queue_(clock, queue_options()) {}

  Network& network() { return *network_; }
  const WatchOptions& options() const { return options_; }
  WatchState& state() { return state_; }
  std::vector<Alarm> alarms() const { return state_.alarms(queue_.overdue()); }
  std::chrono::nanoseconds call_overdue() const {
    return queue_.overdue().value_or(std::chrono::nanoseconds(0));
  }

  /// Make a call by the one thread. `ask(network, options)` owns what it uses.
  template <typename T, typename Ask>
  Result<T> call(const CallOptions& options, Ask ask) {
    // Shared, since the call may be back after its caller has left.
    const auto result = std::make_shared<Result<T>>(internal("the call gave no result"));
    const CallEnd end =
        queue_.run(options, [this, result, ask = std::move(ask)](const CallOptions& left) {
          *result = ask(*network_, left);
        });
    switch (end) {
      case CallEnd::kDone:
        return std::move(*result);
      case CallEnd::kFull:
        return unavailable(fmt::format("{}: {} calls wait already; the chain is silent or too slow",
                                       network_->name(), options_.max_waiting_calls));
      case CallEnd::kNotStarted:
        return left_waiting(options);
      case CallEnd::kLeft:
        if constexpr (std::is_same_v<T, WriteOutcome>) {
          return WriteOutcome{.result = WriteResult::kOutcomeUnknown,
                              .message = left_waiting(options).message};
        } else {
          return left_waiting(options);
        }
    }
    std::unreachable();
  }

  /// Read both copies, by the thread that this runs on.
  static Status read_copies(Network& network, WatchState& state, Netuid netuid,
                            const CallOptions& options) {
    const Status status = try_to_read(network, state, netuid, options);
    if (status) {
      state.note_refreshed();
    } else if (status.error().code != ErrorCode::kCancelled) {
      state.note_failure(status.error());
    }
    return status;
  }

 private:
  static Status try_to_read(Network& network, WatchState& state, Netuid netuid,
                            const CallOptions& options) {
    ASSIGN_OR_RETURN(const Metagraph metagraph, network.metagraph(netuid, options));
    state.keep(metagraph);
    ASSIGN_OR_RETURN(const Hyperparameters rules, network.hyperparameters(netuid, options));
    state.keep(rules);
    return {};
  }

  Error left_waiting(const CallOptions& options) const {
    if (options.stop.stop_requested()) {
      return cancelled(network_->name() + ": a stop was asked for while the chain was asked");
    }
    return timed_out(
        fmt::format("{}: no answer within {} ms", network_->name(), options.deadline.count()));
  }

  CallQueueOptions queue_options() {
    CallQueueOptions queue{.max_waiting = options_.max_waiting_calls,
                           .idle_interval = options_.poll_interval,
                           // Two copies and a block.
                           .idle_deadline = options_.refresh_deadline * 3};
    if (options_.refreshing == Refreshing::kInBackground) {
      queue.idle = [this](std::stop_token stop) { look_around(std::move(stop)); };
    }
    return queue;
  }

  void look_around(std::stop_token stop) {
    const CallOptions options{.deadline = options_.refresh_deadline, .stop = std::move(stop)};
    if (state_.is_refresh_due()) {
      const Status read = read_copies(*network_, state_, options_.netuid, options);
      if (!read) log_debug("the metagraph was not read", {{"error", read.error().message}});
    }
    if (state_.take_block_turn()) {
      if (const auto block = network_->current_block(options)) state_.note_block(*block);
    }
    log_changes(state_.alarms(std::nullopt));
  }

  void log_changes(std::vector<Alarm> now) {
    const auto has = [](const std::vector<Alarm>& alarms, AlarmKind kind) {
      return std::ranges::find(alarms, kind, &Alarm::kind) != alarms.end();
    };
    for (const Alarm& alarm : now) {
      if (has(logged_, alarm.kind)) continue;
      log_warning(alarm.message, {{"alarm", to_string(alarm.kind)}, {"chain", network_->name()}});
    }
    for (const Alarm& alarm : logged_) {
      if (has(now, alarm.kind)) continue;
      log_info("the alarm is over",
               {{"alarm", to_string(alarm.kind)}, {"chain", network_->name()}});
    }
    logged_ = std::move(now);
  }

  const WatchOptions options_;
  const std::unique_ptr<Network> network_;
  WatchState state_;
  std::vector<Alarm> logged_;  // of the queue's thread
  CallQueue queue_;            // last: its thread uses all else
};

WatchedNetwork::WatchedNetwork(std::unique_ptr<Network> network, const WatchOptions& options,
                               const Clock& clock, RandomSource& random)
    : impl_(std::make_unique<Impl>(std::move(network), options, clock, random)) {}
WatchedNetwork::~WatchedNetwork() = default;

const std::string& WatchedNetwork::name() const { return impl_->network().name(); }
const std::optional<keys::Hotkey>& WatchedNetwork::self() const { return impl_->network().self(); }

Result<BlockNumber> WatchedNetwork::current_block(const CallOptions& options) {
  ASSIGN_OR_RETURN(const BlockNumber block,
                   impl_->call<BlockNumber>(options, [](Network& network, const CallOptions& left) {
                     return network.current_block(left);
                   }));
  impl_->state().note_block(block);
  return block;
}

Result<Metagraph> WatchedNetwork::metagraph(Netuid netuid, const CallOptions& options) {
  ASSIGN_OR_RETURN(
      Metagraph metagraph,
      impl_->call<Metagraph>(options, [netuid](Network& network, const CallOptions& left) {
        return network.metagraph(netuid, left);
      }));
  if (netuid == impl_->options().netuid) impl_->state().keep(metagraph);
  return metagraph;
}

Result<Hyperparameters> WatchedNetwork::hyperparameters(Netuid netuid, const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const Hyperparameters rules,
      impl_->call<Hyperparameters>(options, [netuid](Network& network, const CallOptions& left) {
        return network.hyperparameters(netuid, left);
      }));
  if (netuid == impl_->options().netuid) impl_->state().keep(rules);
  return rules;
}

Result<WeightsState> WatchedNetwork::weights_state(Netuid netuid, const CallOptions& options) {
  ASSIGN_OR_RETURN(
      WeightsState state,
      impl_->call<WeightsState>(options, [netuid](Network& network, const CallOptions& left) {
        return network.weights_state(netuid, left);
      }));
  impl_->state().note_block(state.block);
  return state;
}

Result<WriteOutcome> WatchedNetwork::set_weights(const WeightSubmission& submission,
                                                 const CallOptions& options) {
  // The caller's weights may be gone before the call is back.
  std::vector<WeightEntry> weights(submission.weights.begin(), submission.weights.end());
  return impl_->call<WriteOutcome>(
      options, [netuid = submission.netuid, version_key = submission.version_key,
                weights = std::move(weights)](Network& network, const CallOptions& left) {
        return network.set_weights(
            {.netuid = netuid, .weights = weights, .version_key = version_key}, left);
      });
}

Result<WriteOutcome> WatchedNetwork::serve_axon(Netuid netuid, const Axon& axon,
                                                const CallOptions& options) {
  return impl_->call<WriteOutcome>(options,
                                   [netuid, axon](Network& network, const CallOptions& left) {
                                     return network.serve_axon(netuid, axon, left);
                                   });
}

NetworkHealth WatchedNetwork::health(const CallOptions& options) {
  auto health = impl_->call<NetworkHealth>(
      options, [](Network& network, const CallOptions& left) -> Result<NetworkHealth> {
        return network.health(left);
      });
  if (!health) return {.detail = health.error().message};
  if (health->block) impl_->state().note_block(*health->block);
  return std::move(*health);
}

Status WatchedNetwork::refresh(const CallOptions& options) {
  // Shared, since the call may be back after its caller has left.
  const auto has_told = std::make_shared<std::atomic<bool>>(false);
  const auto read = impl_->call<bool>(
      options,
      [impl = impl_.get(), has_told](Network& network, const CallOptions& left) -> Result<bool> {
        const Status status =
            Impl::read_copies(network, impl->state(), impl->options().netuid, left);
        *has_told = true;
        RETURN_IF_ERROR(status);
        return true;
      });
  if (read) return {};
  if (!*has_told && read.error().code != ErrorCode::kCancelled) {
    impl_->state().note_failure(read.error());
  }
  return read.error();
}

Status WatchedNetwork::refresh_if_due(const CallOptions& options) {
  if (!impl_->state().is_refresh_due()) return {};
  return refresh(options);
}

Aged<Metagraph> WatchedNetwork::last_metagraph() const { return impl_->state().metagraph(); }
Aged<Hyperparameters> WatchedNetwork::last_hyperparameters() const {
  return impl_->state().rules();
}
std::optional<BlockNumber> WatchedNetwork::last_block() const { return impl_->state().block(); }
std::chrono::milliseconds WatchedNetwork::last_block_age() const {
  return impl_->state().block_age();
}
std::vector<Alarm> WatchedNetwork::alarms() const { return impl_->alarms(); }
std::chrono::nanoseconds WatchedNetwork::call_overdue() const { return impl_->call_overdue(); }

}  // namespace assay::chain
