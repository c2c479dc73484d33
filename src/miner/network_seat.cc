#include "miner/network_seat.h"

#include "core/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::miner {
namespace {

/// Until the chain has taken the address it is told again this often.
constexpr std::chrono::seconds kAnnounceInterval{12};

}  // namespace

Senders senders_of(const chain::Metagraph& metagraph) {
  Senders senders;
  for (const chain::Neuron& neuron : metagraph.neurons) {
    senders.insert_or_assign(neuron.hotkey,
                             SenderStanding{.uid = neuron.uid,
                                            .has_permit = neuron.has_validator_permit,
                                            .stake = neuron.stake_tao()});
  }
  return senders;
}

Result<chain::Metagraph> NetworkSeat::refresh(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(
      chain::Metagraph metagraph,
      network_->metagraph(options_.netuid, {.deadline = options_.deadline, .stop = stop}));
  directory_->replace(senders_of(metagraph));
  return metagraph;
}

Result<chain::Uid> NetworkSeat::take(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const chain::Metagraph metagraph, refresh(stop));
  const chain::Neuron* self = metagraph.find(self_);
  if (self == nullptr) {
    return denied(fmt::format("{} is not registered on subnet {} of {}: register it first",
                              self_.to_ss58(), std::to_underlying(options_.netuid),
                              network_->name()));
  }
  return self->uid;
}

// What is there already needs no telling: a chain counts how often one does.
Result<bool> NetworkSeat::announce(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const chain::Metagraph metagraph, refresh(stop));
  const chain::Neuron* self = metagraph.find(self_);
  if (self != nullptr && self->axon && self->axon->ip == axon_.ip &&
      self->axon->port == axon_.port) {
    return true;
  }
  ASSIGN_OR_RETURN(
      const chain::WriteOutcome outcome,
      network_->serve_axon(options_.netuid, axon_, {.deadline = options_.deadline, .stop = stop}));
  switch (outcome.result) {
    case chain::WriteResult::kAccepted:
      return true;
    case chain::WriteResult::kRefused:
      return invalid_input(fmt::format("{} refuses {}:{} as the miner's address: {} {}",
                                       network_->name(), axon_.ip, axon_.port, outcome.error_name,
                                       outcome.message));
    case chain::WriteResult::kRateLimited:
    case chain::WriteResult::kOutcomeUnknown:
      break;
  }
  log_info("the chain has not taken the miner's address yet: it will be told again",
           {{"answer", outcome.message}});
  return false;
}

Status NetworkSeat::serve(chain::Axon axon, const std::stop_token& stop) {
  axon_ = std::move(axon);
  ASSIGN_OR_RETURN(is_announced_, announce(stop));
  thread_ = std::jthread([this](const std::stop_token& own_stop) { keep_fresh(own_stop); });
  return {};
}

void NetworkSeat::keep_fresh(const std::stop_token& stop) {
  bool was_registered = true;
  bool was_reached = true;
  while (true) {
    const auto interval = is_announced_ ? options_.refresh_interval
                                        : std::min<std::chrono::milliseconds>(
                                              kAnnounceInterval, options_.refresh_interval);
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    Status done;
    sign_.add_work(1);
    if (is_announced_) {
      if (const auto read = refresh(stop); !read) done = Error(read.error());
    } else if (const auto told = announce(stop); told) {
      is_announced_ = *told;
    } else {
      done = Error(told.error());
    }
    sign_.add_work(-1);
    if (stop.stop_requested()) return;
    // Once for each change, however long it lasts.
    if (!done && was_reached) {
      log_warning("the members of the subnet cannot be read: the last copy stays",
                  {{"why", done.error().message}});
    }
    if (done && !was_reached) log_info("the members of the subnet can be read again");
    was_reached = done.has_value();
    const bool is_registered = directory_->find(self_).has_value();
    if (!is_registered && was_registered) {
      log_error("the miner's hotkey is no longer registered on its subnet: nobody will ask it");
    }
    was_registered = is_registered;
  }
}

}  // namespace assay::miner
