/// \file
/// The tables of a local network.

#pragma once

#include "chain/local_network.h"
#include "chain/metagraph.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "db/database.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::chain {

/// What never changes in a local network.
struct LocalFacts {
  Netuid netuid{};
  /// When `first_block` was made.
  Timestamp genesis{};
  std::chrono::milliseconds block_time{};
  BlockNumber first_block = 0;
  std::uint64_t min_stake_rao = 0;
  std::uint32_t max_neurons = 0;
  std::optional<keys::Hotkey> owner = std::nullopt;
  LoopbackAxons loopback_axons = LoopbackAxons::kAllowed;
};

/// A member, and what the chain knows of it beside.
struct StoredNeuron {
  Neuron neuron;
  std::optional<BlockNumber> served_at = std::nullopt;
};

/// Reads and writes rows; transactions are the caller's. Threads: one at a time. Errors: as
/// db::Database; kNotFound (no network in the file), kCorrupt (a row that we would not write).
class LocalStore {
 public:
  /// Put a network into the file. Errors: also kInvalidInput when it holds one.
  static Status create(const std::filesystem::path& path, const LocalFacts& facts,
                       const Hyperparameters& rules);
  static Result<LocalStore> open(const std::filesystem::path& path);

  db::Database& database() { return database_; }
  const LocalFacts& facts() const { return facts_; }

  /// How long a call waits for other processes.
  Status set_wait(std::chrono::milliseconds wait);

  /// The newest block at `now`. It never falls, even if the clock was set back.
  Result<BlockNumber> head(Timestamp now);
  /// Note that `block` was seen, within a transaction that writes.
  Status note_head(BlockNumber block);

  Result<Hyperparameters> rules();
  Status put_rules(const Hyperparameters& rules);

  Result<std::size_t> num_neurons();
  /// Order: by uid. Who is active is not filled in.
  Result<std::vector<Neuron>> neurons();
  Result<std::optional<StoredNeuron>> find(const keys::Hotkey& hotkey);
  /// Put a member into its slot; who had it, and what was known of it, goes.
  Status put(const Neuron& neuron);
  Status set_axon(Uid uid, const Axon& axon, BlockNumber block);

  Result<std::vector<WeightEntry>> weights(Uid uid);
  Status set_weights(Uid uid, std::span<const WeightEntry> weights, BlockNumber block);

 private:
  LocalStore(db::Database database, const LocalFacts& facts)
      : database_(std::move(database)), facts_(facts) {}
  Result<std::vector<StoredNeuron>> select(std::string_view condition, const keys::Hotkey* hotkey);

  db::Database database_;
  LocalFacts facts_;
};

/// Whether a network can have these rules. Errors: kInvalidInput.
Status check_rules(const Hyperparameters& rules);

}  // namespace assay::chain
