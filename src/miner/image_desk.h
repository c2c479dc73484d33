/// \file
/// Answers image challenges: from a request's body to a prediction, under limits.

#pragma once

#include "core/bytes.h"
#include "core/random.h"
#include "miner/character.h"
#include "miner/detector.h"

#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::miner {

struct ImageLimits {
  /// Of the encoded image.
  ByteCount max_image = ByteCount(8U << 20);
  /// Far above any challenge, of which most have 224 pixels a side; three bytes each.
  std::uint64_t max_pixels = 25'000'000;
};

/// How a challenge ended.
struct ImageOutcome {
  /// 200; 400 and 413 by the asker's fault; 503 by ours.
  int status = 200;
  /// Why it is not 200: shows nothing of the request.
  std::string message = {};
  /// From 0 to 1, or protocol::kNoPrediction.
  double prediction = 0;
};

/// Threads: answer() is safe from any thread.
class ImageDesk {
 public:
  /// Lifetime: `detector` and `random` outlive it.
  ImageDesk(Detector& detector, RandomSource& random, CharacterOptions character,
            const ImageLimits& limits = {});

  /// Nothing is decoded before its header shows it to be within the limits.
  ImageOutcome answer(std::string_view body, std::stop_token stop);

  const ImageLimits& limits() const { return limits_; }

 private:
  Detector* detector_;
  std::mutex random_mutex_;  // guards random_
  RandomSource* random_;
  CharacterOptions character_;
  ImageLimits limits_;
};

}  // namespace assay::miner
