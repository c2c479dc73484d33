#include "miner/work_queue.h"

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
  WorkQueue queue({.max_running = 1});
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
  WorkQueue queue({.max_running = 1, .max_waiting = 1});
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
  WorkQueue queue({.max_running = 1, .max_waiting = 0});
  auto turn = queue.enter(caller(alice(), 1));
  ASSERT_TRUE(turn.place);
  EXPECT_EQ(queue.enter(caller(bob(), 1)).admission, Admission::kFull);
  turn.place->work_is_done();
  EXPECT_TRUE(queue.enter(caller(bob(), 1)).place);
}

TEST(WorkQueue, LimitsOneSenderUntilItsPlacesAreGivenBack) {
  WorkQueue queue({.max_running = 5, .max_of_sender = 1});
  auto turn = queue.enter(caller(alice(), 1));
  turn.place->work_is_done();
  EXPECT_EQ(queue.enter(caller(alice(), 1)).admission, Admission::kTooManyOfSender);
  EXPECT_TRUE(queue.enter(caller(bob(), 1)).place);
  turn.place.reset();
  EXPECT_TRUE(queue.enter(caller(alice(), 1)).place);
}

TEST(WorkQueue, NobodyWaitsLongerThanTheAnswerIsWorth) {
  WorkQueue queue({.max_running = 1});
  const auto first = queue.enter(caller(alice(), 1));
  const auto late = queue.enter({.sender = bob().hotkey(), .stake = 1, .patience = 20ms});
  EXPECT_EQ(late.admission, Admission::kTooLate);
  EXPECT_EQ(queue.num_waiting(), 0U);
}

}  // namespace
}  // namespace assay::miner
