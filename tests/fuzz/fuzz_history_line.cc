/// \file
/// Fuzzes the scan of history lines: whatever the line, it must read what the exact parser reads.

#include "core/check.h"
#include "fuzz_target.h"
#include "json/line_scan.h"
#include "json/testing/tree_scan.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <string>
#include <string_view>

FUZZ_TARGET(history_line) {
  // Few and short names, so that chance meets them.
  constexpr std::array<std::string_view, 7> kPaths = {
      "metadata.timestamp", "metadata", "a", "a.b", "a.c.d", "generation.timing", "b"};
  const std::string_view lines(reinterpret_cast<const char*>(data), size);
  assay::json::LineScan scan(kPaths);
  // The second time the order of the names is known and the shape of the line, the third the
  // settings in it.
  for (int i = 0; i < 3; ++i) {
    for (const auto part : std::views::split(lines, '\n')) {
      std::string text(part.begin(), part.end());
      const std::size_t line_size = text.size();
      // Digits behind the line show a number that is read beyond its end.
      text.append(assay::json::LineScan::kPadding, '1');
      const auto difference =
          assay::json::testing::find_disagreement(scan, kPaths, {text.data(), line_size});
      CHECK(!difference, *difference);
    }
  }
  return 0;
}
