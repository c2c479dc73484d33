/// \file
/// What a chain says of a network: its members, its rules, and what one member has set.

#pragma once

#include "keys/ss58.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::chain {

/// Which network of a chain. 0 is the root network, in which nobody sets weights.
enum class Netuid : std::uint16_t {};

/// A slot of a network. Slots are reused: with another hotkey, or registered at another block, it
/// is another member.
using Uid = std::uint16_t;

/// The height of a block, and a distance between two.
using BlockNumber = std::uint64_t;
using BlockCount = std::uint64_t;

/// Stake is counted in rao; 1 TAO has so many.
inline constexpr std::uint64_t kRaoPerTao = 1'000'000'000;

double to_tao(std::uint64_t rao);

/// Where a member listens, as it told the chain.
struct Axon {
  /// An IPv4 or IPv6 address as text, without brackets.
  std::string ip = {};
  std::uint16_t port = 0;
  /// Of the program that serves; any number.
  std::uint32_t version = 0;
  /// What the port speaks, by the member's own word; 4 is usual.
  std::uint8_t protocol = 4;

  bool operator==(const Axon&) const = default;
};

/// What the last step gave a member; nothing where the chain does not tell.
struct Pay {
  /// Shares, from 0 to 1.
  std::optional<double> rank = std::nullopt;
  std::optional<double> incentive = std::nullopt;
  /// Of a tempo, in the network's own token.
  std::optional<std::uint64_t> emission_rao = std::nullopt;

  bool operator==(const Pay&) const = default;
};

struct Neuron {
  Uid uid = 0;
  keys::Hotkey hotkey;
  /// SS58; only ever compared and shown.
  std::string coldkey = {};
  /// Nothing when it never said where it listens.
  std::optional<Axon> axon = std::nullopt;
  std::uint64_t total_stake_rao = 0;
  bool has_validator_permit = false;
  /// Whether it has set weights within the activity cutoff.
  bool is_active = false;
  /// The block of its last weights, or of its registration.
  BlockNumber last_update = 0;
  BlockNumber registered_at = 0;
  Pay pay = {};

  double stake_tao() const { return to_tao(total_stake_rao); }

  bool operator==(const Neuron&) const = default;
};

struct Metagraph {
  Netuid netuid{};
  /// The block at which all of this was true.
  BlockNumber block = 0;
  BlockCount tempo = 0;
  BlockCount blocks_since_last_step = 0;
  std::uint32_t max_neurons = 0;
  /// May set weights without a permit.
  std::optional<keys::Hotkey> owner = std::nullopt;
  /// Order: by uid, which is the index: no slot is left out.
  std::vector<Neuron> neurons = {};

  /// Null when the hotkey is not registered. Lifetime: as `neurons`.
  const Neuron* find(const keys::Hotkey& hotkey) const;

  bool operator==(const Metagraph&) const = default;
};

struct Hyperparameters {
  /// Blocks between two steps, at which weights become pay.
  BlockCount tempo = 360;
  /// Fewer weights than this are refused, unless the network has fewer members.
  std::uint16_t min_allowed_weights = 1;
  /// The largest share of all weight that one member may get, of 65535.
  std::uint16_t max_weight_limit = 65'535;
  /// A smaller version key is refused; 0 lets all in.
  std::uint64_t weights_version_key = 0;
  /// Blocks from one setting of weights (or the registration) to the next.
  BlockCount weights_rate_limit = 100;
  /// Who set no weights for more blocks than this is not active.
  BlockCount activity_cutoff = 5000;
  /// Blocks from one serve_axon to the next; 0 for none.
  BlockCount serving_rate_limit = 50;
  BlockCount immunity_period = 4096;
  bool has_commit_reveal = false;
  std::uint64_t reveal_period_epochs = 1;

  bool operator==(const Hyperparameters&) const = default;
};

/// A weight in the form that the chain keeps.
struct WeightEntry {
  Uid uid = 0;
  std::uint16_t weight = 0;

  bool operator==(const WeightEntry&) const = default;
};

/// What one hotkey has set.
struct WeightsState {
  BlockNumber block = 0;
  /// Nothing when it is not registered; then all below is empty.
  std::optional<Uid> uid = std::nullopt;
  /// The block of the last weights, or of the registration. With commit-reveal it moves with the
  /// commit.
  BlockNumber last_update = 0;
  /// Order: as they were set.
  std::vector<WeightEntry> weights = {};

  bool operator==(const WeightsState&) const = default;
};

}  // namespace assay::chain
