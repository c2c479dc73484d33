#include "report/table.h"

#include "core/check.h"
#include "report/blocks_internal.h"
#include "report/html_internal.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace assay::report {
namespace {

std::string_view column_class(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kName:
      return "name";
    case ColumnKind::kNumber:
      return "number";
    case ColumnKind::kProse:
      return "prose";
    case ColumnKind::kWords:
      return "words";
    case ColumnKind::kText:
      break;
  }
  return "text";
}

void append_header(std::string& markup, const Table& table) {
  markup += "<thead><tr>";
  for (const Column& column : table.columns) {
    const std::string help =
        column.help.empty() ? "" : fmt::format(" title=\"{}\"", escape(column.help));
    fmt::format_to(std::back_inserter(markup), R"(<th scope="col" class="{}"{}>{}</th>)",
                   column_class(column.kind), help, escape(column.header));
  }
  markup += "</tr></thead>\n";
}

void append_cell(std::string& markup, const Column& column, const Cell& cell) {
  markup += "<td class=\"";
  markup += column_class(column.kind);
  if (cell.tone != Tone::kNeutral) {
    markup += ' ';
    markup += tone_class(cell.tone);
  }
  markup += '"';
  if (!std::isnan(cell.sort_value)) {
    fmt::format_to(std::back_inserter(markup), " data-sort=\"{}\"", cell.sort_value);
  }
  if (!cell.hover.empty()) {
    fmt::format_to(std::back_inserter(markup), " title=\"{}\"", escape(cell.hover));
  }
  markup += '>';
  markup += cell.content.markup();
  markup += "</td>";
}

}  // namespace

Cell name_cell(std::string_view name) {
  return {.content = Html::text(name), .hover = std::string(name)};
}

Cell text_cell(std::string_view text, Tone tone) {
  return {.content = Html::text(text), .tone = tone};
}

Cell html_cell(Html content) { return {.content = std::move(content)}; }

Cell count_cell(std::uint64_t count, Tone tone) {
  return {.content = Html::text(count_text(count)), .tone = tone};
}

Cell share_cell(double share, Tone tone) {
  return {.content = Html::text(share_text(share)), .sort_value = share, .tone = tone};
}

Cell ratio_cell(double ratio, Tone tone) {
  return {.content = Html::text(ratio_text(ratio)), .sort_value = ratio, .tone = tone};
}

Cell p_value_cell(double p_value, Tone tone) {
  return {.content = Html::text(p_value_text(p_value)), .sort_value = p_value, .tone = tone};
}

Cell absent_cell() { return {.content = Html("–"), .tone = Tone::kMuted}; }

Html render(const Table& table) {
  if (table.rows.empty()) {
    return HtmlBuilder::from_markup(
        fmt::format("<p class=\"empty\">{}</p>\n", escape(table.empty_text)));
  }
  // The box scrolls, not the page; it takes the focus so that the keyboard can scroll it too.
  std::string markup = fmt::format(
      "<div class=\"table-box\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\">"
      "<table><caption>{0}</caption>\n",
      escape(table.caption));
  append_header(markup, table);
  markup += "<tbody>\n";
  for (const auto& row : table.rows) {
    CHECK(row.size() == table.columns.size(), "a row without a cell for each column");
    markup += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) append_cell(markup, table.columns[i], row[i]);
    markup += "</tr>\n";
  }
  markup += "</tbody></table></div>\n";
  Html html = HtmlBuilder::from_markup(std::move(markup));
  if (table.rows.size() <= table.max_open_rows) return html;
  return folded(fmt::format("{}: {} rows", table.caption, count_text(table.rows.size())), html);
}

}  // namespace assay::report
