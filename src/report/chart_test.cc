#include "report/chart.h"

#include "report/chart_internal.h"
#include "report/testing/markup.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace assay::report {
namespace {

using testing::holds;
using testing::kHostile;

TEST(Axis, EndsAtARoundNumber) {
  EXPECT_EQ(round_up_to_step(0), 1);
  EXPECT_EQ(round_up_to_step(1), 1);
  EXPECT_EQ(round_up_to_step(3), 3);
  EXPECT_EQ(round_up_to_step(3.1), 4);
  EXPECT_EQ(round_up_to_step(51), 60);
  EXPECT_DOUBLE_EQ(round_up_to_step(0.13), 0.15);
  EXPECT_EQ(round_up_to_step(99), 100);
  EXPECT_EQ(round_up_to_step(std::numeric_limits<double>::infinity()), 1);
}

TEST(Axis, PositionsAreShort) {
  EXPECT_EQ(percent_position(0), "0%");
  EXPECT_EQ(percent_position(1), "100%");
  EXPECT_EQ(percent_position(1.0 / 3), "33.333%");
  EXPECT_EQ(percent_position(0.125), "12.5%");
}

TEST(BarChart, StacksTheSeriesInOrder) {
  const BarChart chart = {.text = {"Jobs", "What it shows"},
                          .series = {{"missing", Tone::kBad}, {"fine", Tone::kMuted}},
                          .rows = {{"a", {1, 3}, "4"}, {"b", {0, 2}, "2"}}};
  const Html html = render(chart);
  EXPECT_TRUE(holds(html, "<rect class=\"bad\" x=\"0%\" width=\"25%\""));
  EXPECT_TRUE(holds(html, "<rect class=\"muted\" x=\"25%\" width=\"75%\""));
  EXPECT_TRUE(holds(html, "<rect class=\"muted\" x=\"0%\" width=\"50%\""));
  EXPECT_TRUE(holds(html, "role=\"img\" aria-label=\"What it shows\""));
  EXPECT_TRUE(holds(html, "<span class=\"bad\">missing</span>"));
}

TEST(BarChart, ZeroesAndNothingAtAllDrawNoBar) {
  BarChart chart = {.text = {"t", "d"}, .series = {{"s"}}, .rows = {{"a", {0}, "0"}}};
  EXPECT_FALSE(holds(render(chart), "<rect"));
  chart.rows.clear();
  EXPECT_FALSE(holds(render(chart), "<rect"));
}

TEST(ColumnChart, DrawsColumnsFromTheBottom) {
  const ColumnChart chart = {.text = {"Hours", "By hour"},
                             .series = {{"missing", Tone::kBad}},
                             .columns = {{"00:00", {5}}, {"01:00", {10}}},
                             .ticks = {{0, "27 Oct"}, {1, "28 Oct"}}};
  const Html html = render(chart);
  EXPECT_TRUE(holds(html, "<title>Hours</title><desc>By hour</desc>"));
  EXPECT_TRUE(holds(html, "<title>00:00</title><rect class=\"bad\" x=\"4%\" y=\"89.00\""));
  EXPECT_TRUE(holds(html, "height=\"150.00\""));
  EXPECT_TRUE(holds(html, ">27 Oct</text>"));
}

TEST(ColumnChart, HoldsWithoutColumns) {
  EXPECT_TRUE(holds(render(ColumnChart{.text = {"t", "d"}, .series = {{"s"}}}), "<svg"));
}

TEST(IntervalChart, PlacesIntervalsAndTheReference) {
  const IntervalChart chart = {.text = {"Rates", "d"},
                               .reference_label = "tolerated",
                               .reference = 0.05,
                               .rows = {{"a", 0.1, 0.25, 0.5, "p", Tone::kBad}}};
  const Html html = render(chart);
  EXPECT_TRUE(holds(html, "<line class=\"reference\" x1=\"10%\""));
  EXPECT_TRUE(holds(html, "<line x1=\"20%\" x2=\"100%\""));
  EXPECT_TRUE(holds(html, "<circle cx=\"50%\""));
  EXPECT_TRUE(holds(html, ">50.0\u00a0%</text>"));
}

TEST(IntervalChart, WhatLiesOutsideIsDrawnAtTheEdge) {
  const IntervalChart chart = {
      .text = {"Rates", "d"}, .reference_label = {}, .rows = {{"a", -1, 0.5, 7, "", Tone::kBad}}};
  EXPECT_TRUE(holds(render(chart), "<line x1=\"0%\" x2=\"100%\""));
}

TEST(Charts, EscapeLabels) {
  const ChartText text = {kHostile, kHostile};
  EXPECT_FALSE(holds(
      render(BarChart{text, {{kHostile}, {kHostile}}, {{kHostile, {1, 2}, kHostile}}}), "<script"));
  EXPECT_FALSE(holds(render(ColumnChart{text, {{kHostile}}, {{kHostile, {1}}}, {{0, kHostile}}}),
                     "<script"));
  EXPECT_FALSE(holds(render(IntervalChart{text, kHostile, 0.1, {{kHostile, 0, 0, 1, kHostile}}}),
                     "<script"));
}

}  // namespace
}  // namespace assay::report
