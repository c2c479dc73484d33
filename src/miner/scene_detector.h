/// \file
/// A detector for drawn roads, which demos and tests use. It knows nothing of photos.

#pragma once

#include "images/image.h"
#include "miner/detector.h"

#include <string>

namespace assay::miner {

/// How likely a road drawn by images/scene.h shows works: a logistic regression over the shares of
/// colours in the picture and the stripes beside them. Its weights were fitted to drawn roads by
/// tools/fit_scene_detector.cc, so that an answer about a photo is worth nothing.
/// Pre: `image` is not empty.
double scene_probability(const images::Image& image);

struct SceneDetectorOptions {
  /// Whose eye it is, such as the miner's hotkey: empty for the bare probability. All who run this
  /// detector have one model, and would be taken for copies of each other; with an eye they differ
  /// as miners with models of their own do: in what is unclear, in some plain errors, and in how
  /// sure they are. The same eye says the same of the same bytes.
  std::string eye = {};
  /// Standard deviation of the difference, in units of the logarithm of the odds.
  double blur = 0.75;
  /// The share of images about which the eye errs whatever the model says.
  double error_share = 0.04;
};

class SceneDetector final : public Detector {
 public:
  explicit SceneDetector(SceneDetectorOptions options = {}) : options_(std::move(options)) {}

  std::string name() const override { return "scene"; }
  /// Errors: none.
  Result<double> judge(const DetectorInput& input, std::stop_token stop) override;

 private:
  SceneDetectorOptions options_;
};

}  // namespace assay::miner
