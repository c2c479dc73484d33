#include "chain/local_network.h"

#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"
#include "db/database.h"
#include "db/transaction.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace assay::chain {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using files::testing::TemporaryFolder;
using testing::made_up_hotkey;

class LocalNetworkTest : public ::testing::Test {
 protected:
  void create(const LocalNetworkOptions& options = {}) {
    const auto made = create_local_network(path_, options, clock_);
    ASSERT_TRUE(made) << made.error().message;
  }
  Uid enter(std::uint8_t number, std::uint64_t stake_tao = 0, bool has_permit = false) {
    const auto uid = register_neuron(path_,
                                     {.hotkey = made_up_hotkey(number),
                                      .stake_rao = stake_tao * kRaoPerTao,
                                      .has_validator_permit = has_permit},
                                     clock_);
    EXPECT_TRUE(uid) << uid.error().message;
    return uid ? uid->uid : Uid{9999};
  }
  std::unique_ptr<LocalNetwork> open(std::optional<keys::Hotkey> self = std::nullopt) {
    auto network = LocalNetwork::open(path_, self, clock_);
    EXPECT_TRUE(network) << network.error().message;
    return std::move(*network);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "network.sqlite";
  FakeClock clock_;
};

TEST_F(LocalNetworkTest, BlocksAreMadeByTheClockWhetherAnybodyLooksOrNot) {
  create({.block_time = 500ms, .first_block = 100});
  EXPECT_EQ(open()->current_block({}).value(), 100U);
  clock_.advance(499ms);
  EXPECT_EQ(open()->current_block({}).value(), 100U);
  clock_.advance(1ms);
  EXPECT_EQ(open()->current_block({}).value(), 101U);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(open()->current_block({}).value(), 101U + 7200);
}

TEST_F(LocalNetworkTest, ABlockThatWasWrittenStaysWhenTheClockIsSetBack) {
  create({.block_time = 1s, .rules = {.weights_rate_limit = 0}});
  enter(1, 1000, true);
  enter(2);
  clock_.advance(100s);
  const auto network = open(made_up_hotkey(1));
  const std::vector<WeightEntry> weights = {{1, 1}};
  ASSERT_EQ(network->set_weights({.netuid = Netuid{1}, .weights = weights}, {}).value().result,
            WriteResult::kAccepted);
  clock_.advance(-90s);
  EXPECT_EQ(network->current_block({}).value(), 101U);
  EXPECT_EQ(network->weights_state(Netuid{1}, {}).value().last_update, 101U);
  clock_.advance(-90s);
  EXPECT_EQ(network->current_block({}).value(), 101U);
}

TEST_F(LocalNetworkTest, GoesOnAfterEverybodyHasClosedIt) {
  create({.block_time = 1s});
  enter(1, 2000, true);
  ASSERT_TRUE(open(made_up_hotkey(1))->serve_axon(Netuid{1}, {.ip = "127.0.0.1", .port = 9}, {}));
  clock_.advance(7s);
  const Metagraph metagraph = open()->metagraph(Netuid{1}, {}).value();
  EXPECT_EQ(metagraph.block, 8U);
  ASSERT_EQ(metagraph.neurons.size(), 1U);
  EXPECT_EQ(metagraph.neurons[0].axon->ip, "127.0.0.1");
  EXPECT_EQ(metagraph.neurons[0].stake_tao(), 2000.0);
}

TEST_F(LocalNetworkTest, IsNotMadeTwice) {
  create({.first_block = 5});
  const auto again = create_local_network(path_, {.first_block = 9}, clock_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(again.error().message.contains("already")) << again.error().message;
  EXPECT_EQ(open()->current_block({}).value(), 5U);
}

TEST_F(LocalNetworkTest, RefusesOptionsThatCannotBe) {
  for (const LocalNetworkOptions& options :
       {LocalNetworkOptions{.netuid = Netuid{0}}, LocalNetworkOptions{.block_time = 0ms},
        LocalNetworkOptions{.block_time = 25h}, LocalNetworkOptions{.rules = {.tempo = 0}},
        LocalNetworkOptions{.rules = {.has_commit_reveal = true}},
        LocalNetworkOptions{.max_neurons = 0}, LocalNetworkOptions{.max_neurons = 65'537}}) {
    EXPECT_EQ(create_local_network(path_, options, clock_).error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalNetworkTest, WhatIsNoNetworkIsNotOpened) {
  const auto absent = LocalNetwork::open(path_, std::nullopt, clock_);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(register_neuron(path_, {.hotkey = made_up_hotkey(1)}, clock_).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(change_rules(path_, {}).error().code, ErrorCode::kNotFound);

  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_EQ(LocalNetwork::open(path_, std::nullopt, clock_).error().code, ErrorCode::kCorrupt);

  const auto other = folder_.path() / "other.sqlite";
  {
    auto database = db::Database::open(other, {.mode = db::OpenMode::kCreate});
    ASSERT_TRUE(database && database->execute("CREATE TABLE t (x)"));
  }
  EXPECT_EQ(LocalNetwork::open(other, std::nullopt, clock_).error().code, ErrorCode::kInvalidInput);
}

TEST_F(LocalNetworkTest, AHotkeyThatIsRegisteredAgainKeepsAllThatItHas) {
  create({.block_time = 1s, .rules = {.weights_rate_limit = 0}, .max_neurons = 2});
  EXPECT_EQ(enter(1, 3000, true), 0);
  EXPECT_EQ(enter(2), 1);
  const auto network = open(made_up_hotkey(1));
  ASSERT_TRUE(network->serve_axon(Netuid{1}, {.ip = "10.0.0.1", .port = 5}, {}));
  const std::vector<WeightEntry> weights = {{1, 65'535}};
  clock_.advance(7s);
  ASSERT_EQ(network->set_weights({.netuid = Netuid{1}, .weights = weights}, {}).value().result,
            WriteResult::kAccepted);
  const Neuron before = network->metagraph(Netuid{1}, {}).value().neurons[0];
  clock_.advance(30s);
  for (const Registration& again :
       {Registration{.hotkey = made_up_hotkey(1)},
        Registration{.hotkey = made_up_hotkey(1), .coldkey = "another", .stake_rao = 7},
        Registration{.hotkey = made_up_hotkey(1), .replaces = Uid{1}}}) {
    const auto outcome = register_neuron(path_, again, clock_);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->uid, 0);
    EXPECT_EQ(outcome->error_name, "HotKeyAlreadyRegisteredInSubNet");
  }
  const Metagraph metagraph = open()->metagraph(Netuid{1}, {}).value();
  ASSERT_EQ(metagraph.neurons.size(), 2U);
  EXPECT_EQ(metagraph.neurons[0], before);
  EXPECT_EQ(metagraph.neurons[1].hotkey, made_up_hotkey(2));
  EXPECT_EQ(network->weights_state(Netuid{1}, {}).value().weights, weights);
}

TEST_F(LocalNetworkTest, ASlotThatIsTakenOverStartsAnew) {
  create({.block_time = 1s, .rules = {.weights_rate_limit = 0}});
  enter(1, 2000, true);
  enter(2);
  const auto old = open(made_up_hotkey(1));
  const std::vector<WeightEntry> weights = {{1, 1}};
  ASSERT_EQ(old->set_weights({.netuid = Netuid{1}, .weights = weights}, {}).value().result,
            WriteResult::kAccepted);
  ASSERT_TRUE(old->serve_axon(Netuid{1}, {.ip = "10.0.0.1", .port = 5}, {}));
  clock_.advance(30s);
  const auto uid =
      register_neuron(path_, {.hotkey = made_up_hotkey(3), .replaces = Uid{0}}, clock_);
  EXPECT_EQ(uid.value().uid, 0);
  EXPECT_EQ(uid.value().error_name, "");
  const Metagraph metagraph = open()->metagraph(Netuid{1}, {}).value();
  ASSERT_EQ(metagraph.neurons.size(), 2U);
  EXPECT_EQ(metagraph.neurons[0].hotkey, made_up_hotkey(3));
  EXPECT_EQ(metagraph.neurons[0].axon, std::nullopt);
  EXPECT_EQ(metagraph.neurons[0].registered_at, 31U);
  EXPECT_TRUE(open(made_up_hotkey(3))->weights_state(Netuid{1}, {}).value().weights.empty());
  EXPECT_EQ(old->weights_state(Netuid{1}, {}).value().uid, std::nullopt);
  EXPECT_EQ(register_neuron(path_, {.hotkey = made_up_hotkey(4), .replaces = Uid{7}}, clock_)
                .error()
                .code,
            ErrorCode::kInvalidInput);
}

TEST_F(LocalNetworkTest, SaysWhenEverySlotIsTaken) {
  create({.max_neurons = 1});
  enter(1);
  const auto full = register_neuron(path_, {.hotkey = made_up_hotkey(2)}, clock_);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kExhausted);
}

TEST_F(LocalNetworkTest, AFreshValidatorWaitsForItsFirstWeights) {
  create({.block_time = 1s, .rules = {.weights_rate_limit = 10}});
  enter(1, 1000, true);
  const auto network = open(made_up_hotkey(1));
  const std::vector<WeightEntry> weights = {{0, 1}};
  const auto early = network->set_weights({.netuid = Netuid{1}, .weights = weights}, {});
  EXPECT_EQ(early.value().error_name, "SettingWeightsTooFast");
  EXPECT_EQ(early.value().wait_blocks, 10U);
}

TEST_F(LocalNetworkTest, TheOwnerNeedsNoPermit) {
  create({.rules = {.weights_rate_limit = 0}, .owner = made_up_hotkey(1)});
  enter(1, 1000);
  enter(2, 1000);
  const std::vector<WeightEntry> weights = {{0, 1}, {1, 1}};
  const auto set_by = [&](std::uint8_t number) {
    return open(made_up_hotkey(number))
        ->set_weights({.netuid = Netuid{1}, .weights = weights}, {})
        .value()
        .error_name;
  };
  EXPECT_EQ(set_by(1), "");
  EXPECT_EQ(set_by(2), "NeuronNoValidatorPermit");
  EXPECT_EQ(open()->metagraph(Netuid{1}, {}).value().owner, made_up_hotkey(1));
  // It pays nobody, and says so.
  const Metagraph metagraph = open()->metagraph(Netuid{1}, {}).value();
  for (const Neuron& neuron : metagraph.neurons) {
    EXPECT_EQ(neuron.pay, (Pay{.rank = 0, .incentive = 0, .emission_rao = 0}));
  }
}

TEST_F(LocalNetworkTest, LoopbackIsServedOnlyWhereItIsAllowed) {
  create({.loopback_axons = LoopbackAxons::kRefused});
  enter(1);
  EXPECT_EQ(open(made_up_hotkey(1))
                ->serve_axon(Netuid{1}, {.ip = "127.0.0.1", .port = 9}, {})
                .value()
                .error_name,
            "InvalidIpAddress");
}

TEST_F(LocalNetworkTest, RulesChangeForThoseWhoHaveItOpen) {
  create();
  const auto network = open();
  Hyperparameters rules = network->hyperparameters(Netuid{1}, {}).value();
  rules.weights_version_key = 0xffff'ffff'ffff'ffff;
  rules.tempo = 77;
  ASSERT_TRUE(change_rules(path_, rules));
  EXPECT_EQ(network->hyperparameters(Netuid{1}, {}).value(), rules);
  rules.tempo = 0;
  EXPECT_EQ(change_rules(path_, rules).error().code, ErrorCode::kInvalidInput);
}

TEST_F(LocalNetworkTest, WhoSetNoWeightsForLongIsNotActive) {
  create({.block_time = 1s, .rules = {.activity_cutoff = 50}});
  enter(1);
  clock_.advance(50s);
  EXPECT_TRUE(open()->metagraph(Netuid{1}, {}).value().neurons[0].is_active);
  clock_.advance(1s);
  EXPECT_FALSE(open()->metagraph(Netuid{1}, {}).value().neurons[0].is_active);
}

TEST_F(LocalNetworkTest, ARowOfNonsenseIsCorruptAndNamesTheFile) {
  create();
  enter(1);
  enter(2);
  const auto network = open();
  auto database = db::Database::open(path_, {.mode = db::OpenMode::kWrite});
  ASSERT_TRUE(database);
  for (const auto* damage :
       {"UPDATE neurons SET hotkey = x'00' WHERE uid = 1", "DELETE FROM neurons WHERE uid = 0",
        "UPDATE rules SET max_weight_limit = 70000", "UPDATE rules SET tempo = 0"}) {
    auto transaction = db::Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute(damage)) << damage;
    ASSERT_TRUE(transaction->commit());
    const auto metagraph = network->metagraph(Netuid{1}, {});
    ASSERT_FALSE(metagraph) << damage;
    EXPECT_EQ(metagraph.error().code, ErrorCode::kCorrupt) << metagraph.error().message;
    EXPECT_TRUE(metagraph.error().message.contains("network.sqlite"));
  }
}

TEST_F(LocalNetworkTest, AFileThatIsHeldFailsByTheDeadlineAndNothingIsWritten) {
  create({.rules = {.weights_rate_limit = 0}});
  enter(1, 1000, true);
  auto holder = db::Database::open(path_, {.mode = db::OpenMode::kWrite});
  ASSERT_TRUE(holder);
  const auto network = open(made_up_hotkey(1));
  const std::vector<WeightEntry> weights = {{0, 1}};
  {
    const auto held = db::Transaction::begin(*holder);
    ASSERT_TRUE(held);
    const auto outcome =
        network->set_weights({.netuid = Netuid{1}, .weights = weights}, {.deadline = 50ms});
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(is_retryable(outcome.error().code)) << outcome.error().message;
    // Reading goes on meanwhile.
    EXPECT_TRUE(network->weights_state(Netuid{1}, {.deadline = 50ms}).value().weights.empty());
  }
  EXPECT_EQ(network->set_weights({.netuid = Netuid{1}, .weights = weights}, {}).value().result,
            WriteResult::kAccepted);
}

TEST_F(LocalNetworkTest, SeveralProcessesWriteOneFile) {
  create({.rules = {.serving_rate_limit = 0}});
  constexpr std::uint8_t kNumProcesses = 4;
  constexpr std::uint16_t kNumRounds = 10;
  std::array<pid_t, kNumProcesses> children{};
  for (std::uint8_t i = 0; i < kNumProcesses; ++i) {
    children[i] = fork();
    ASSERT_GE(children[i], 0);
    if (children[i] != 0) continue;
    // The child tells by its status how far it came; no assertions of the parent's here.
    const keys::Hotkey self = made_up_hotkey(static_cast<std::uint8_t>(i + 1));
    if (!register_neuron(path_, {.hotkey = self}, clock_)) _exit(1);
    const auto network = LocalNetwork::open(path_, self, clock_);
    if (!network) _exit(2);
    for (std::uint16_t round = 1; round <= kNumRounds; ++round) {
      const auto outcome =
          (*network)->serve_axon(Netuid{1}, {.ip = "127.0.0.1", .port = round, .version = i}, {});
      if (!outcome || outcome->result != WriteResult::kAccepted) _exit(3);
      if (!(*network)->metagraph(Netuid{1}, {})) _exit(4);
    }
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  const Metagraph metagraph = open()->metagraph(Netuid{1}, {}).value();
  ASSERT_EQ(metagraph.neurons.size(), kNumProcesses);
  for (const Neuron& neuron : metagraph.neurons) EXPECT_EQ(neuron.axon->port, kNumRounds);
}

}  // namespace
}  // namespace assay::chain
