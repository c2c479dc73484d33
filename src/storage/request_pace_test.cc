#include "storage/request_pace_internal.h"

#include <gtest/gtest.h>

namespace assay::storage {
namespace {

using namespace std::chrono_literals;
using Time = RequestPace::Time;

/// Starts requests as fast as the pace allows until `end`; returns how many.
std::size_t start_until(RequestPace& pace, Time& now, Time end) {
  std::size_t started = 0;
  while (now < end) {
    const Time next = pace.next_start(now);
    if (next > now) {
      now = next;
      continue;
    }
    pace.started();
    ++started;
  }
  return started;
}

TEST(RequestPace, WithoutLimitsNeverWaits) {
  RequestPace pace({}, 5s);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(pace.next_start(5s), 5s);
    pace.started();
  }
  EXPECT_EQ(pace.window(), 256U);
}

TEST(RequestPace, HoldsTheUsersLimit) {
  RequestPace pace({.requests_per_second = 100.0}, 0s);
  Time now = 0s;
  const std::size_t started = start_until(pace, now, 10s);
  EXPECT_NEAR(static_cast<double>(started), 1000, 3);
}

TEST(RequestPace, AnIdleSpellDoesNotSaveUpABurst) {
  RequestPace pace({.requests_per_second = 100.0}, 0s);
  Time now = 60s;
  EXPECT_LE(start_until(pace, now, 61s), 102U);
}

TEST(RequestPace, SlowRatesStillStartAtOnce) {
  RequestPace pace({.requests_per_second = 0.5}, 0s);
  EXPECT_EQ(pace.next_start(0s), Time(0s));
  pace.started();
  EXPECT_NEAR(std::chrono::duration<double>(pace.next_start(0s)).count(), 2, 0.001);
}

TEST(RequestPace, TheRampAtMostDoublesInItsTime) {
  RequestPace pace({.ramp_start = 50.0, .ramp_doubling = 100s}, 0s);
  Time now = 0s;
  const auto first = static_cast<double>(start_until(pace, now, 1s));
  EXPECT_NEAR(first, 50, 2);
  start_until(pace, now, 100s);
  EXPECT_NEAR(static_cast<double>(start_until(pace, now, 101s)), 100, 2);
  start_until(pace, now, 200s);
  EXPECT_NEAR(static_cast<double>(start_until(pace, now, 201s)), 200, 3);
}

TEST(RequestPace, FewThrottledAnswersSlowNothingDown) {
  RequestPace pace({}, 0s);
  for (int i = 0; i < 3; ++i) pace.answered_throttled(1s, std::nullopt);
  EXPECT_EQ(pace.window(), 256U);
  RequestPace busy({}, 0s);
  for (int i = 0; i < 5000; ++i) {
    busy.answered_well();
    if (i % 50 == 0) busy.answered_throttled(1s, std::nullopt);
  }
  EXPECT_EQ(busy.window(), 256U);
}

TEST(RequestPace, ManyThrottledAnswersHalveTheWindowOnceAndPause) {
  RequestPace pace({}, 0s);
  for (int i = 0; i < 100; ++i) pace.answered_throttled(1s, std::nullopt);
  EXPECT_EQ(pace.window(), 128U);
  EXPECT_GT(pace.next_start(1s), Time(1s));
  for (int i = 0; i < 100; ++i) pace.answered_throttled(3s, 7s);
  EXPECT_EQ(pace.window(), 64U);
  EXPECT_EQ(pace.next_start(3s), Time(10s));
}

TEST(RequestPace, TheWindowNeverFallsBelowOneAndGrowsBack) {
  RequestPace pace({.max_in_flight = 8}, 0s);
  for (int i = 0; i < 1000; ++i) pace.answered_throttled(1s * i, std::nullopt);
  EXPECT_EQ(pace.window(), 1U);
  for (int i = 0; i < 100; ++i) pace.answered_well();
  EXPECT_EQ(pace.window(), 8U);
}

TEST(RequestPace, AnAbsurdRetryAfterIsBounded) {
  RequestPace pace({}, 0s);
  for (int i = 0; i < 10; ++i) pace.answered_throttled(2s, 100h);
  EXPECT_LE(pace.next_start(2s), Time(62s));
}

}  // namespace
}  // namespace assay::storage
