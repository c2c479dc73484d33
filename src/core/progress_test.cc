#include "core/progress.h"

#include "core/testing/fake_clock.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace assay {
namespace {

using namespace std::chrono_literals;

class ProgressTest : public ::testing::Test {
 protected:
  ProgressOptions options(ProgressStyle style) {
    return {.style = style, .sink = [this](std::string_view text) { shown_.emplace_back(text); }};
  }

  testing::FakeClock clock_;
  std::vector<std::string> shown_;
};

TEST_F(ProgressTest, WithoutATerminalALineStandsEachInterval) {
  ProgressOptions lines = options(ProgressStyle::kLines);
  lines.total = 1000;
  lines.unit = "objects";
  Progress progress("verify", clock_, lines);
  progress.advance(100);
  EXPECT_TRUE(shown_.empty());
  clock_.advance(30s);
  progress.set_note("98 present, 2 absent");
  progress.advance(200);
  ASSERT_EQ(shown_.size(), 1U);
  EXPECT_EQ(shown_[0], "verify: 30% 300/1,000 objects, 10/s, 1m 10s left; 98 present, 2 absent\n");
  clock_.advance(29s);
  progress.advance();
  EXPECT_EQ(shown_.size(), 1U);
  clock_.advance(1s);
  progress.advance(0);
  EXPECT_EQ(shown_.size(), 2U);
}

TEST_F(ProgressTest, OnATerminalTheBarIsDrawnTenTimesASecondAtMost) {
  ProgressOptions bar = options(ProgressStyle::kBar);
  bar.total = 200;
  Progress progress("read", clock_, bar);
  for (int i = 0; i < 100; ++i) {
    progress.advance();
    clock_.advance(10ms);
  }
  EXPECT_EQ(shown_.size(), 10U);
  EXPECT_EQ(shown_.back(), "\r\x1b[Kread: [#########           ] 45% 91/200 items, 101/s, 2s left");
}

TEST_F(ProgressTest, TheBarNeverWraps) {
  ProgressOptions bar = options(ProgressStyle::kBar);
  bar.width = 30;
  Progress progress("read", clock_, bar);
  progress.set_note("ééééééééééééééééééééééééééééééééé");
  progress.advance();
  ASSERT_EQ(shown_.size(), 1U);
  EXPECT_EQ(shown_[0], "\r\x1b[Kread: 1 items, 0.0/s; éééééééé");
}

TEST_F(ProgressTest, WhatAnEarlierRunDidIsCountedButNotInTheRate) {
  ProgressOptions lines = options(ProgressStyle::kLines);
  lines.total = 1000;
  lines.already_done = 700;
  Progress progress("verify", clock_, lines);
  clock_.advance(30s);
  progress.advance(30);
  EXPECT_EQ(shown_.at(0), "verify: 73% 730/1,000 items, 1.0/s, 4m 30s left\n");
}

TEST_F(ProgressTest, FinishTellsTheWholeOnce) {
  {
    Progress progress("read", clock_, options(ProgressStyle::kLines));
    progress.advance(1'234'560);
    clock_.advance(40s);
    progress.finish();
    clock_.advance(60s);
    progress.advance();
  }
  ASSERT_EQ(shown_.size(), 1U);
  EXPECT_EQ(shown_[0], "read: 1,234,560 items in 40s, 30,864/s\n");
}

TEST_F(ProgressTest, ShortWorkLeavesNothingInALog) {
  {
    Progress progress("read", clock_, options(ProgressStyle::kLines));
    progress.advance(5);
    clock_.advance(29s);
  }
  EXPECT_TRUE(shown_.empty());
}

TEST_F(ProgressTest, TheRateFollowsAChange) {
  ProgressOptions lines = options(ProgressStyle::kLines);
  Progress progress("read", clock_, lines);
  for (int i = 0; i < 4; ++i) {
    clock_.advance(30s);
    progress.advance(30'000);
  }
  for (int i = 0; i < 8; ++i) {
    clock_.advance(30s);
    progress.advance(30);
  }
  EXPECT_EQ(shown_.at(3), "read: 120,000 items, 1,000/s\n");
  EXPECT_NE(shown_.at(11).find(", 1.0/s"), std::string::npos) << shown_.at(11);
}

TEST_F(ProgressTest, QuietShowsNothing) {
  {
    Progress progress("read", clock_, options(ProgressStyle::kQuiet));
    progress.advance();
    clock_.advance(60s);
    progress.advance();
  }
  EXPECT_TRUE(shown_.empty());
}

TEST_F(ProgressTest, AnEmptyWorkIsWhole) {
  ProgressOptions bar = options(ProgressStyle::kBar);
  bar.total = 0;
  Progress progress("read", clock_, bar);
  progress.advance(0);
  EXPECT_NE(shown_.at(0).find("100% 0/0"), std::string::npos);
}

TEST_F(ProgressTest, CountsFromManyThreads) {
  ProgressOptions bar = options(ProgressStyle::kBar);
  bar.bar_interval = 0ms;
  Progress progress("read", clock_, bar);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 10'000; ++k) progress.advance();
      });
    }
  }
  EXPECT_EQ(progress.done(), 40'000U);
}

}  // namespace
}  // namespace assay
