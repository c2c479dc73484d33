/// \file
/// Fuzzes what old databases and lists of names hold: JSON of images and boxes, and names.

#include "core/check.h"
#include "decisions/decision.h"
#include "fuzz_target.h"
#include "grouping/group_id.h"
#include "grouping/image_name.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz_decision_text {
namespace {

using assay::grouping::GroupingMode;

void check_grouping(std::string_view text) {
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    paths.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  for (const GroupingMode mode : {GroupingMode::kCompat, GroupingMode::kStrict,
                                  GroupingMode::kTimestamp, GroupingMode::kSingle}) {
    const auto grouping = assay::grouping::group_images(paths, {.mode = mode});
    std::size_t num_images = grouping.dropped.size();
    for (const auto& group : grouping.groups) num_images += group.size();
    CHECK(num_images == paths.size(), "every image is in a group or dropped");
    (void)assay::grouping::make_group_ids("p", paths, grouping.groups,
                                          assay::grouping::GroupIdForm::kCompat);
  }
}

}  // namespace

FUZZ_TARGET(decision_text) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto images = assay::decisions::images_from_json(text)) {
    const auto again =
        assay::decisions::images_from_json(assay::decisions::images_to_json(*images));
    CHECK(again && *again == *images, "a list of images can be read back");
  }
  if (const auto box = assay::decisions::coords_from_json(text)) {
    const auto again = assay::decisions::coords_from_json(assay::decisions::coords_to_json(*box));
    CHECK(again && *again == *box, "a box can be read back");
  }
  (void)assay::grouping::why_not_image(text);
  check_grouping(text);
  return 0;
}

}  // namespace fuzz_decision_text
