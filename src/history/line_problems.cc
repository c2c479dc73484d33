#include "history/analyze_text.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>

namespace assay::history {
namespace {

struct Kind {
  std::uint64_t count;
  std::string_view name;
};

std::string list_of(std::initializer_list<Kind> kinds) {
  std::string text;
  for (const Kind& kind : kinds) {
    if (kind.count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind.count, kind.name);
  }
  return text;
}

}  // namespace

std::string line_problems_text(const record_reading::LineCounts& lines) {
  const std::string lost = list_of({{lines.num_bad_json, "not JSON"},
                                    {lines.num_bad_utf8, "not UTF-8"},
                                    {lines.num_no_object, "no object"},
                                    {lines.num_too_long, "too long"},
                                    {lines.num_duplicate, "of an id that came before"}});
  const std::string read =
      list_of({{lines.num_nan, "with NaN or infinity"},
               {lines.num_big_integer, "with an integer over 64 bits"},
               {lines.num_lone_surrogate, "with a lone surrogate"},
               {lines.num_bad_timestamp, "with a bad timestamp"},
               {lines.num_no_offset, "with a time without offset, taken as UTC"},
               {lines.num_missing_section, "with a missing or null section"}});
  std::string text;
  if (!lost.empty()) text = "lines left out: " + lost;
  if (!read.empty()) text += (text.empty() ? "" : "; ") + ("lines read all the same: " + read);
  return text;
}

std::uint64_t count_line_problems(const record_reading::LineCounts& lines) {
  return lines.num_lost() + lines.num_nan + lines.num_big_integer + lines.num_lone_surrogate +
         lines.num_bad_timestamp + lines.num_missing_section;
}

}  // namespace assay::history
