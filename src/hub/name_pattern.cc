#include "hub/name_pattern.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace assay::hub {

bool matches_pattern(std::string_view path, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::optional<std::pair<std::size_t, std::size_t>> star;  // where to go on when it takes one more
  while (at < path.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = {at, ++in_pattern};
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '?' || pattern[in_pattern] == path[at])) {
      ++at;
      ++in_pattern;
    } else if (star) {
      at = ++star->first;
      in_pattern = star->second;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

}  // namespace assay::hub
