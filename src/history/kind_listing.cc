#include "history/kind_listing_internal.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>

namespace assay::history {

std::string listing_text(const KindText& kind, std::uint64_t count,
                         const std::vector<Listed>& listed) {
  constexpr std::size_t kMaxShown = 10;
  const auto shown = std::span(listed).first(std::min(listed.size(), kMaxShown));
  std::string text;
  for (const Listed& one : shown) {
    fmt::format_to(std::back_inserter(text), "  {}{}{}\n", report::visible_text(one.path),
                   one.detail.empty() ? "" : "  ", report::visible_text(one.detail));
  }
  if (count > shown.size()) {
    fmt::format_to(std::back_inserter(text), "  and {} more\n",
                   report::count_text(count - shown.size()));
  }
  fmt::format_to(std::back_inserter(text), "  {}\n", kind.advice);
  return text;
}

}  // namespace assay::history
