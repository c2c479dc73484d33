#include "chain/watched_network.h"

#include "chain/testing/conformance_fixture.h"
#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace assay::chain {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using testing::Fault;
using testing::kConformanceNetuid;
using testing::kConformanceWeights;
using testing::made_up_hotkey;

WatchOptions quick_options() {
  return {.netuid = kConformanceNetuid,
          .refresh_interval = 1000s,
          .jitter_share = 0.1,
          .retry_interval = 10s,
          .stale_after = 3000s,
          .stalled_after = 120s,
          .poll_interval = 1ms,
          .max_waiting_calls = 2};
}

class WatchedNetworkTest : public ::testing::Test {
 protected:
  ~WatchedNetworkTest() override { chain_->release(); }
  std::unique_ptr<WatchedNetwork> watch(const WatchOptions& options = quick_options()) {
    return std::make_unique<WatchedNetwork>(
        std::make_unique<testing::ScriptedNetwork>(chain_, made_up_hotkey(1)), options, clock_,
        random_);
  }
  static std::vector<std::string> alarms(const WatchedNetwork& network) {
    std::vector<std::string> kinds;
    for (const Alarm& alarm : network.alarms()) {
      EXPECT_FALSE(alarm.message.empty());
      kinds.emplace_back(to_string(alarm.kind));
    }
    return kinds;
  }
  /// Until the scripted chain has begun so many calls. Waits of this file poll, and have no end of
  /// their own: what never comes is ended by the runner.
  void wait_for_calls(std::size_t count) const {
    while (chain_->num_calls() < count) std::this_thread::sleep_for(1ms);
  }

  std::shared_ptr<testing::ScriptedChain> chain_ = testing::conformance_chain();
  FakeClock clock_;
  SeededRandom random_{7};
};

using Kinds = std::vector<std::string>;

TEST_F(WatchedNetworkTest, ACallerLeavesASilentChainAtTheDeadline) {
  const auto network = watch();
  chain_->hold();
  const auto block = network->current_block({.deadline = 20ms});
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(block.error().message.contains("20 ms")) << block.error().message;
  chain_->release();
  EXPECT_TRUE(network->current_block({}));
}

TEST_F(WatchedNetworkTest, AWriteLeftOnItsWayHasAnUnknownOutcome) {
  const auto network = watch();
  chain_->hold();
  {
    // Gone when the call goes on.
    const std::vector<WeightEntry> weights = kConformanceWeights;
    const auto outcome = network->set_weights(
        {.netuid = kConformanceNetuid, .weights = weights, .version_key = 2004},
        {.deadline = 20ms});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->result, WriteResult::kOutcomeUnknown);
    EXPECT_FALSE(outcome->message.empty());
  }
  chain_->release();
  EXPECT_EQ(network->weights_state(kConformanceNetuid, {}).value().last_update, 5000U);
  ASSERT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(chain_->taken()[0].weights, kConformanceWeights);
}

TEST_F(WatchedNetworkTest, AWriteThatNeverBeganIsKnownNotToBeWritten) {
  const auto network = watch();
  chain_->hold();
  EXPECT_FALSE(network->current_block({.deadline = 10ms}));
  const auto outcome = network->set_weights(
      {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004},
      {.deadline = 10ms});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kTimeout);
  chain_->release();
  EXPECT_TRUE(network->current_block({}));
  EXPECT_TRUE(chain_->taken().empty());
}

TEST_F(WatchedNetworkTest, AStopEndsTheWait) {
  const auto network = watch();
  chain_->hold();
  std::stop_source stop;
  std::jthread stopper([&] {
    wait_for_calls(1);
    stop.request_stop();
  });
  const auto block = network->current_block({.deadline = 60s, .stop = stop.get_token()});
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kCancelled);
  chain_->release();
}

TEST_F(WatchedNetworkTest, OnlySoManyCallsWait) {
  const auto network = watch();
  chain_->hold();
  {
    std::vector<std::jthread> callers;
    callers.emplace_back([&] { EXPECT_TRUE(network->current_block({.deadline = 60s})); });
    wait_for_calls(1);
    std::atomic<int> num_full = 0;
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back([&] {
        const auto block = network->current_block({.deadline = 60s});
        if (!block && block.error().code == ErrorCode::kUnavailable) ++num_full;
      });
    }
    while (num_full == 0) std::this_thread::sleep_for(1ms);
    chain_->release();
    callers.clear();
    EXPECT_EQ(num_full, 1);
  }
}

TEST_F(WatchedNetworkTest, KeepsTheLastGoodCopyWithItsAge) {
  const auto network = watch();
  EXPECT_EQ(network->last_metagraph().value, nullptr);
  EXPECT_EQ(network->last_block(), std::nullopt);
  ASSERT_TRUE(network->refresh({}));
  EXPECT_EQ(network->last_metagraph().age, 0ms);
  clock_.advance(30s);
  chain_->pass_blocks(2);
  chain_->fail_next(Fault::kUnavailable);
  EXPECT_EQ(network->refresh({}).error().code, ErrorCode::kUnavailable);
  const Aged<Metagraph> copy = network->last_metagraph();
  ASSERT_NE(copy.value, nullptr);
  EXPECT_EQ(copy.age, 30s);
  EXPECT_EQ(copy.value->block, 5000U);
  EXPECT_EQ(*network->last_hyperparameters().value, testing::kConformanceRules);
  EXPECT_EQ(network->last_block(), 5000U);
  EXPECT_EQ(network->last_block_age(), 30s);
  ASSERT_TRUE(network->metagraph(kConformanceNetuid, {}));
  EXPECT_EQ(network->last_metagraph().value->block, 5002U);
  EXPECT_EQ(network->last_metagraph().age, 0ms);
  // Whoever took a copy still has it.
  EXPECT_EQ(copy.value->neurons.size(), 4U);
}

TEST_F(WatchedNetworkTest, RefreshesWhenDueAndEachWatcherAtItsOwnTime) {
  const auto network = watch();
  ASSERT_TRUE(network->refresh_if_due({}));
  const std::size_t first = chain_->num_calls();
  EXPECT_EQ(first, 2U);
  clock_.advance(899s);
  ASSERT_TRUE(network->refresh_if_due({}));
  EXPECT_EQ(chain_->num_calls(), first);
  clock_.advance(202s);
  ASSERT_TRUE(network->refresh_if_due({}));
  EXPECT_EQ(chain_->num_calls(), 2 * first);

  // Twenty watchers with one interval are not due in the same second.
  std::vector<std::unique_ptr<WatchedNetwork>> others;
  for (int i = 0; i < 20; ++i) others.push_back(watch());
  for (const auto& other : others) ASSERT_TRUE(other->refresh_if_due({}));
  const std::size_t before = chain_->num_calls();
  clock_.advance(1000s);
  for (const auto& other : others) ASSERT_TRUE(other->refresh_if_due({}));
  const std::size_t num_due = (chain_->num_calls() - before) / 2;
  EXPECT_GT(num_due, 3U);
  EXPECT_LT(num_due, 17U);
}

TEST_F(WatchedNetworkTest, AFailureIsTriedAgainAfterWaitsThatDouble) {
  WatchOptions options = quick_options();
  options.jitter_share = 0;
  const auto network = watch(options);
  chain_->fail_next(Fault::kUnavailable, 3);
  EXPECT_FALSE(network->refresh_if_due({}));
  for (const auto wait : {10s, 20s, 40s}) {
    clock_.advance(wait - 1s);
    const std::size_t before = chain_->num_calls();
    EXPECT_TRUE(network->refresh_if_due({}));
    EXPECT_EQ(chain_->num_calls(), before);
    clock_.advance(1s);
    EXPECT_EQ(network->refresh_if_due({}).has_value(), wait == 40s);
  }
  EXPECT_NE(network->last_metagraph().value, nullptr);
}

TEST_F(WatchedNetworkTest, ATimeoutCountsAsOneFailure) {
  WatchOptions options = quick_options();
  options.jitter_share = 0;
  const auto network = watch(options);
  chain_->fail_next(Fault::kTimeout);
  EXPECT_EQ(network->refresh_if_due({}).error().code, ErrorCode::kTimeout);
  clock_.advance(10s);
  chain_->hold();
  EXPECT_EQ(network->refresh_if_due({.deadline = 10ms}).error().code, ErrorCode::kTimeout);
  clock_.advance(19s);
  EXPECT_TRUE(network->refresh_if_due({.deadline = 10ms}));
  chain_->release();
}

TEST_F(WatchedNetworkTest, TellsThatTheMetagraphIsStaleOrWasNeverRead) {
  const auto network = watch();
  EXPECT_EQ(alarms(*network), Kinds{});
  clock_.advance(121s);
  EXPECT_EQ(alarms(*network), Kinds{"block_stalled"});
  clock_.advance(3000s);
  EXPECT_EQ(alarms(*network), (Kinds{"metagraph_stale", "block_stalled"}));
  ASSERT_TRUE(network->refresh({}));
  EXPECT_EQ(alarms(*network), Kinds{});
  clock_.advance(3001s);
  chain_->pass_blocks(1);
  chain_->fail_next(Fault::kUnavailable);
  EXPECT_FALSE(network->refresh({}));
  ASSERT_TRUE(network->current_block({}));
  ASSERT_EQ(alarms(*network), Kinds{"metagraph_stale"});
  EXPECT_TRUE(network->alarms()[0].message.contains("cannot be reached"))
      << network->alarms()[0].message;
}

TEST_F(WatchedNetworkTest, TellsThatTheChainStandsStill) {
  const auto network = watch();
  ASSERT_TRUE(network->current_block({}));
  clock_.advance(100s);
  chain_->pass_blocks(1);
  ASSERT_TRUE(network->current_block({}));
  clock_.advance(120s);
  ASSERT_TRUE(network->current_block({}));
  EXPECT_EQ(alarms(*network), Kinds{});
  clock_.advance(1s);
  // Answers alone are no progress.
  ASSERT_TRUE(network->current_block({}));
  EXPECT_EQ(alarms(*network), Kinds{"block_stalled"});
  chain_->pass_blocks(1);
  ASSERT_TRUE(network->current_block({}));
  EXPECT_EQ(alarms(*network), Kinds{});
}

TEST_F(WatchedNetworkTest, TellsThatACallDoesNotComeBack) {
  const auto network = watch();
  chain_->hold();
  EXPECT_FALSE(network->current_block({.deadline = 10ms}));
  clock_.advance(60s);
  EXPECT_EQ(alarms(*network), Kinds{"call_stuck"});
  EXPECT_EQ(network->call_overdue(), 60s - 10ms);
  chain_->release();
  EXPECT_TRUE(network->current_block({}));
  EXPECT_EQ(alarms(*network), Kinds{});
  EXPECT_EQ(network->call_overdue(), 0s);
}

TEST_F(WatchedNetworkTest, RefreshesInTheBackground) {
  WatchOptions options = quick_options();
  options.refreshing = Refreshing::kInBackground;
  const auto network = watch(options);
  while (!network->last_hyperparameters().value) std::this_thread::sleep_for(1ms);
  chain_->pass_blocks(7);
  clock_.advance(12s);
  while (network->last_block() != 5007U) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(network->last_metagraph().value->block, 5000U);
  clock_.advance(1200s);
  while (network->last_metagraph().value->block != 5007U) std::this_thread::sleep_for(1ms);
  // Calls go on meanwhile.
  EXPECT_EQ(network->current_block({}).value(), 5007U);
}

TEST_F(WatchedNetworkTest, EndsWhileACallIsOnItsWay) {
  auto network = watch();
  chain_->hold();
  EXPECT_FALSE(network->current_block({.deadline = 10ms}));
  std::jthread releaser([&] {
    // Gives the end below time to begin; it holds either way.
    std::this_thread::sleep_for(5ms);
    chain_->release();
  });
  network.reset();
}

}  // namespace
}  // namespace assay::chain
