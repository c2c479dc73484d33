#include "miner/work_queue.h"

#include "core/testing/fake_clock.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace assay::miner {
namespace {

using namespace std::chrono_literals;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;

WorkQueue::Caller caller(const keys::KeyPair& pair, double stake) {
  return {.sender = pair.hotkey(), .stake = stake};
}

void wait_for(const WorkQueue& queue, std::size_t num_waiting) {
  while (queue.num_waiting() < num_waiting) std::this_thread::sleep_for(1ms);
}

TEST(WorkQueue, TheNextIsTheOneWithMostStake) {
  WorkQueue queue({.max_running = 1}, system_clock());
  std::optional first = queue.enter(caller(alice(), 1)).place;
  ASSERT_TRUE(first);
  std::mutex mutex;
  std::vector<int> order;
  const auto work = [&](const keys::KeyPair& pair, int stake) {
    const auto turn = queue.enter(caller(pair, stake));
    ASSERT_TRUE(turn.place);
    const std::scoped_lock guard(mutex);
    order.push_back(stake);
  };
  std::vector<std::jthread> threads;
  std::size_t num_waiting = 0;
  for (const int stake : {5, 9, 7}) {
    threads.emplace_back([&, stake] { work(bob(), stake); });
    wait_for(queue, ++num_waiting);
  }
  first.reset();
  threads.clear();
  EXPECT_EQ(order, (std::vector<int>{9, 7, 5}));
}

TEST(WorkQueue, IsFullForThoseWithoutMoreStake) {
  WorkQueue queue({.max_running = 1, .max_waiting = 1}, system_clock());
  std::optional first = queue.enter(caller(alice(), 1)).place;
  Admission pushed_out = Admission::kAdmitted;
  std::jthread waiting([&] { pushed_out = queue.enter(caller(bob(), 5)).admission; });
  wait_for(queue, 1);
  EXPECT_EQ(queue.enter(caller(eve(), 5)).admission, Admission::kFull);
  std::jthread richer([&] { EXPECT_TRUE(queue.enter(caller(eve(), 6)).place); });
  waiting.join();
  EXPECT_EQ(pushed_out, Admission::kFull);
  first.reset();
}

TEST(WorkQueue, HasRoomForWhoeverNeedsNotWait) {
  WorkQueue queue({.max_running = 1, .max_waiting = 0}, system_clock());
  auto turn = queue.enter(caller(alice(), 1));
  ASSERT_TRUE(turn.place);
  EXPECT_EQ(queue.enter(caller(bob(), 1)).admission, Admission::kFull);
  turn.place->work_is_done();
  EXPECT_TRUE(queue.enter(caller(bob(), 1)).place);
}

TEST(WorkQueue, LimitsOneSenderUntilItsPlacesAreGivenBack) {
  WorkQueue queue({.max_running = 5, .max_of_sender = 1}, system_clock());
  auto turn = queue.enter(caller(alice(), 1));
  turn.place->work_is_done();
  EXPECT_EQ(queue.enter(caller(alice(), 1)).admission, Admission::kTooManyOfSender);
  EXPECT_TRUE(queue.enter(caller(bob(), 1)).place);
  turn.place.reset();
  EXPECT_TRUE(queue.enter(caller(alice(), 1)).place);
}

// One that hangs is not hidden by others that go on.
TEST(WorkQueue, TellsHowLongTheOldestHasBeenRunning) {
  assay::testing::FakeClock clock;
  WorkQueue queue({.max_running = 2}, clock);
  EXPECT_EQ(queue.load().longest_running, 0s);
  std::optional hanging = queue.enter(caller(alice(), 1)).place;
  clock.advance(5s);
  for (int i = 0; i < 3; ++i) {
    auto other = queue.enter(caller(bob(), 1));
    ASSERT_TRUE(other.place);
    clock.advance(1s);
    other.place->work_is_done();
  }
  EXPECT_EQ(queue.load().longest_running, 8s);
  EXPECT_EQ(queue.load().num_running, 1U);
  EXPECT_EQ(queue.load().num_done, 3U);
  hanging.reset();
  EXPECT_EQ(queue.load().longest_running, 0s);
}

TEST(WorkQueue, WhoHasWaitedRunsFromItsTurn) {
  assay::testing::FakeClock clock;
  WorkQueue queue({.max_running = 1}, clock);
  std::optional first = queue.enter(caller(alice(), 1)).place;
  WorkQueue::Turn second;
  std::jthread waiting(
      [&] { second.place.emplace(std::move(*queue.enter(caller(bob(), 1)).place)); });
  wait_for(queue, 1);
  clock.advance(60s);
  first.reset();
  waiting.join();
  clock.advance(2s);
  EXPECT_EQ(queue.load().longest_running, 2s);
  second.place.reset();
  EXPECT_EQ(queue.load().num_running, 0U);
}

TEST(WorkQueue, NobodyWaitsLongerThanTheAnswerIsWorth) {
  WorkQueue queue({.max_running = 1}, system_clock());
  const auto first = queue.enter(caller(alice(), 1));
  const auto late = queue.enter({.sender = bob().hotkey(), .stake = 1, .patience = 20ms});
  EXPECT_EQ(late.admission, Admission::kTooLate);
  EXPECT_EQ(queue.num_waiting(), 0U);
}

}  // namespace
}  // namespace assay::miner
