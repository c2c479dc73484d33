#include "core/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace assay {
namespace {

TEST(BoundedQueue, GivesItemsInTheirOrder) {
  BoundedQueue<int> queue(3);
  EXPECT_EQ(queue.push(1), PushOutcome::kPushed);
  EXPECT_EQ(queue.push(2), PushOutcome::kPushed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_EQ(queue.try_push(std::make_unique<int>(1)), PushOutcome::kPushed);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(queue.try_push(std::move(second)), PushOutcome::kFull);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, PushWaitsForRoom) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::atomic<bool> pushed = false;
  std::jthread producer([&] {
    queue.push(2);
    pushed = true;
  });
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(BoundedQueue, CloseLetsTheQueuedOutAndNothingIn) {
  BoundedQueue<int> queue(2);
  queue.push(1);
  queue.close();
  EXPECT_EQ(queue.push(2), PushOutcome::kClosed);
  EXPECT_EQ(queue.try_push(2), PushOutcome::kClosed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, CloseWakesWhoWaits) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  full.push(1);
  std::jthread consumer([&] { EXPECT_EQ(empty.pop(), std::nullopt); });
  std::jthread producer([&] { EXPECT_EQ(full.push(2), PushOutcome::kClosed); });
  empty.close();
  full.close();
}

TEST(BoundedQueue, AStopWakesWhoWaits) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  full.push(1);
  std::stop_source stop;
  std::jthread consumer([&] { EXPECT_EQ(empty.pop(stop.get_token()), std::nullopt); });
  std::jthread producer([&] { EXPECT_EQ(full.push(2, stop.get_token()), PushOutcome::kStopped); });
  stop.request_stop();
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kProducers = 4;
  constexpr int kItems = 2000;
  BoundedQueue<int> queue(7);
  std::atomic<long> sum = 0;
  {
    std::vector<std::jthread> consumers;
    for (int i = 0; i < 3; ++i) {
      consumers.emplace_back([&] {
        while (const auto item = queue.pop()) sum += *item;
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < kProducers; ++i) {
        producers.emplace_back([&] {
          for (int item = 1; item <= kItems; ++item) queue.push(item);
        });
      }
    }
    queue.close();
  }
  EXPECT_EQ(sum, static_cast<long>(kProducers) * kItems * (kItems + 1) / 2);
}

}  // namespace
}  // namespace assay
