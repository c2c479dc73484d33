/// \file
/// Which images show the same picture at several stages.

#pragma once

#include "core/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::grouping {

enum class GroupingMode : std::uint8_t {
  kCompat,     ///< Rising stages in the order of time, as the old scripts: across folders too.
  kStrict,     ///< The same within one folder and without long gaps.
  kTimestamp,  ///< One folder and one timestamp, whatever the stages.
  kSingle,     ///< Every image on its own.
};

/// `compat`, `strict`, `timestamp` or `single`. Errors: kInvalidInput.
Result<GroupingMode> parse_grouping_mode(std::string_view text);
std::string_view to_string(GroupingMode mode);

struct GroupingOptions {
  GroupingMode mode = GroupingMode::kStrict;
  /// The longest time between an image and the next of its group. Not given: none for kCompat, 15
  /// minutes for kStrict. Zero: no bound. The other modes do not look at it.
  std::optional<std::chrono::seconds> time_gap = std::nullopt;
  /// How many images to look at for the next stage. At least 1.
  std::size_t lookahead = 50;
  /// Smaller groups are dropped; kSingle does not look at it. At least 1.
  std::size_t min_group_size = 2;
};

inline constexpr std::chrono::seconds kStrictTimeGap{900};

/// The longest time that these options come to; zero for no bound.
std::chrono::seconds time_gap_of(const GroupingOptions& options);

/// Why an image is in no group.
enum class DropReason : std::uint8_t {
  kJumpedOver,     ///< A lower stage further on was taken in its place.
  kGroupTooSmall,  ///< Too few images of a higher stage follow; in kTimestamp, of its time.
  kNoTimestamp,    ///< Its name begins with no date and time, and the mode needs it.
  kUnknownStage,   ///< Its name says no stage, and the mode needs it.
  kDuplicate,      ///< The same path was listed before.
};

/// A word for JSON, such as `jumped_over`.
std::string_view to_string(DropReason reason);

struct DroppedImage {
  std::size_t image = 0;
  DropReason reason = DropReason::kGroupTooSmall;
};

/// Images are positions in the list that was given.
struct Grouping {
  std::vector<std::vector<std::size_t>> groups;
  std::vector<DroppedImage> dropped;
};

/// Put the images at these paths into groups. Every image is in one group or dropped.
///
/// The result does not depend on the order of `paths`: images are sorted by timestamp (those
/// without come last), stage, base name and then path, each by bytes. In kStrict an image without a
/// timestamp is only grouped with those whose name is the same up to the stage.
///
/// Order: images of a group by stage (kTimestamp: stage, then base name); groups, and dropped
///        images, by the sorted position of their first image.
/// Cost:  O(n log n), whatever the lookahead.
Grouping group_images(std::span<const std::string> paths, const GroupingOptions& options);

}  // namespace assay::grouping
