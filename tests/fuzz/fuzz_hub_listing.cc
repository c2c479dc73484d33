/// \file
/// Fuzzes what a hub answers: listings, links to the next page, tags and ranges.

#include "core/check.h"
#include "fuzz_target.h"
#include "hub/hub_answer_internal.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

FUZZ_TARGET(hub_listing) {
  using namespace assay::hub;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto files = parse_listing(text)) {
    for (const HubFile& file : *files) {
      const std::filesystem::path path(file.path);
      CHECK(path.is_relative() && path.lexically_normal() == path, "a path stays in its folder");
      CHECK(!file.object.empty(), "each content has a name");
    }
  }
  if (const auto next = next_page(text)) CHECK(text.contains(*next), "an address of the header");
  CHECK(plain_etag(text).size() <= text.size(), "quotes only go");
  begins_at(text, 7);
  return 0;
}
