/// \file
/// A network under watch: no call outlasts its deadline, the last good copy is kept, and silence is
/// told.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// Who reads the copies anew.
enum class Refreshing : std::uint8_t {
  kOnCall,        ///< refresh() and refresh_if_due().
  kInBackground,  ///< A thread, as they fall due; it asks for the newest block as well.
};

struct WatchOptions {
  Netuid netuid{};
  Refreshing refreshing = Refreshing::kOnCall;
  /// The age at which the copies are read anew: on the public chain 100 blocks.
  std::chrono::milliseconds refresh_interval = std::chrono::minutes(20);
  /// Each wait is longer or shorter by up to this share, so that many programs do not ask at once.
  double jitter_share = 0.1;
  /// The first wait after a failure; it doubles up to the interval.
  std::chrono::milliseconds retry_interval = std::chrono::seconds(10);
  std::chrono::milliseconds refresh_deadline = std::chrono::seconds(60);
  /// In the background: how often the newest block is asked for.
  std::chrono::milliseconds block_interval = std::chrono::seconds(12);
  /// A copy older than this is an alarm.
  std::chrono::milliseconds stale_after = std::chrono::hours(1);
  /// No higher block for this long is an alarm: 10 blocks of the public chain.
  std::chrono::milliseconds stalled_after = std::chrono::seconds(120);
  /// In the background: how often it is looked whether anything is due.
  std::chrono::milliseconds poll_interval = std::chrono::seconds(1);
  /// Calls that wait for the one before them; more fail at once.
  std::size_t max_waiting_calls = 64;
};

enum class AlarmKind : std::uint8_t {
  kMetagraphStale,  ///< The copy is too old, or there never was one.
  kBlockStalled,    ///< The chain stands still, or we do not see it move.
  kCallStuck,       ///< A call has outlasted its deadline and is still not back.
};

/// `metagraph_stale`, `block_stalled`, `call_stuck`.
std::string_view to_string(AlarmKind kind);

struct Alarm {
  AlarmKind kind = AlarmKind::kMetagraphStale;
  /// For a person: for how long, and the last error.
  std::string message = {};

  bool operator==(const Alarm&) const = default;
};

/// A copy and how long ago it was read. Null when it never was.
template <typename T>
struct Aged {
  std::shared_ptr<const T> value = nullptr;
  std::chrono::milliseconds age{};
};

/// Passes every call on to the network that it owns, from one thread, one after the other. Whoever
/// waits leaves at the deadline, even if the network does not keep it; a write that is then on its
/// way is kOutcomeUnknown, one that was not begun is kTimeout.
///
/// Threads: all calls are safe from any thread. The destructor waits for the call in hand.
/// Errors:  as Network; kUnavailable also when too many calls wait.
class WatchedNetwork final : public Network {
 public:
  /// Lifetime: `clock` and `random` outlive this. `random` is used under a lock of this object.
  WatchedNetwork(std::unique_ptr<Network> network, const WatchOptions& options, const Clock& clock,
                 RandomSource& random);
  ~WatchedNetwork() override;

  const std::string& name() const override;
  const std::optional<keys::Hotkey>& self() const override;
  Result<BlockNumber> current_block(const CallOptions& options) override;
  /// Asks the chain, and keeps the copy if it is of the network watched.
  Result<Metagraph> metagraph(Netuid netuid, const CallOptions& options) override;
  Result<Hyperparameters> hyperparameters(Netuid netuid, const CallOptions& options) override;
  Result<WeightsState> weights_state(Netuid netuid, const CallOptions& options) override;
  Result<WriteOutcome> set_weights(const WeightSubmission& submission,
                                   const CallOptions& options) override;
  Result<WriteOutcome> serve_axon(Netuid netuid, const Axon& axon,
                                  const CallOptions& options) override;
  NetworkHealth health(const CallOptions& options) override;

  /// Read both copies anew.
  Status refresh(const CallOptions& options);
  /// The same, unless they are young enough, or the last try failed just now.
  Status refresh_if_due(const CallOptions& options);

  /// The last good copies, without asking anybody.
  Aged<Metagraph> last_metagraph() const;
  Aged<Hyperparameters> last_hyperparameters() const;
  /// The highest block seen in any answer, and how long ago it was new; nothing before the first.
  std::optional<BlockNumber> last_block() const;
  std::chrono::milliseconds last_block_age() const;

  /// What is wrong now; empty when all is well. In the background each is also logged when it
  /// begins and when it ends, unless the thread is what is stuck.
  std::vector<Alarm> alarms() const;

  /// For how long a call has been over its deadline without coming back; 0 when none is. No other
  /// call is made until then.
  std::chrono::nanoseconds call_overdue() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::chain
