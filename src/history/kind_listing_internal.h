/// \file
/// How reports list what they found: by kind, each with what to do about it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// A kind of what is listed.
struct KindText {
  std::string_view name;    ///< In the JSON form.
  std::string_view title;   ///< For people, of all that are of this kind.
  std::string_view advice;  ///< A sentence or more: what to do about them.
};

/// Where one was found, and its facts, perhaps none.
struct Listed {
  std::string_view path;
  std::string_view detail;
};

/// The members of `all` that are of `kind`, in their order. Lifetime: views into `all`.
template <typename Members, typename Kind>
std::vector<Listed> listed_of(const Members& all, Kind kind) {
  std::vector<Listed> listed;
  for (const auto& member : all) {
    if (member.kind == kind) listed.push_back({.path = member.path, .detail = member.detail});
  }
  return listed;
}

/// The lines below the title of a kind: the first of `listed`, how many more of the `count` there
/// are, and the advice.
std::string listing_text(const KindText& kind, std::uint64_t count,
                         const std::vector<Listed>& listed);

}  // namespace assay::history
