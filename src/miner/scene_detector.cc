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

/// How sure an eye is, at least, of what it says.
constexpr double kLeastConfidence = 0.6;

/// Numbers that the eye and the image decide.
SeededRandom differences(std::string_view eye, std::span<const std::byte> encoded) {
  crypto::Sha256Hasher hasher;
  hasher.update(eye);
  hasher.update(crypto::sha256(encoded).bytes());
  const Sha256 digest = hasher.finish();
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.bytes().data(), sizeof seed);
  return SeededRandom(seed);
}

/// Box and Muller's normal number.
double normal_number(RandomSource& random) {
  // 1 - unit() is never zero.
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

}  // namespace

double scene_probability(const images::Image& image) { return probability(log_odds(image)); }

Result<double> SceneDetector::judge(const DetectorInput& input, std::stop_token /*stop*/) {
  const double odds = log_odds(input.image);
  if (options_.eye.empty()) return probability(odds);
  SeededRandom random = differences(options_.eye, input.encoded);
  bool sees_works = odds + options_.blur * normal_number(random) > 0;
  if (random.unit() < options_.error_share) sees_works = !sees_works;
  const double confidence = kLeastConfidence + (1 - kLeastConfidence) * random.unit();
  return sees_works ? confidence : 1 - confidence;
}

}  // namespace assay::miner
