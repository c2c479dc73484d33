/// \file
/// Which objects lie so close together that listing them may need fewer requests than asking for
/// each.

#pragma once

#include "storage/object_address.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace assay::storage {

/// Objects that one listing may answer.
/// Lifetime: views into the addresses.
struct PrefixGroup {
  AddressScheme scheme = AddressScheme::kGcs;
  std::string_view bucket;
  std::string_view prefix;  ///< Empty, or ends in a slash.
  /// Indices of the addresses. Order: by name.
  std::vector<std::uint32_t> wanted;
};

struct ListPlan {
  std::vector<PrefixGroup> groups;
  /// Indices of the addresses to ask for one by one.
  std::vector<std::uint32_t> singles;
};

/// Group the addresses of kGcs and kS3 by the folders in their names. A group has `min_objects` or
/// more; of a folder and its subfolders the deepest that still hold most of the objects become
/// groups. Each index is in one group, or among the singles.
ListPlan plan_lists(std::span<const ObjectAddress> addresses, std::size_t min_objects);

}  // namespace assay::storage
