/// \file
/// Letters of ASCII in lower case, whatever the locale.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace assay::net {

inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), to_lower);
  return lowered;
}

}  // namespace assay::net
