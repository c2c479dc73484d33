/// \file
/// A table of typed cells, which the reader can sort and search.

#pragma once

#include "report/blocks.h"
#include "report/html.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace assay::report {

enum class ColumnKind {
  kName,    ///< A name from outside: monospaced, cut by the style where there is no room.
  kText,    ///< Words on one line, to the left.
  kWords,   ///< A few words, on several lines where the screen is narrow.
  kProse,   ///< Words that may run over several lines.
  kNumber,  ///< To the right, with digits of one width.
};

struct Column {
  std::string header = {};
  ColumnKind kind = ColumnKind::kText;
  /// What the figures mean, shown when the reader points at the header; may be empty.
  std::string help = {};
};

/// One cell. Made by the functions below.
struct Cell {
  static constexpr double kSortsByText = std::numeric_limits<double>::quiet_NaN();

  Html content = {};
  /// Where it sorts when its text does not say it; kSortsByText when its text does.
  double sort_value = kSortsByText;
  Tone tone = Tone::kNeutral;
  /// Shown in full when the reader points at the cell, whose text the style may cut short.
  std::string hover = {};
};

Cell name_cell(std::string_view name);
Cell text_cell(std::string_view text, Tone tone = Tone::kNeutral);
Cell html_cell(Html content);
Cell count_cell(std::uint64_t count, Tone tone = Tone::kNeutral);
Cell share_cell(double share, Tone tone = Tone::kNeutral);
Cell ratio_cell(double ratio, Tone tone = Tone::kNeutral);
Cell p_value_cell(double p_value, Tone tone = Tone::kNeutral);
/// A dash: there is no value. Sorts last.
Cell absent_cell();

struct Table {
  /// Says what the rows are, to those who hear the page; and on what opens a folded table.
  std::string caption = {};
  std::vector<Column> columns = {};
  std::vector<std::vector<Cell>> rows = {};
  /// A longer table is folded until the reader opens it.
  std::size_t max_open_rows = 80;
  /// Shown in place of a table without rows.
  std::string empty_text = "Nothing to show.";
};

/// Pre: each row has a cell for each column.
Html render(const Table& table);

}  // namespace assay::report
