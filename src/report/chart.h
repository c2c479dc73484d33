/// \file
/// Charts of words and inline SVG: nothing is loaded, and text keeps its size at every width.
///
/// Each chart has a title, and a description that says in words what it shows: it is read aloud in
/// place of the drawing. The figures themselves belong in a table beside the chart.

#pragma once

#include "report/blocks.h"
#include "report/html.h"

#include <cstddef>
#include <string>
#include <vector>

namespace assay::report {

struct ChartText {
  std::string title = {};
  std::string description = {};
};

/// One part of each bar, in the order in which the parts are stacked.
struct Series {
  std::string name = {};
  Tone tone = Tone::kNeutral;
};

struct BarRow {
  std::string label = {};
  std::vector<double> values = {};  ///< One for each series, none negative.
  std::string note = {};            ///< At the end of the bar; may be empty.
};

/// Horizontal bars, one a category.
struct BarChart {
  ChartText text = {};
  std::vector<Series> series = {};
  std::vector<BarRow> rows = {};
};

/// Pre: each row has a value for each series.
Html render(const BarChart& chart);

struct ChartColumn {
  std::string label = {};           ///< What the column stands for, shown when pointed at.
  std::vector<double> values = {};  ///< One for each series, none negative.
};

struct Tick {
  std::size_t column = 0;
  std::string label = {};
};

/// Columns over time, all of one width.
struct ColumnChart {
  ChartText text = {};
  std::vector<Series> series = {};
  std::vector<ChartColumn> columns = {};
  /// Labels below the columns, in order; few enough for a narrow screen.
  std::vector<Tick> ticks = {};
};

/// Pre: each column has a value for each series; ticks name columns that exist.
Html render(const ColumnChart& chart);

struct IntervalRow {
  std::string label = {};
  double lower = 0;
  double estimate = 0;
  double upper = 0;
  std::string note = {};  ///< At the end of the row: the estimate and its p-value, say.
  Tone tone = Tone::kNeutral;
};

/// Estimates of shares with their intervals, one above the other, against a reference (a forest
/// plot).
struct IntervalChart {
  ChartText text = {};
  std::string reference_label = {};
  double reference = 0;
  std::vector<IntervalRow> rows = {};
};

/// Units: shares in [0, 1]; what lies outside is drawn at the edge.
Html render(const IntervalChart& chart);

}  // namespace assay::report
