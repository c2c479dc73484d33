/// \file
/// The names of groups.

#pragma once

#include "core/result.h"
#include "grouping/grouping.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::grouping {

enum class GroupIdForm : std::uint8_t {
  /// `PROJECT_FOLDER_group_YYYYMMDD_HHMMSS_HASH`: the hash is of the project and the paths, so an
  /// id stays the same whatever else is grouped. Without a folder or a time that part is left out.
  kStable,
  /// `FOLDER_group_YYYYMMDD_HHMMSS`, as the old scripts, of the first image's own folder (of the
  /// project in the root). A second group of that name gets `_2`, a third `_3`; a group that begins
  /// without a time gets its stable id, where the old scripts left it out.
  kCompat,
};

/// `stable` or `compat`. Errors: kInvalidInput.
Result<GroupIdForm> parse_group_id_form(std::string_view text);

/// The id of each group, all different. Images of `groups` are positions in `paths`.
std::vector<std::string> make_group_ids(std::string_view project,
                                        std::span<const std::string> paths,
                                        std::span<const std::vector<std::size_t>> groups,
                                        GroupIdForm form);

}  // namespace assay::grouping
