/// \file
/// A grouping as text and as JSON.

#pragma once

#include "grouping/grouping.h"
#include "grouping/image_name.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace assay::grouping {

/// A listed path that is not taken as an image.
struct LeftOutPath {
  std::string path;
  NotImage reason = NotImage::kOtherFile;
};

/// Lifetime: views what it was made of.
struct GroupingReport {
  std::span<const std::string> paths;
  const Grouping& grouping;
  /// One a group.
  std::span<const std::string> group_ids;
  std::span<const LeftOutPath> left_out;
  GroupingOptions options;
};

/// The figures, each group with its images, and each image without a group with the reason.
std::string to_text(const GroupingReport& report);

/// The same as one object: mode, num_images, groups [group_id, images], dropped [image, reason],
/// left_out [path, reason].
std::string to_json(const GroupingReport& report);

}  // namespace assay::grouping
