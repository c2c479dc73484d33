// Fits the weights of the miner's scene detector to roads that are drawn, as challenges vary them,
// and prints src/miner/scene_weights_internal.h. The same arguments give the same weights.
//
//   fit_scene_detector PAIRS > src/miner/scene_weights_internal.h
//
// PAIRS roads with works and as many without are drawn. How well the detector does on others is
// measured by src/miner/scene_detector_test.cc.

#include "core/parse_number.h"
#include "core/random.h"
#include "images/scene.h"
#include "miner/scene_features_internal.h"
#include "validator/augmentation.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string_view>
#include <vector>

namespace assay::tools {
namespace {

using miner::kNumSceneFeatures;
using miner::SceneFeatures;

/// Far from the seeds of tests and demos.
constexpr std::uint64_t kFirstSeed = 7'000'000'000;
constexpr int kNumRounds = 1500;
constexpr double kShrinkage = 0.002;

struct Example {
  SceneFeatures features;
  double label;
};

std::vector<Example> draw_examples(std::int64_t num_pairs) {
  std::vector<Example> examples;
  for (std::int64_t i = 0; i < 2 * num_pairs; ++i) {
    const std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(i);
    const bool has_works = i % 2 == 1;
    const auto label = has_works ? images::SceneLabel::kRoadwork : images::SceneLabel::kNone;
    const images::Image road =
        images::draw_scene(images::plan_scene(seed, label), {.width = 640, .height = 360});
    const auto drawn = validator::draw_augmentation(seed, road.size());
    const auto varied = validator::augment(road, drawn);
    if (!varied) continue;
    examples.push_back(
        {.features = miner::scene_features(*varied), .label = has_works ? 1.0 : 0.0});
  }
  return examples;
}

struct Weights {
  SceneFeatures of_features{};
  double bias = 0;

  double odds(const SceneFeatures& features) const {
    return std::inner_product(features.begin(), features.end(), of_features.begin(), bias);
  }
};

/// Each feature with mean 0 and deviation 1, and what it takes to undo that in the weights.
struct Scale {
  SceneFeatures mean{};
  SceneFeatures deviation{};
};

Scale standardise(std::vector<Example>& examples) {
  Scale scale;
  const auto count = static_cast<double>(examples.size());
  for (std::size_t k = 0; k < kNumSceneFeatures; ++k) {
    double squares = 0;
    for (const Example& example : examples) scale.mean[k] += example.features[k] / count;
    for (const Example& example : examples) {
      squares += std::pow(example.features[k] - scale.mean[k], 2) / count;
    }
    // One that is hardly ever there would get a large weight from a few examples.
    scale.deviation[k] = std::max(std::sqrt(squares), 0.05);
    for (Example& example : examples) {
      example.features[k] = (example.features[k] - scale.mean[k]) / scale.deviation[k];
    }
  }
  return scale;
}

/// Logistic regression by gradient descent with a step of its own for each weight (Adam).
Weights fit(const std::vector<Example>& examples) {
  Weights weights;
  std::vector<double> first(kNumSceneFeatures + 1);
  std::vector<double> second(kNumSceneFeatures + 1);
  const auto count = static_cast<double>(examples.size());
  for (int round = 1; round <= kNumRounds; ++round) {
    std::vector<double> slope(kNumSceneFeatures + 1);
    for (const Example& example : examples) {
      const double odds = weights.odds(example.features);
      const double error = (1 / (1 + std::exp(-odds)) - example.label) / count;
      for (std::size_t k = 0; k < kNumSceneFeatures; ++k) slope[k] += error * example.features[k];
      slope[kNumSceneFeatures] += error;
    }
    for (std::size_t k = 0; k <= kNumSceneFeatures; ++k) {
      double& weight = k < kNumSceneFeatures ? weights.of_features[k] : weights.bias;
      if (k < kNumSceneFeatures) slope[k] += kShrinkage * weight;
      first[k] = (0.9 * first[k]) + (0.1 * slope[k]);
      second[k] = (0.999 * second[k]) + (0.001 * slope[k] * slope[k]);
      const double step = first[k] / (1 - std::pow(0.9, round));
      const double spread = std::sqrt(second[k] / (1 - std::pow(0.999, round)));
      weight -= 0.01 * step / (spread + 1e-8);
    }
  }
  return weights;
}

double share_right(const std::vector<Example>& examples, const Weights& weights) {
  double num_right = 0;
  for (const Example& example : examples) {
    if ((weights.odds(example.features) > 0) == (example.label > 0.5)) num_right += 1;
  }
  return num_right / static_cast<double>(examples.size());
}

void print(Weights weights, const Scale& scale) {
  for (std::size_t k = 0; k < kNumSceneFeatures; ++k) {
    weights.of_features[k] /= scale.deviation[k];
    weights.bias -= weights.of_features[k] * scale.mean[k];
  }
  fmt::print(
      "/// \\file\n"
      "/// The weights of the scene detector, as tools/fit_scene_detector.cc printed them.\n\n"
      "#pragma once\n\n#include \"miner/scene_features_internal.h\"\n\n#include <array>\n\n"
      "namespace assay::miner {{\n\ninline constexpr double kSceneBias = {:.4f};\n\n"
      "// clang-format off\n"
      "inline constexpr std::array<double, kNumSceneFeatures> kSceneWeights = {{",
      weights.bias);
  for (std::size_t k = 0; k < kNumSceneFeatures; ++k) {
    fmt::print("{}{:.4f},", k % 8 == 0 ? "\n    " : " ", weights.of_features[k]);
  }
  fmt::print("\n}};\n// clang-format on\n\n}}  // namespace assay::miner\n");
}

int run(std::int64_t num_pairs) {
  std::vector<Example> examples = draw_examples(num_pairs);
  const Scale scale = standardise(examples);
  const auto held_back = examples.begin() + static_cast<std::ptrdiff_t>(examples.size() * 4 / 5);
  const std::vector<Example> others(held_back, examples.end());
  fmt::print(stderr, "right on the fifth held back: {:.4f}\n",
             share_right(others, fit({examples.begin(), held_back})));
  const Weights weights = fit(examples);
  fmt::print(stderr, "right on all {}: {:.4f}\n", examples.size(), share_right(examples, weights));
  print(weights, scale);
  return 0;
}

}  // namespace
}  // namespace assay::tools

int main(int num_arguments, char** arguments) {
  const auto num_pairs = assay::parse_integer(num_arguments == 2 ? arguments[1] : "");
  if (!num_pairs || *num_pairs < 10) {
    fmt::print(stderr, "usage: fit_scene_detector PAIRS, at least 10\n");
    return 2;
  }
  return assay::tools::run(*num_pairs);
}
