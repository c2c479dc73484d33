/// \file
/// A miner's place on its subnet: it says where it listens, and learns who else is there.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/life_sign.h"
#include "core/result.h"
#include "miner/sender_directory.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>

namespace assay::miner {

/// All members of a metagraph, as a policy asks for them.
Senders senders_of(const chain::Metagraph& metagraph);

struct SeatOptions {
  chain::Netuid netuid{};
  /// How often the members are read anew. Public nodes are slow to answer it, and few change.
  std::chrono::milliseconds refresh_interval = std::chrono::minutes(5);
  std::chrono::milliseconds deadline = std::chrono::seconds(60);
};

/// Keeps a directory fresh from a thread of its own, and says where the miner listens until the
/// chain has taken it. While the chain is silent the last copy stays.
/// Threads: all calls are safe from any thread.
class NetworkSeat {
 public:
  /// Pre: `network` acts for `self`. Lifetime: network, directory and clock outlive it.
  NetworkSeat(chain::Network& network, const keys::Hotkey& self, SenderDirectory& directory,
              const Clock& clock, const SeatOptions& options)
      : network_(&network), self_(self), directory_(&directory), options_(options), sign_(clock) {}
  NetworkSeat(const NetworkSeat&) = delete;
  NetworkSeat& operator=(const NetworkSeat&) = delete;
  ~NetworkSeat() = default;

  /// Read the members for the first time; the own uid.
  /// Errors: kDenied (the hotkey is not registered), and those of chain::Network.
  Result<chain::Uid> take(const std::stop_token& stop);

  /// Say where the miner listens, and go on in the background. Pre: take() succeeded, once.
  /// Errors: kInvalidInput (the chain refuses such an address), and those of chain::Network.
  Status serve(chain::Axon axon, const std::stop_token& stop);

  /// How long its thread has waited for the chain; 0 while it does not.
  std::chrono::nanoseconds silence() const { return sign_.silence(); }

 private:
  void keep_fresh(const std::stop_token& stop);
  Result<chain::Metagraph> refresh(const std::stop_token& stop);
  /// Whether it is settled: the chain has it, or refuses it for good.
  Result<bool> announce(const std::stop_token& stop);

  chain::Network* network_;
  keys::Hotkey self_;
  SenderDirectory* directory_;
  SeatOptions options_;
  LifeSign sign_;
  chain::Axon axon_;
  bool is_announced_ = false;
  std::mutex mutex_;  // for waiting
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace assay::miner
