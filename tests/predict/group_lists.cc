// Groups lists of names as `assay predict group --mode compat` does: many lists in one process, for
// a comparison with another implementation.
//
// stdin:  for each list a line `GAP_SECONDS LOOKAHEAD MIN_SIZE NUM_NAMES`, then its names, a line
// each. stdout: for each list a line `NUM_GROUPS`, then each group as a line, names separated by
// tabs.

#include "grouping/grouping.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

int main() {
  std::ios::sync_with_stdio(false);
  long gap_seconds = 0;
  std::size_t lookahead = 0;
  std::size_t min_size = 0;
  std::size_t num_names = 0;
  while (std::cin >> gap_seconds >> lookahead >> min_size >> num_names) {
    std::string line;
    std::getline(std::cin, line);
    std::vector<std::string> names(num_names);
    for (std::string& name : names) std::getline(std::cin, name);
    const auto grouping =
        assay::grouping::group_images(names, {.mode = assay::grouping::GroupingMode::kCompat,
                                              .time_gap = std::chrono::seconds(gap_seconds),
                                              .lookahead = lookahead,
                                              .min_group_size = min_size});
    fmt::print("{}\n", grouping.groups.size());
    for (const auto& group : grouping.groups) {
      std::string text;
      for (const std::size_t image : group) text += (text.empty() ? "" : "\t") + names[image];
      fmt::print("{}\n", text);
    }
  }
  return 0;
}
