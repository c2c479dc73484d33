/// \file
/// A model of image classification, ready to look at images.

#pragma once

#include "classification/classifier_files.h"
#include "core/result.h"
#include "images/image.h"
#include "models/engine.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace assay::classification {

struct ClassifierOptions {
  std::string device = "CPU";
  /// What the weights are kept in: a probability then equals that of the tools it was trained with.
  models::Precision precision = models::Precision::kFp32;
};

/// Threads: all calls are safe from any thread; one image is looked at at a time, by all cores.
class ImageClassifier {
 public:
  /// Reads the graph, holds its input and output against what its files say, and looks at one grey
  /// image. Cost: some seconds for a large model.
  /// Errors: kMissing (engine, device), kNotFound, kCorrupt (no such graph, outputs that are no
  ///         numbers), kInvalidInput (input or output are not what the files say; names both),
  ///         kInternal (the engine's own words).
  static Result<ImageClassifier> load(ClassifierDescription model,
                                      const ClassifierOptions& options = {});

  ImageClassifier(ImageClassifier&&) noexcept;
  ImageClassifier& operator=(ImageClassifier&&) = delete;
  ~ImageClassifier();

  const ClassifierDescription& description() const;

  /// The probability of each label, in their order. Pre: `image` is not empty.
  /// Errors: kTimeout (no turn within `patience`), kInvalidInput (an image so long and thin that
  ///         the model's rule makes no part of it), kCorrupt (outputs that are no numbers),
  ///         kInternal.
  Result<std::vector<double>> classify(const images::Image& image,
                                       std::chrono::milliseconds patience) const;

 private:
  struct Loaded;
  explicit ImageClassifier(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace assay::classification
