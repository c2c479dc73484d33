/// \file
/// The figures of a splat file as records hold them.

#pragma once

#include "media/gaussian_statistics.h"

#include <string>

namespace assay::media {

/// The object `gaussian_stats` of a record, in Python's form. Its first four members are those of
/// the old records, of which `opacity_mean` and `opacity_std` are of what the file writes; which
/// form that has is `opacity_form`. A file with a defect has `ply_defect` alone. What the file
/// lacks is null. Rounded: opacities to 4 decimals, all else to 6.
std::string gaussian_stats_json(const GaussianReport& report);

}  // namespace assay::media
