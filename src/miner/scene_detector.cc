#include "miner/scene_detector.h"

#include "core/bytes.h"
#include "core/random.h"
#include "crypto/digest.h"
#include "miner/scene_features_internal.h"
#include "miner/scene_weights_internal.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>

namespace assay::miner {
namespace {

double log_odds(const images::Image& image) {
  const SceneFeatures features = scene_features(image);
  double sum = kSceneBias;
  for (std::size_t i = 0; i < features.size(); ++i) sum += kSceneWeights[i] * features[i];
  return sum;
}

double probability(double odds) { return 1 / (1 + std::exp(-odds)); }

/// A normal number that the eye and the image decide.
double difference(std::string_view eye, std::span<const std::byte> encoded) {
  crypto::Sha256Hasher hasher;
  hasher.update(eye);
  hasher.update(crypto::sha256(encoded).bytes());
  const Sha256 digest = hasher.finish();
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.bytes().data(), sizeof seed);
  SeededRandom random(seed);
  // Box and Muller's; 1 - unit() is never zero.
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

}  // namespace

double scene_probability(const images::Image& image) { return probability(log_odds(image)); }

Result<double> SceneDetector::judge(const DetectorInput& input, std::stop_token /*stop*/) {
  double odds = log_odds(input.image);
  if (!options_.eye.empty()) odds += options_.blur * difference(options_.eye, input.encoded);
  return probability(odds);
}

}  // namespace assay::miner
