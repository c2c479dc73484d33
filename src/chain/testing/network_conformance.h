/// \file
/// What every Network does, as one suite. A test file includes this header once and instantiates
/// NetworkConformance with a maker.

#pragma once

#include "chain/network.h"
#include "chain/testing/conformance_fixture.h"
#include "core/testing/stopped_token.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace assay::chain::testing {

class NetworkConformance : public ::testing::TestWithParam<NetworkMaker> {
 protected:
  void SetUp() override {
    fixture_ = GetParam().make();
    ASSERT_NE(fixture_, nullptr) << GetParam().name;
  }

  std::unique_ptr<Network> of_uid(std::uint8_t uid) {
    return fixture_->seen_by(made_up_hotkey(static_cast<std::uint8_t>(uid + 1)));
  }
  std::unique_ptr<Network> of_stranger() { return fixture_->seen_by(made_up_hotkey(kStranger)); }
  std::unique_ptr<Network> of_nobody() { return fixture_->seen_by(std::nullopt); }
  void pass_blocks(BlockCount count) { fixture_->pass_blocks(count); }

  /// The name of the refusal, `accepted`, or `error: ...`.
  static std::string set(Network& network, const std::vector<WeightEntry>& weights,
                         std::uint64_t version_key = 2004, Netuid netuid = kConformanceNetuid) {
    const auto outcome =
        network.set_weights({.netuid = netuid, .weights = weights, .version_key = version_key}, {});
    return shown(outcome);
  }
  static std::string shown(const Result<WriteOutcome>& outcome) {
    if (!outcome) return "error: " + outcome.error().message;
    if (outcome->result == WriteResult::kAccepted) return "accepted";
    EXPECT_FALSE(outcome->message.empty());
    return outcome->error_name;
  }

 private:
  std::unique_ptr<NetworkFixture> fixture_;
};

TEST_P(NetworkConformance, TellsTheBlockWhichRises) {
  const auto network = of_nobody();
  const auto before = network->current_block({});
  ASSERT_TRUE(before) << before.error().message;
  pass_blocks(3);
  EXPECT_EQ(network->current_block({}).value(), *before + 3);
}

TEST_P(NetworkConformance, TheMetagraphHasEveryMemberAtItsUid) {
  const auto network = of_nobody();
  const auto metagraph = network->metagraph(kConformanceNetuid, {});
  ASSERT_TRUE(metagraph) << metagraph.error().message;
  EXPECT_EQ(metagraph->netuid, kConformanceNetuid);
  EXPECT_EQ(metagraph->block, network->current_block({}).value());
  EXPECT_EQ(metagraph->tempo, kConformanceRules.tempo);
  EXPECT_LE(metagraph->blocks_since_last_step, metagraph->tempo);
  ASSERT_EQ(metagraph->neurons.size(), 4U);
  EXPECT_GE(metagraph->max_neurons, 4U);
  for (std::uint8_t uid = 0; uid < 4; ++uid) {
    const Neuron& neuron = metagraph->neurons[uid];
    EXPECT_EQ(neuron.uid, uid);
    EXPECT_EQ(neuron.hotkey, made_up_hotkey(static_cast<std::uint8_t>(uid + 1)));
    EXPECT_EQ(metagraph->find(neuron.hotkey), &neuron);
    EXPECT_FALSE(neuron.coldkey.empty());
    EXPECT_EQ(neuron.axon, std::nullopt);
    EXPECT_EQ(neuron.has_validator_permit, uid == 0);
    EXPECT_EQ(neuron.total_stake_rao, uid == 0 ? kConformanceStakeRao : 0);
    EXPECT_EQ(neuron.last_update, neuron.registered_at);
    EXPECT_TRUE(neuron.is_active);
    // A chain may tell nothing of pay; none of these pays.
    EXPECT_EQ(neuron.pay.rank.value_or(0), 0);
    EXPECT_EQ(neuron.pay.incentive.value_or(0), 0);
    EXPECT_EQ(neuron.pay.emission_rao.value_or(0), 0);
    EXPECT_LE(neuron.registered_at + 1000, metagraph->block);
  }
  EXPECT_EQ(metagraph->find(made_up_hotkey(kStranger)), nullptr);
}

TEST_P(NetworkConformance, TellsItsRules) {
  const auto rules = of_nobody()->hyperparameters(kConformanceNetuid, {});
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(*rules, kConformanceRules);
}

TEST_P(NetworkConformance, AnotherNetworkIsNotFound) {
  const auto network = of_uid(0);
  EXPECT_EQ(network->metagraph(Netuid{77}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(network->hyperparameters(Netuid{77}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(network->weights_state(Netuid{77}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(set(*network, kConformanceWeights, 2004, Netuid{77}), "MechanismDoesNotExist");
  EXPECT_EQ(set(*network, kConformanceWeights, 2004, Netuid{0}), "CanNotSetRootNetworkWeights");
  EXPECT_EQ(shown(network->serve_axon(Netuid{77}, {.ip = "10.0.0.1", .port = 1}, {})),
            "SubnetNotExists");
}

TEST_P(NetworkConformance, WhatIsForTheOwnHotkeyNeedsOne) {
  const auto network = of_nobody();
  EXPECT_EQ(network->self(), std::nullopt);
  EXPECT_EQ(network->weights_state(kConformanceNetuid, {}).error().code, ErrorCode::kMissing);
  EXPECT_EQ(network->set_weights({.netuid = kConformanceNetuid, .weights = kConformanceWeights}, {})
                .error()
                .code,
            ErrorCode::kMissing);
  EXPECT_EQ(network->serve_axon(kConformanceNetuid, {.ip = "10.0.0.1", .port = 1}, {}).error().code,
            ErrorCode::kMissing);
}

TEST_P(NetworkConformance, WeightsThatAreTakenMoveLastUpdate) {
  const auto network = of_uid(0);
  ASSERT_EQ(set(*network, kConformanceWeights), "accepted");
  const auto state = network->weights_state(kConformanceNetuid, {});
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->uid, Uid{0});
  EXPECT_EQ(state->last_update, state->block);
  EXPECT_EQ(state->weights, kConformanceWeights);
  // Others see the block.
  EXPECT_EQ(of_nobody()->metagraph(kConformanceNetuid, {}).value().neurons[0].last_update,
            state->last_update);
}

TEST_P(NetworkConformance, WeightsAreKeptWithTheLargestAtAllSixteenBits) {
  const auto network = of_uid(0);
  ASSERT_EQ(set(*network, {{3, 1}, {1, 2}}), "accepted");
  EXPECT_EQ(network->weights_state(kConformanceNetuid, {}).value().weights, kConformanceWeights);
}

TEST_P(NetworkConformance, TheNextWeightsMustWait) {
  const auto network = of_uid(0);
  ASSERT_EQ(set(*network, kConformanceWeights), "accepted");
  pass_blocks(9);
  const auto early = network->set_weights(
      {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004}, {});
  ASSERT_TRUE(early) << early.error().message;
  EXPECT_EQ(early->result, WriteResult::kRateLimited);
  EXPECT_EQ(early->error_name, "SettingWeightsTooFast");
  if (early->wait_blocks) {
    EXPECT_EQ(*early->wait_blocks, 1U);
  }
  pass_blocks(1);
  EXPECT_EQ(set(*network, {{1, 1}, {2, 1}}), "accepted");
  const std::vector<WeightEntry> expected = {{1, 65'535}, {2, 65'535}};
  EXPECT_EQ(network->weights_state(kConformanceNetuid, {}).value().weights, expected);
}

TEST_P(NetworkConformance, RefusesByTheNamesOfTheChainAndChangesNothing) {
  const auto network = of_uid(0);
  const auto before = network->weights_state(kConformanceNetuid, {});
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(set(*of_stranger(), kConformanceWeights), "HotKeyNotRegisteredInSubNet");
  EXPECT_EQ(set(*of_uid(1), kConformanceWeights), "NotEnoughStakeToSetWeights");
  EXPECT_EQ(set(*network, kConformanceWeights, 2003), "IncorrectWeightVersionKey");
  EXPECT_EQ(set(*network, {{1, 1}, {1, 1}}), "DuplicateUids");
  EXPECT_EQ(set(*network, {{1, 1}, {4, 1}}), "UidVecContainInvalidOne");
  EXPECT_EQ(set(*network, {{1, 1}}), "WeightVecLengthIsLow");
  EXPECT_EQ(set(*network, {}), "WeightVecLengthIsLow");
  EXPECT_EQ(set(*network, {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}}),
            "UidsLengthExceedUidsInSubNet");
  const auto after = network->weights_state(kConformanceNetuid, {});
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->last_update, before->last_update);
  EXPECT_EQ(after->weights, before->weights);
}

TEST_P(NetworkConformance, AStrangerHasNoWeights) {
  const auto state = of_stranger()->weights_state(kConformanceNetuid, {});
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->uid, std::nullopt);
  EXPECT_TRUE(state->weights.empty());
}

TEST_P(NetworkConformance, AnAxonIsSeenByOthers) {
  const Axon axon{.ip = "2001:DB8:0::7", .port = 8091, .version = 3, .protocol = 4};
  ASSERT_EQ(shown(of_uid(2)->serve_axon(kConformanceNetuid, axon, {})), "accepted");
  const auto metagraph = of_nobody()->metagraph(kConformanceNetuid, {});
  ASSERT_TRUE(metagraph) << metagraph.error().message;
  ASSERT_TRUE(metagraph->neurons[2].axon);
  EXPECT_EQ(metagraph->neurons[2].axon->ip, "2001:db8::7");
  EXPECT_EQ(metagraph->neurons[2].axon->port, 8091);
  EXPECT_EQ(metagraph->neurons[1].axon, std::nullopt);
}

TEST_P(NetworkConformance, AnAxonIsServedNotTooOften) {
  const auto network = of_uid(2);
  const Axon axon{.ip = "10.0.0.1", .port = 8091};
  ASSERT_EQ(shown(network->serve_axon(kConformanceNetuid, axon, {})), "accepted");
  pass_blocks(4);
  const auto early = network->serve_axon(kConformanceNetuid, {.ip = "10.0.0.2", .port = 1}, {});
  ASSERT_TRUE(early) << early.error().message;
  EXPECT_EQ(early->result, WriteResult::kRateLimited);
  EXPECT_EQ(early->error_name, "ServingRateLimitExceeded");
  pass_blocks(1);
  EXPECT_EQ(shown(network->serve_axon(kConformanceNetuid, {.ip = "10.0.0.2", .port = 1}, {})),
            "accepted");
}

TEST_P(NetworkConformance, RefusesAxonsThatCannotBe) {
  const auto network = of_uid(2);
  const auto serve = [&](const Axon& axon) {
    return shown(network->serve_axon(kConformanceNetuid, axon, {}));
  };
  EXPECT_EQ(serve({.ip = "some.host", .port = 1}), "InvalidIpType");
  EXPECT_EQ(serve({.ip = "0.0.0.0", .port = 1}), "InvalidIpAddress");
  EXPECT_EQ(serve({.ip = "10.0.0.1", .port = 0}), "InvalidPort");
  EXPECT_EQ(shown(of_stranger()->serve_axon(kConformanceNetuid, {.ip = "10.0.0.1", .port = 1}, {})),
            "HotKeyNotRegisteredInNetwork");
}

TEST_P(NetworkConformance, AStopEndsACall) {
  const auto network = of_uid(0);
  const CallOptions options{.stop = assay::testing::stopped_token()};
  EXPECT_EQ(network->current_block(options).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(
      network
          ->set_weights(
              {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004},
              options)
          .error()
          .code,
      ErrorCode::kCancelled);
  EXPECT_TRUE(network->weights_state(kConformanceNetuid, {}).value().weights.empty());
}

TEST_P(NetworkConformance, SaysThatItIsConnected) {
  const auto network = of_nobody();
  const NetworkHealth health = network->health({});
  EXPECT_TRUE(health.is_connected);
  EXPECT_EQ(health.block, network->current_block({}).value());
  EXPECT_FALSE(health.detail.empty());
  EXPECT_FALSE(network->name().empty());
}

TEST_P(NetworkConformance, ServesManyThreadsAtOnce) {
  const auto validator = of_uid(0);
  const auto miner = of_uid(1);
  std::atomic<int> num_right = 0;
  std::atomic<int> num_accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) {
          const auto metagraph = miner->metagraph(kConformanceNetuid, {});
          if (metagraph && metagraph->neurons.size() == 4) ++num_right;
          if (set(*validator, kConformanceWeights) == "accepted") ++num_accepted;
        }
      });
    }
  }
  EXPECT_EQ(num_right, 20);
  EXPECT_EQ(num_accepted, 1);
}

}  // namespace assay::chain::testing
