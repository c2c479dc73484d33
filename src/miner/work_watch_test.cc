#include "miner/work_watch.h"

#include "chain/testing/scripted_network.h"
#include "core/clock.h"
#include "core/random.h"
#include "miner/testing/axon_fixture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using protocol::testing::bob;

constexpr WorkLimits kOnlyAnswers = {.answer = 50ms, .job_step = 1h, .call = 1h};
constexpr WorkLimits kOnlyCalls = {.answer = 1h, .job_step = 1h, .call = 50ms};

template <typename Condition>
bool comes(const Condition& is_true) {
  for (int i = 0; i < 2000 && !is_true(); ++i) std::this_thread::sleep_for(10ms);
  return is_true();
}

class WorkWatch : public testing::AxonFixture {};

TEST_F(WorkWatch, AJudgementThatHangsIsNamedWhateverOthersDo) {
  std::latch hold(1);
  std::atomic<bool> hangs = true;
  detector_.set_judge([&] -> Result<double> {
    if (hangs.exchange(false)) hold.wait();
    return 0.5;
  });
  start({.queue = {.max_running = 2}});
  const WatchedParts parts{.axon = axon_.get(), .server = server_.get()};
  EXPECT_EQ(describe_stuck(parts, kOnlyAnswers), "");
  std::jthread asker([&] { EXPECT_EQ(challenge().status, 200); });
  wait_for_the_detector();
  EXPECT_TRUE(comes([&] {
    EXPECT_EQ(challenge().status, 200);
    return describe_stuck(parts, kOnlyAnswers).starts_with("the judgement of an image has not");
  }));
  EXPECT_EQ(describe_stuck(parts, {}), "") << "that may take longer";
  hold.count_down();
  asker.join();
  EXPECT_EQ(describe_stuck(parts, kOnlyAnswers), "") << "who has nothing to do is not stuck";
}

TEST_F(WorkWatch, AChainThatDoesNotAnswerIsNamed) {
  const auto chain = std::make_shared<chain::testing::ScriptedChain>();
  chain->add({.hotkey = bob().hotkey()});
  chain::testing::ScriptedNetwork network(chain, bob().hotkey());
  NetworkSeat seat(network, bob().hotkey(), directory_, system_clock(),
                   {.netuid = chain::Netuid{1}, .refresh_interval = 1ms});
  ASSERT_TRUE(seat.take({}));
  ASSERT_TRUE(seat.serve({.ip = "127.0.0.1", .port = 4321}, {}));
  const WatchedParts parts{.seat = &seat};
  EXPECT_EQ(describe_stuck(parts, kOnlyAnswers), "");
  chain->hold();
  EXPECT_TRUE(comes(
      [&] { return describe_stuck(parts, kOnlyCalls).contains("the thread that talks to"); }));
  chain->release();
  EXPECT_TRUE(comes([&] { return describe_stuck(parts, kOnlyCalls).empty(); }));
}

TEST(WorkWatchOfCalls, OneThatDoesNotComeBackIsNamed) {
  const auto chain = std::make_shared<chain::testing::ScriptedChain>();
  SeededRandom random(1);
  chain::WatchedNetwork network(
      std::make_unique<chain::testing::ScriptedNetwork>(chain, bob().hotkey()), {}, system_clock(),
      random);
  const WatchedParts parts{.network = &network};
  EXPECT_EQ(describe_stuck(parts, kOnlyCalls), "");
  chain->hold();
  // On a busy machine a call may end before it was begun.
  while (chain->num_calls() == 0) EXPECT_FALSE(network.current_block({.deadline = 20ms}));
  EXPECT_TRUE(comes([&] { return describe_stuck(parts, kOnlyCalls).contains("a call of the"); }));
  chain->release();
  EXPECT_TRUE(comes([&] { return describe_stuck(parts, kOnlyCalls).empty(); }));
}

TEST(WorkLimits, LeaveRoomForTheDeadlinesOfTheUser) {
  EXPECT_EQ(work_limits_above(8s, 5min).answer, 2min);
  EXPECT_EQ(work_limits_above(8s, 5min).job_step, 2h);
  EXPECT_EQ(work_limits_above(60s, 5min).answer, 3min);
  EXPECT_EQ(work_limits_above(60s, 2h).job_step, 4h);
}

}  // namespace
}  // namespace assay::miner
