#include "report/table.h"

#include "report/testing/markup.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace assay::report {
namespace {

using testing::holds;

Table miners() {
  Table table;
  table.caption = "Miners";
  table.columns = {{.header = "Hotkey", .kind = ColumnKind::kName},
                   {.header = "Jobs", .kind = ColumnKind::kNumber, .help = "All rows"}};
  return table;
}

TEST(Table, ShowsHeadersAndCells) {
  Table table = miners();
  table.rows = {{name_cell("5Grw"), count_cell(1234, Tone::kBad)}};
  const Html html = render(table);
  EXPECT_TRUE(holds(html, "<th scope=\"col\" class=\"number\" title=\"All rows\">Jobs</th>"));
  EXPECT_TRUE(holds(html, "<td class=\"name\" title=\"5Grw\">5Grw</td>"));
  EXPECT_TRUE(holds(html, "<td class=\"number bad\">1,234</td>"));
  EXPECT_FALSE(holds(html, "<details"));
}

TEST(Table, EscapesHostileNames) {
  Table table = miners();
  table.caption = "\"><img src=x>";
  table.rows = {{name_cell("x\" onmouseover=\"alert(1)"), text_cell("<b>")}};
  const Html html = render(table);
  EXPECT_FALSE(holds(html, "<img"));
  EXPECT_FALSE(holds(html, "\" onmouseover"));
  EXPECT_FALSE(holds(html, "<b>"));
}

TEST(Table, GivesTheValueWhereTheTextDoesNotSort) {
  Table table = miners();
  table.rows = {{name_cell("a"), p_value_cell(0)}, {name_cell("b"), share_cell(0.0001)}};
  const Html html = render(table);
  EXPECT_TRUE(holds(html, "data-sort=\"0\">&lt;1e-300<"));
  EXPECT_TRUE(holds(html, "data-sort=\"0.0001\">&lt;0.1"));
}

TEST(Table, AbsentAndImpossibleValuesAreDashes) {
  Table table = miners();
  table.rows = {{name_cell("a"), absent_cell()},
                {name_cell("b"), ratio_cell(std::numeric_limits<double>::quiet_NaN())}};
  const Html html = render(table);
  EXPECT_TRUE(holds(html, "<td class=\"number muted\">–</td>"));
  EXPECT_TRUE(holds(html, "<td class=\"number\">–</td>"));
}

TEST(Table, SaysWhenThereIsNothing) {
  Table table = miners();
  table.empty_text = "No <miners>.";
  EXPECT_EQ(render(table).markup(), "<p class=\"empty\">No &lt;miners&gt;.</p>\n");
}

TEST(Table, FoldsWhatIsLong) {
  Table table = miners();
  table.max_open_rows = 2;
  for (int i = 0; i < 3; ++i) table.rows.push_back({name_cell("a"), count_cell(1)});
  EXPECT_TRUE(holds(render(table), "<details><summary>Miners: 3 rows</summary>"));
}

TEST(TableDeathTest, ARowWithoutACellForEachColumnIsOurBug) {
  Table table = miners();
  table.rows = {{name_cell("a")}};
  EXPECT_DEATH(render(table), "a row without a cell");
}

}  // namespace
}  // namespace assay::report
