#include "net/handler_pool_internal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace assay::net::http_server {
namespace {

TEST(HandlerPool, RunsAllThatWasSubmittedBeforeItEnds) {
  std::atomic<int> num_run = 0;
  {
    HandlerPool pool(4);
    for (int i = 0; i < 1000; ++i) pool.submit([&] { ++num_run; });
  }
  EXPECT_EQ(num_run, 1000);
}

TEST(HandlerPool, AsManyTasksWaitAtOnceAsThereMayBeThreads) {
  constexpr int kThreads = 5;
  std::latch all_there(kThreads);
  HandlerPool pool(kThreads);
  // Each of them needs all others: with a thread less none would end.
  for (int i = 0; i < kThreads; ++i) pool.submit([&] { all_there.arrive_and_wait(); });
  all_there.wait();
}

TEST(HandlerPool, WhatFindsNoThreadBeginsWhenOneIsFree) {
  std::latch release(1);
  std::latch done(3);
  HandlerPool pool(1);
  pool.submit([&] {
    release.wait();
    done.count_down();
  });
  std::vector<int> order;
  for (const int number : {1, 2}) {
    pool.submit([&, number] {
      order.push_back(number);
      done.count_down();
    });
  }
  release.count_down();
  done.wait();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(HandlerPool, OneTaskAfterAnotherNeedsNoManyThreads) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  HandlerPool pool(32);
  for (int i = 0; i < 200; ++i) {
    std::latch done(1);
    pool.submit([&] {
      {
        const std::scoped_lock lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      done.count_down();
    });
    done.wait();
  }
  // The next task may come while the thread of the last has not gone idle yet.
  EXPECT_LE(threads.size(), 3U);
}

TEST(HandlerPool, SubmittedFromManyThreadsNothingIsLost) {
  std::atomic<int> num_run = 0;
  {
    HandlerPool pool(3);
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < 4; ++sender) {
      senders.emplace_back([&] {
        for (int i = 0; i < 500; ++i) pool.submit([&] { ++num_run; });
      });
    }
    senders.clear();
    pool.join();
    EXPECT_EQ(num_run, 2000);
  }
}

}  // namespace
}  // namespace assay::net::http_server
