#include "app/history_alerts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace assay::app {
namespace {

std::vector<std::string> subjects_of(const std::vector<Alert>& alerts) {
  std::vector<std::string> subjects;
  for (const Alert& alert : alerts) {
    if (!alert.state.empty()) subjects.push_back(alert.subject);
  }
  return subjects;
}

TEST(AlertsOfARecorder, AreThoseThatHold) {
  recorder::RecorderStatus status;
  EXPECT_TRUE(subjects_of(alerts_of(status, "data")).empty());
  status.is_disk_low = true;
  status.is_queue_full = true;
  status.num_corrupt_lines = 3;
  status.trouble = "no space";
  const auto alerts = alerts_of(status, "data");
  EXPECT_EQ(subjects_of(alerts),
            (std::vector<std::string>{"derived_files", "queue_full", "disk_low", "corrupt_lines"}));
  EXPECT_EQ(alerts.back().state, "3");
  EXPECT_TRUE(alerts.back().message.contains("in data"));
}

// Else each start would say that they are mended, and a moment later that they are not.
TEST(AlertsOfARecorder, LeaveCorruptLinesOpenUntilAllWereLookedThrough) {
  const auto alerts = alerts_of(recorder::RecorderStatus(), "data");
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].subject, "corrupt_lines");
  EXPECT_EQ(alerts[0].state, "");
  recorder::RecorderStatus looked_through;
  looked_through.num_corrupt_lines = 0;
  EXPECT_TRUE(alerts_of(looked_through, "data").empty());
}

class AlertWatchTest : public ::testing::Test {
 protected:
  AlertWatch::Post post() {
    return [this](const std::vector<Alert>&, const std::stop_token&) -> Result<AlertOutcome> {
      if (++num_posts_ <= num_failures_) return unavailable("the book is in use");
      AlertOutcome outcome;
      outcome.num_posted = 1;
      return outcome;
    };
  }
  AlertWatch::Look look() {
    return [this] -> std::optional<std::vector<Alert>> {
      ++num_looks_;
      if (is_another_s_) return std::nullopt;
      std::vector<Alert> alerts;
      if (is_raised_) alerts.push_back({.subject = "s", .state = "raised", .message = "m"});
      return alerts;
    };
  }
  static constexpr AlertWatch::Options kQuick{.look_interval = std::chrono::milliseconds(1),
                                              .retry_interval = std::chrono::milliseconds(1)};
  // Generous: what is waited for takes a millisecond where nothing else runs.
  template <typename Condition>
  static bool comes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the watch has its own thread
    }
    return condition();
  }
  bool looks_again() {
    const int before = num_looks_;
    return comes([&] { return num_looks_ > before + 2; });
  }

  std::atomic<int> num_posts_ = 0;
  std::atomic<int> num_looks_ = 0;
  std::atomic<int> num_failures_ = 0;
  std::atomic<bool> is_raised_ = false;
  std::atomic<bool> is_another_s_ = false;
};

TEST_F(AlertWatchTest, PostsAtFirstAndWhenSomethingHasChanged) {
  AlertWatch watch(look(), post(), kQuick);
  EXPECT_TRUE(comes([&] { return num_posts_ == 1; }));
  EXPECT_TRUE(looks_again());
  EXPECT_EQ(num_posts_, 1);
  is_raised_ = true;
  EXPECT_TRUE(comes([&] { return num_posts_ == 2; }));
  is_raised_ = false;
  EXPECT_TRUE(comes([&] { return num_posts_ == 3; }));
}

TEST_F(AlertWatchTest, TriesAgainWhatFailed) {
  num_failures_ = 2;
  AlertWatch watch(look(), post(), kQuick);
  EXPECT_TRUE(comes([&] { return num_posts_ == 3; }));
  EXPECT_TRUE(looks_again());
  EXPECT_EQ(num_posts_, 3);
}

TEST_F(AlertWatchTest, IsSilentWhileAnotherProcessTells) {
  is_another_s_ = true;
  AlertWatch watch(look(), post(), kQuick);
  EXPECT_TRUE(looks_again());
  EXPECT_EQ(num_posts_, 0);
}

TEST_F(AlertWatchTest, TellsAtTheEndWhatItHasNotSeen) {
  AlertWatch watch(look(), post(), {.look_interval = std::chrono::hours(1)});
  EXPECT_TRUE(comes([&] { return num_posts_ == 1; }));
  is_raised_ = true;
  watch.finish({});
  EXPECT_EQ(num_posts_, 2);
}

TEST_F(AlertWatchTest, WhatIsBeingPostedAtTheEndIsPostedOnce) {
  std::atomic<bool> has_begun = false;
  std::atomic<int> num_arrived = 0;
  // Arrives at once, and would be given up when told to stop while the answer is awaited.
  const auto slow = [&](const std::vector<Alert>&,
                        const std::stop_token& stop) -> Result<AlertOutcome> {
    ++num_arrived;
    has_begun = true;
    for (int i = 0; i < 20 && !stop.stop_requested(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (stop.stop_requested()) return cancelled("no answer");
    return AlertOutcome{};
  };
  AlertWatch watch(look(), slow, kQuick);
  EXPECT_TRUE(comes([&] { return has_begun.load(); }));
  watch.finish({});
  EXPECT_EQ(num_arrived, 1);
}

}  // namespace
}  // namespace assay::app
