/// \file
/// CLIP as the judge of labels: which of the texts an image is nearer to.

#pragma once

#include "cache/label_judge.h"
#include "core/result.h"
#include "files/file_system.h"
#include "models/clip_image.h"
#include "models/engine.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace assay::app {

struct ClipLabelJudgeOptions {
  /// A checkpoint of both towers, with its tokenizer beside it or imported along.
  std::filesystem::path model = {};
  /// For both labels.
  std::vector<cache::LabelPrompt> prompts = cache::default_label_prompts();
  models::Precision precision = models::Precision::kAuto;
  /// How many threads ask at a time.
  std::size_t num_workers = 1;
};

/// The vectors of a label's prompts, each of length 1, are averaged; the image is compared with
/// both averages, as CLIP's own classification without training does it.
/// Errors: as cache::LabelJudge.
class ClipLabelJudge final : public cache::LabelJudge {
 public:
  /// Cost:   each prompt is computed once, some 50 ms.
  /// Errors: kMissing (the model, its text tower, its tokenizer, or the engine; says what to do),
  ///         kInvalidInput (not such a model; towers that do not belong together), kCorrupt, those
  ///         of reading.
  static Result<std::unique_ptr<ClipLabelJudge>> open(files::FileSystem& file_system,
                                                      const ClipLabelJudgeOptions& options);

  std::string model() const override { return model_; }
  Result<double> roadwork_share(const images::Image& image) const override;

 private:
  ClipLabelJudge(std::string model, models::ClipImageEncoder encoder)
      : model_(std::move(model)), encoder_(std::move(encoder)) {}

  std::string model_;
  models::ClipImageEncoder encoder_;
  std::vector<float> roadwork_;  // of length 1, like the next
  std::vector<float> none_;
  double scale_ = 0;
};

}  // namespace assay::app
