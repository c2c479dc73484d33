#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>

namespace assay {
namespace {

TEST(ThreadPool, RunsEverythingSubmittedBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool({.num_threads = 3, .queue_capacity = 4});
    EXPECT_EQ(pool.num_threads(), 3U);
    for (int i = 0; i < 500; ++i) pool.submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 500);
}

TEST(ThreadPool, TakesTasksThatCannotBeCopied) {
  std::atomic<int> sum = 0;
  {
    ThreadPool pool({.num_threads = 1});
    pool.submit([value = std::make_unique<int>(7), &sum] { sum += *value; });
  }
  EXPECT_EQ(sum, 7);
}

TEST(ThreadPool, RefusesWhenFull) {
  std::binary_semaphore started(0);
  std::binary_semaphore release(0);
  ThreadPool pool({.num_threads = 1, .queue_capacity = 1});
  pool.submit([&] {
    started.release();
    release.acquire();
  });
  started.acquire();
  EXPECT_EQ(pool.try_submit([] {}), PushOutcome::kPushed);
  EXPECT_EQ(pool.try_submit([] {}), PushOutcome::kFull);
  release.release();
}

TEST(ThreadPoolDeathTest, AnExceptionInATaskIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ThreadPool pool({.num_threads = 1});
        pool.submit([] { throw std::runtime_error("from the task"); });
      },
      "from the task");
}

TEST(ParallelFor, CallsEachIndexOnce) {
  ThreadPool pool({.num_threads = 4});
  std::vector<std::atomic<int>> calls(1000);
  EXPECT_TRUE(parallel_for(pool, calls.size(), [&](std::size_t index) -> Status {
    ++calls[index];
    return {};
  }));
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_TRUE(parallel_for(pool, 0, [](std::size_t) -> Status { return internal("called"); }));
}

TEST(ParallelFor, TheErrorOfTheLowestIndexWins) {
  ThreadPool pool({.num_threads = 4});
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> calls = 0;
    const Status status = parallel_for(pool, 100'000, [&](std::size_t index) -> Status {
      ++calls;
      if (index == 3 || index == 4) return corrupt("item " + std::to_string(index));
      return {};
    });
    ASSERT_FALSE(status);
    // Index 3 is always handed out before 4, so its error is always among those seen.
    EXPECT_EQ(status.error().message, "item 3");
    EXPECT_LT(calls, 100'000);
  }
}

TEST(ParallelFor, AStopIsReportedAsCancelled) {
  ThreadPool pool({.num_threads = 2});
  std::stop_source stop;
  const Status status = parallel_for(
      pool, 1'000'000,
      [&](std::size_t index) -> Status {
        if (index == 10) stop.request_stop();
        return {};
      },
      stop.get_token());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

TEST(ParallelFor, NestsWithoutWaitingForItself) {
  ThreadPool pool({.num_threads = 2, .queue_capacity = 1});
  std::atomic<int> calls = 0;
  EXPECT_TRUE(parallel_for(pool, 8, [&](std::size_t) {
    return parallel_for(pool, 8, [&](std::size_t) -> Status {
      ++calls;
      return {};
    });
  }));
  EXPECT_EQ(calls, 64);
}

}  // namespace
}  // namespace assay
