#include "chain/local_store_internal.h"
#include "db/migration.h"
#include "db/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace assay::chain {
namespace {

// Persisted: a step never changes.
constexpr auto kSteps = std::to_array<std::string_view>({
    "CREATE TABLE network (id INTEGER PRIMARY KEY CHECK (id = 1), netuid INTEGER NOT NULL,"
    " genesis_microseconds INTEGER NOT NULL, block_milliseconds INTEGER NOT NULL,"
    " first_block INTEGER NOT NULL, highest_block INTEGER NOT NULL,"
    " min_stake_rao INTEGER NOT NULL, max_neurons INTEGER NOT NULL, owner BLOB,"
    " allows_loopback INTEGER NOT NULL) STRICT;"
    "CREATE TABLE rules (id INTEGER PRIMARY KEY CHECK (id = 1), tempo INTEGER NOT NULL,"
    " min_allowed_weights INTEGER NOT NULL, max_weight_limit INTEGER NOT NULL,"
    " weights_version_key INTEGER NOT NULL, weights_rate_limit INTEGER NOT NULL,"
    " activity_cutoff INTEGER NOT NULL, serving_rate_limit INTEGER NOT NULL,"
    " immunity_period INTEGER NOT NULL) STRICT;"
    "CREATE TABLE neurons (uid INTEGER PRIMARY KEY, hotkey BLOB NOT NULL UNIQUE,"
    " coldkey TEXT NOT NULL, stake_rao INTEGER NOT NULL, has_permit INTEGER NOT NULL,"
    " last_update INTEGER NOT NULL, registered_at INTEGER NOT NULL, axon_ip TEXT,"
    " axon_port INTEGER, axon_version INTEGER, axon_protocol INTEGER, axon_block INTEGER) STRICT;"
    "CREATE TABLE weights (uid INTEGER NOT NULL REFERENCES neurons (uid) ON DELETE CASCADE,"
    " position INTEGER NOT NULL, target INTEGER NOT NULL, weight INTEGER NOT NULL,"
    " PRIMARY KEY (uid, position)) STRICT;",
});
constexpr db::Schema kSchema = {
    .name = "local network", .application_id = 0x41434C31, .steps = kSteps};

/// Several processes write it.
db::OpenOptions open_options(db::OpenMode mode) {
  return {.mode = mode, .journal = db::JournalMode::kDelete};
}

/// SQLite's integers have a sign; the same 64 bits are kept.
std::int64_t stored(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::uint64_t number(const db::Statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

template <typename Number>
bool is_within(std::int64_t value) {
  return std::in_range<Number>(value);
}

std::optional<keys::Hotkey> hotkey_of(std::span<const std::byte> bytes) {
  keys::AccountId account{};
  if (bytes.size() != account.size()) return std::nullopt;
  std::memcpy(account.data(), bytes.data(), account.size());
  return keys::Hotkey(account);
}

/// Nothing when the row holds what we would not write.
std::optional<Axon> axon_of(const db::Statement& row) {
  if (row.is_null(7) || !is_within<std::uint16_t>(row.integer(8)) ||
      !is_within<std::uint32_t>(row.integer(9)) || !is_within<std::uint8_t>(row.integer(10))) {
    return std::nullopt;
  }
  return Axon{.ip = std::string(row.text(7)),
              .port = static_cast<std::uint16_t>(row.integer(8)),
              .version = static_cast<std::uint32_t>(row.integer(9)),
              .protocol = static_cast<std::uint8_t>(row.integer(10))};
}

std::optional<StoredNeuron> neuron_of(const db::Statement& row) {
  const auto hotkey = hotkey_of(row.blob(1));
  if (!hotkey || !is_within<Uid>(row.integer(0))) return std::nullopt;
  StoredNeuron found{.neuron = {.uid = static_cast<Uid>(row.integer(0)),
                                .hotkey = *hotkey,
                                .coldkey = std::string(row.text(2)),
                                .axon = axon_of(row),
                                .total_stake_rao = number(row, 3),
                                .has_validator_permit = row.integer(4) != 0,
                                .last_update = number(row, 5),
                                .registered_at = number(row, 6)}};
  if (!row.is_null(11)) found.served_at = number(row, 11);
  return found;
}

Result<std::optional<LocalFacts>> read_facts(db::Database& database) {
  ASSIGN_OR_RETURN(
      db::Statement select,
      database.prepare("SELECT netuid, genesis_microseconds, block_milliseconds, first_block,"
                       " min_stake_rao, max_neurons, owner, allows_loopback FROM network"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  if (!has_row) return std::optional<LocalFacts>();
  LocalFacts facts{
      .genesis = Timestamp(std::chrono::microseconds(select.integer(1))),
      .block_time = std::chrono::milliseconds(select.integer(2)),
      .first_block = number(select, 3),
      .min_stake_rao = number(select, 4),
      .max_neurons = static_cast<std::uint32_t>(select.integer(5)),
      .owner = select.is_null(6) ? std::nullopt : hotkey_of(select.blob(6)),
      .loopback_axons = select.integer(7) != 0 ? LoopbackAxons::kAllowed : LoopbackAxons::kRefused};
  if (!is_within<std::uint16_t>(select.integer(0)) || facts.block_time.count() <= 0) {
    return corrupt(fmt::format("{}: the row of the network makes no sense", database.name()));
  }
  facts.netuid = Netuid{static_cast<std::uint16_t>(select.integer(0))};
  return std::optional(facts);
}

Status insert_facts(db::Database& database, const LocalFacts& facts) {
  ASSIGN_OR_RETURN(
      db::Statement insert,
      database.prepare("INSERT INTO network (id, netuid, genesis_microseconds, block_milliseconds,"
                       " first_block, highest_block, min_stake_rao, max_neurons, owner,"
                       " allows_loopback) VALUES (1, ?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)"));
  insert.bind_integer(1, std::to_underlying(facts.netuid))
      .bind_integer(2, facts.genesis.time_since_epoch().count())
      .bind_integer(3, facts.block_time.count())
      .bind_integer(4, stored(facts.first_block))
      .bind_integer(5, stored(facts.min_stake_rao))
      .bind_integer(6, facts.max_neurons)
      .bind_integer(8, facts.loopback_axons == LoopbackAxons::kAllowed ? 1 : 0);
  if (facts.owner) insert.bind_blob(7, facts.owner->account());
  return insert.run();
}

Error no_network(const std::filesystem::path& path) {
  return not_found(fmt::format(
      "{0}: no local network is here; make one with `assay chain create --network local:{0}`, or a "
      "whole one with `assay up`",
      path.native()));
}

}  // namespace

Status check_rules(const Hyperparameters& rules) {
  if (rules.tempo == 0) return invalid_input("the rules of a network need a tempo of 1 or more");
  if (rules.has_commit_reveal) return invalid_input("a local network has no commit-reveal");
  return {};
}

Status LocalStore::create(const std::filesystem::path& path, const LocalFacts& facts,
                          const Hyperparameters& rules) {
  RETURN_IF_ERROR(check_rules(rules));
  ASSIGN_OR_RETURN(db::Database database,
                   db::Database::open(path, open_options(db::OpenMode::kCreate)));
  RETURN_IF_ERROR(db::migrate(database, kSchema));
  LocalStore store(std::move(database), facts);
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(store.database_));
  ASSIGN_OR_RETURN(const auto present, read_facts(store.database_));
  if (present) {
    return invalid_input(fmt::format(
        "{}: a local network is here already; use it or remove the file", path.native()));
  }
  RETURN_IF_ERROR(insert_facts(store.database_, facts));
  RETURN_IF_ERROR(store.put_rules(rules));
  return transaction.commit();
}

Result<LocalStore> LocalStore::open(const std::filesystem::path& path) {
  auto database = db::Database::open(path, open_options(db::OpenMode::kWrite));
  if (!database) {
    if (database.error().code == ErrorCode::kNotFound) return no_network(path);
    return database.error();
  }
  RETURN_IF_ERROR(db::migrate(*database, kSchema));
  ASSIGN_OR_RETURN(const auto facts, read_facts(*database));
  if (!facts) return no_network(path);
  return LocalStore(std::move(*database), *facts);
}

Status LocalStore::set_wait(std::chrono::milliseconds wait) {
  return database_.execute(
      fmt::format("PRAGMA busy_timeout={}", std::clamp<std::int64_t>(wait.count(), 0, 3'600'000)));
}

Result<BlockNumber> LocalStore::head(Timestamp now) {
  ASSIGN_OR_RETURN(db::Statement select, database_.prepare("SELECT highest_block FROM network"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  if (!has_row) return not_found(fmt::format("{}: the network is gone", database_.name()));
  const auto passed = std::max(now - facts_.genesis, Timestamp::duration::zero());
  const BlockNumber by_clock =
      facts_.first_block + static_cast<BlockNumber>(passed / facts_.block_time);
  return std::max(by_clock, number(select, 0));
}

Status LocalStore::note_head(BlockNumber block) {
  ASSIGN_OR_RETURN(db::Statement update, database_.prepare("UPDATE network SET highest_block = ?"));
  return update.bind_integer(1, stored(block)).run();
}

Result<Hyperparameters> LocalStore::rules() {
  ASSIGN_OR_RETURN(
      db::Statement select,
      database_.prepare("SELECT tempo, min_allowed_weights, max_weight_limit, weights_version_key,"
                        " weights_rate_limit, activity_cutoff, serving_rate_limit,"
                        " immunity_period FROM rules"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  if (!has_row || select.integer(0) <= 0 || !is_within<std::uint16_t>(select.integer(1)) ||
      !is_within<std::uint16_t>(select.integer(2))) {
    return corrupt(fmt::format("{}: the rules of the network make no sense", database_.name()));
  }
  return Hyperparameters{.tempo = number(select, 0),
                         .min_allowed_weights = static_cast<std::uint16_t>(select.integer(1)),
                         .max_weight_limit = static_cast<std::uint16_t>(select.integer(2)),
                         .weights_version_key = number(select, 3),
                         .weights_rate_limit = number(select, 4),
                         .activity_cutoff = number(select, 5),
                         .serving_rate_limit = number(select, 6),
                         .immunity_period = number(select, 7)};
}

Status LocalStore::put_rules(const Hyperparameters& rules) {
  ASSIGN_OR_RETURN(db::Statement insert,
                   database_.prepare("INSERT OR REPLACE INTO rules (id, tempo, min_allowed_weights,"
                                     " max_weight_limit, weights_version_key, weights_rate_limit,"
                                     " activity_cutoff, serving_rate_limit, immunity_period)"
                                     " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind_integer(1, stored(rules.tempo))
      .bind_integer(2, rules.min_allowed_weights)
      .bind_integer(3, rules.max_weight_limit)
      .bind_integer(4, stored(rules.weights_version_key))
      .bind_integer(5, stored(rules.weights_rate_limit))
      .bind_integer(6, stored(rules.activity_cutoff))
      .bind_integer(7, stored(rules.serving_rate_limit))
      .bind_integer(8, stored(rules.immunity_period));
  return insert.run();
}

Result<std::size_t> LocalStore::num_neurons() {
  ASSIGN_OR_RETURN(db::Statement select, database_.prepare("SELECT count(*) FROM neurons"));
  RETURN_IF_ERROR(select.step());
  return static_cast<std::size_t>(select.integer(0));
}

Result<std::vector<StoredNeuron>> LocalStore::select(std::string_view condition,
                                                     const keys::Hotkey* hotkey) {
  ASSIGN_OR_RETURN(
      db::Statement select,
      database_.prepare(fmt::format(
          "SELECT uid, hotkey, coldkey, stake_rao, has_permit, last_update, registered_at, axon_ip,"
          " axon_port, axon_version, axon_protocol, axon_block FROM neurons {} ORDER BY uid",
          condition)));
  if (hotkey != nullptr) select.bind_blob(1, hotkey->account());
  std::vector<StoredNeuron> found;
  for (;;) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return found;
    auto neuron = neuron_of(select);
    if (!neuron) {
      return corrupt(
          fmt::format("{}: the row of uid {} makes no sense", database_.name(), select.integer(0)));
    }
    found.push_back(std::move(*neuron));
  }
}

Result<std::vector<Neuron>> LocalStore::neurons() {
  ASSIGN_OR_RETURN(std::vector<StoredNeuron> rows, select("", nullptr));
  std::vector<Neuron> neurons;
  neurons.reserve(rows.size());
  for (StoredNeuron& row : rows) {
    if (row.neuron.uid != neurons.size()) {
      return corrupt(fmt::format("{}: uid {} is missing", database_.name(), neurons.size()));
    }
    neurons.push_back(std::move(row.neuron));
  }
  return neurons;
}

Result<std::optional<StoredNeuron>> LocalStore::find(const keys::Hotkey& hotkey) {
  ASSIGN_OR_RETURN(std::vector<StoredNeuron> rows, select("WHERE hotkey = ?", &hotkey));
  if (rows.empty()) return std::optional<StoredNeuron>();
  return std::optional(std::move(rows.front()));
}

Status LocalStore::put(const Neuron& neuron) {
  ASSIGN_OR_RETURN(db::Statement remove, database_.prepare("DELETE FROM neurons WHERE uid = ?"));
  RETURN_IF_ERROR(remove.bind_integer(1, neuron.uid).run());
  ASSIGN_OR_RETURN(db::Statement insert,
                   database_.prepare("INSERT INTO neurons (uid, hotkey, coldkey, stake_rao,"
                                     " has_permit, last_update, registered_at)"
                                     " VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.bind_integer(1, neuron.uid)
      .bind_blob(2, neuron.hotkey.account())
      .bind_text(3, neuron.coldkey)
      .bind_integer(4, stored(neuron.total_stake_rao))
      .bind_integer(5, neuron.has_validator_permit ? 1 : 0)
      .bind_integer(6, stored(neuron.last_update))
      .bind_integer(7, stored(neuron.registered_at));
  return insert.run();
}

Status LocalStore::set_axon(Uid uid, const Axon& axon, BlockNumber block) {
  ASSIGN_OR_RETURN(db::Statement update,
                   database_.prepare("UPDATE neurons SET axon_ip = ?, axon_port = ?,"
                                     " axon_version = ?, axon_protocol = ?, axon_block = ?"
                                     " WHERE uid = ?"));
  return update.bind_text(1, axon.ip)
      .bind_integer(2, axon.port)
      .bind_integer(3, axon.version)
      .bind_integer(4, axon.protocol)
      .bind_integer(5, stored(block))
      .bind_integer(6, uid)
      .run();
}

Result<std::vector<WeightEntry>> LocalStore::weights(Uid uid) {
  ASSIGN_OR_RETURN(
      db::Statement select,
      database_.prepare("SELECT target, weight FROM weights WHERE uid = ? ORDER BY position"));
  select.bind_integer(1, uid);
  std::vector<WeightEntry> weights;
  for (;;) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return weights;
    if (!is_within<Uid>(select.integer(0)) || !is_within<std::uint16_t>(select.integer(1))) {
      return corrupt(fmt::format("{}: a weight of uid {} makes no sense", database_.name(), uid));
    }
    weights.push_back({.uid = static_cast<Uid>(select.integer(0)),
                       .weight = static_cast<std::uint16_t>(select.integer(1))});
  }
}

Status LocalStore::set_weights(Uid uid, std::span<const WeightEntry> weights, BlockNumber block) {
  ASSIGN_OR_RETURN(db::Statement remove, database_.prepare("DELETE FROM weights WHERE uid = ?"));
  RETURN_IF_ERROR(remove.bind_integer(1, uid).run());
  ASSIGN_OR_RETURN(
      db::Statement insert,
      database_.prepare("INSERT INTO weights (uid, position, target, weight) VALUES (?, ?, ?, ?)"));
  std::int64_t position = 0;
  for (const WeightEntry& entry : weights) {
    insert.bind_integer(1, uid)
        .bind_integer(2, position++)
        .bind_integer(3, entry.uid)
        .bind_integer(4, entry.weight);
    RETURN_IF_ERROR(insert.run());
  }
  ASSIGN_OR_RETURN(db::Statement update,
                   database_.prepare("UPDATE neurons SET last_update = ? WHERE uid = ?"));
  return update.bind_integer(1, stored(block)).bind_integer(2, uid).run();
}

}  // namespace assay::chain
