/// \file
/// What looks at an image and says how likely it shows roadwork.

#pragma once

#include "core/result.h"
#include "images/image.h"

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>

namespace assay::miner {

/// An image in both forms. Lifetime: views of the caller's.
struct DetectorInput {
  /// As it came.
  std::span<const std::byte> encoded;
  const images::Image& image;
};

/// Threads: judge() is safe from any thread.
class Detector {
 public:
  virtual ~Detector() = default;
  Detector() = default;
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  /// For people and logs.
  virtual std::string name() const = 0;

  /// The probability, in [0, 1], that the image shows roadwork.
  /// Errors: kUnavailable, kTimeout (what it asks does not answer), kCorrupt (an answer that is no
  ///         probability), kCancelled. None quotes the answer.
  virtual Result<double> judge(const DetectorInput& input, std::stop_token stop) = 0;
};

}  // namespace assay::miner
