#include "history/text_table_internal.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay::history {

double percent_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0.0;
  return static_cast<double>(part) / static_cast<double>(whole) * 100;
}

std::string grouped_text(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  std::string digits = fmt::format("{:.0f}", value);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string number_or_dash(const std::optional<double>& value, int num_decimals) {
  return value ? fmt::format("{:.{}f}", *value, num_decimals) : "-";
}

std::string aligned_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], report::count_characters(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - report::count_characters(row[i]), ' ');
      if (i == 0) {
        text += row[i] + padding;
      } else {
        text += "  " + padding + row[i];
      }
    }
    text += '\n';
  }
  return text;
}

std::string banner(std::string_view title) {
  const std::string line(80, '=');
  return fmt::format("{}\n{}\n{}\n\n", line, title, line);
}

}  // namespace assay::history
