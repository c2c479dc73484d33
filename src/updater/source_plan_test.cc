#include "updater/source_plan.h"

#include <gtest/gtest.h>

namespace assay::updater {
namespace {

using cache::Label;

TEST(SourcePlan, SharesByWeight) {
  const std::vector<SourceStock> sources = {{.weight = 3}, {.weight = 1}};
  const auto plan = plan_sources(sources, {{Label::kRoadwork, 40}, {Label::kNone, 8}});
  EXPECT_EQ(plan[0], (ImageCounts{{Label::kRoadwork, 30}, {Label::kNone, 6}}));
  EXPECT_EQ(plan[1], (ImageCounts{{Label::kRoadwork, 10}, {Label::kNone, 2}}));
}

TEST(SourcePlan, TheEmptyOneIsFilledFirst) {
  const std::vector<SourceStock> sources = {
      {.stock = {{Label::kNone, 10}}, .num_held = 10}, {}, {.weight = 2}};
  const auto plan = plan_sources(sources, {{Label::kNone, 9}});
  EXPECT_TRUE(plan[0].empty());
  EXPECT_EQ(plan[1], (ImageCounts{{Label::kNone, 3}}));
  EXPECT_EQ(plan[2], (ImageCounts{{Label::kNone, 6}}));
  EXPECT_EQ(order_of_sources(sources), (std::vector<std::size_t>{1, 2, 0}));
}

TEST(SourcePlan, ACapBindsAndTheOthersFillIn) {
  const std::vector<SourceStock> sources = {
      {.weight = 100, .cap = 12, .num_held = 8}, {.out = {Label::kNone, Label::kRoadwork}}, {}};
  const auto plan = plan_sources(sources, {{Label::kRoadwork, 10}, {Label::kNone, 10}});
  EXPECT_EQ(plan[0], (ImageCounts{{Label::kRoadwork, 2}, {Label::kNone, 2}}));
  EXPECT_TRUE(plan[1].empty());
  EXPECT_EQ(plan[2], (ImageCounts{{Label::kRoadwork, 8}, {Label::kNone, 8}}));
}

TEST(SourcePlan, WhatNobodyMayGiveIsLeftOut) {
  const std::vector<SourceStock> sources = {{.cap = 3}, {.cap = 1}};
  const auto plan = plan_sources(sources, {{Label::kNone, 10}});
  EXPECT_EQ(plan[0], (ImageCounts{{Label::kNone, 3}}));
  EXPECT_EQ(plan[1], (ImageCounts{{Label::kNone, 1}}));
  EXPECT_TRUE(plan_sources({}, {{Label::kNone, 10}}).empty());
}

}  // namespace
}  // namespace assay::updater
