/// \file
/// The least that passes for an image, of each format.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace assay::media::testing {

struct SampleImage {
  std::string extension;
  std::string bytes;
  /// What of them it takes to know the format.
  std::size_t num_bytes_needed = 0;
};

/// Order: png first.
std::vector<SampleImage> sample_images();

}  // namespace assay::media::testing
