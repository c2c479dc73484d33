/// \file
/// A chain in one SQLite file that several processes of this machine share: for demos and tests,
/// without a network, keys of worth, or waiting.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/timestamp.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace assay::chain {

/// Whether serve_axon() takes 127.0.0.1 and ::1, which a real chain refuses.
enum class LoopbackAxons : std::uint8_t { kAllowed, kRefused };

struct LocalNetworkOptions {
  Netuid netuid{1};
  /// A block is made as often as this, by the clock, whether anybody looks or not.
  std::chrono::milliseconds block_time = std::chrono::seconds(12);
  /// The number of the block at the moment of creation.
  BlockNumber first_block = 1;
  /// Commit-reveal is not simulated: it must be off.
  Hyperparameters rules = {};
  /// Who has less stake than this may set no weights.
  std::uint64_t min_stake_to_set_weights_rao = 1000 * kRaoPerTao;
  std::uint32_t max_neurons = 256;
  /// May set weights without a permit.
  std::optional<keys::Hotkey> owner = std::nullopt;
  LoopbackAxons loopback_axons = LoopbackAxons::kAllowed;
};

/// Make the file at `path`; its folder is there. Errors: kInvalidInput (it holds a network already;
/// rules that cannot be; another kind of database), and those of db::Database.
Status create_local_network(const std::filesystem::path& path, const LocalNetworkOptions& options,
                            const Clock& clock);

struct Registration {
  keys::Hotkey hotkey;
  /// Of the owner of the funds, SS58; the hotkey's own address when empty.
  std::string coldkey = {};
  std::uint64_t stake_rao = 0;
  /// On a real chain permits go to those with most stake at each step; here to whom it is given.
  bool has_validator_permit = false;
  /// Take this slot from who has it; nothing for the next free one.
  std::optional<Uid> replaces = std::nullopt;
};

struct RegistrationOutcome {
  /// The slot of the hotkey, entered now or earlier.
  Uid uid = 0;
  /// Why it was not entered: HotKeyAlreadyRegisteredInSubNet, as the chain says; else empty.
  std::string_view error_name = {};
};

/// Enter a hotkey. One that is registered is refused, as the chain does: whatever is given here, it
/// keeps its uid, stake, permit, weights and address.
/// Errors: kNotFound (no network at `path`), kExhausted (no free slot), kInvalidInput (a slot to
///         take that nobody has), and those of db::Database.
Result<RegistrationOutcome> register_neuron(const std::filesystem::path& path,
                                            const Registration& registration, const Clock& clock);

/// Replace the rules of a network in use, as its owner would.
/// Errors: kNotFound (no network at `path`), kInvalidInput (rules that cannot be), and those of
///         db::Database.
Status change_rules(const std::filesystem::path& path, const Hyperparameters& rules);

/// It refuses what the chain refuses, in the chain's order and with the chain's names.
///
/// Not simulated: signatures (who opens the file may act for any hotkey), fees, consensus, pay and
/// stake that moves, permits by stake, commit-reveal, deregistration by low pay, finality (a block
/// is final at once). Rank, incentive and emission of all are 0.
///
/// Errors: as Network; kUnavailable also for a file that cannot be read or written.
class LocalNetwork final : public Network {
 public:
  /// `clock` must be the one that the other processes go by. Lifetime: `clock` outlives this.
  /// Errors: kNotFound (no network at `path`), and as the class.
  static Result<std::unique_ptr<LocalNetwork>> open(const std::filesystem::path& path,
                                                    const std::optional<keys::Hotkey>& self,
                                                    const Clock& clock);
  ~LocalNetwork() override;

  const std::string& name() const override;
  const std::optional<keys::Hotkey>& self() const override;
  Result<BlockNumber> current_block(const CallOptions& options) override;
  Result<Metagraph> metagraph(Netuid netuid, const CallOptions& options) override;
  Result<Hyperparameters> hyperparameters(Netuid netuid, const CallOptions& options) override;
  Result<WeightsState> weights_state(Netuid netuid, const CallOptions& options) override;
  Result<WriteOutcome> set_weights(const WeightSubmission& submission,
                                   const CallOptions& options) override;
  Result<WriteOutcome> serve_axon(Netuid netuid, const Axon& axon,
                                  const CallOptions& options) override;
  NetworkHealth health(const CallOptions& options) override;

  /// Which network the file holds.
  Netuid netuid() const;
  std::chrono::milliseconds block_time() const;

 private:
  class Impl;
  explicit LocalNetwork(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::chain
