/// \file
/// A detector that is a model of image classification on disk.

#pragma once

#include "classification/image_classifier.h"
#include "core/result.h"
#include "miner/detector.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::miner {

/// Which of a model's labels says that there is roadwork: the one called `wanted`, or, if that is
/// empty, the only one whose name says so, in any case: `roadwork`, `road_works`, `construction`,
/// `work zone` and the like. The label of a model with one alone is taken unless it denies works.
/// Errors: kInvalidInput (none or several; lists the labels, and says how to choose).
Result<std::size_t> find_works_label(std::span<const std::string> labels, std::string_view wanted);

struct ModelDetectorOptions {
  /// See find_works_label().
  std::string label = {};
  /// For an image to have its turn.
  std::chrono::milliseconds timeout = std::chrono::seconds(8);
};

class ModelDetector final : public Detector {
 public:
  /// Errors: those of classification::describe_classifier(), ImageClassifier::load() and
  ///         find_works_label().
  static Result<std::unique_ptr<ModelDetector>> open(const std::filesystem::path& path,
                                                     classification::ModelFormat format,
                                                     const ModelDetectorOptions& options);

  /// `onnx:` or `ir:`, the graph's file, and the label.
  std::string name() const override;
  /// Errors: kTimeout, kCorrupt; kInvalidInput (an image far too long and thin), kInternal.
  Result<double> judge(const DetectorInput& input, std::stop_token stop) override;

 private:
  ModelDetector(classification::ImageClassifier classifier, std::size_t label,
                std::chrono::milliseconds timeout);

  classification::ImageClassifier classifier_;
  std::size_t label_;
  std::chrono::milliseconds timeout_;
};

}  // namespace assay::miner
