/// \file
/// Whether an image shows what its label says, as a model sees it.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "images/image.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::files {
class FileSystem;
}

namespace assay::cache {

/// The seam to the model that judges.
/// Threads: all calls are safe from any thread.
class LabelJudge {
 public:
  virtual ~LabelJudge() = default;
  LabelJudge() = default;
  LabelJudge(const LabelJudge&) = delete;
  LabelJudge& operator=(const LabelJudge&) = delete;

  /// What a sidecar calls it.
  virtual std::string model() const = 0;

  /// How sure it is that the image shows works: 1 surely, 0 surely none. Pre: `image` is not empty.
  /// Errors: kInternal (the model's own words).
  virtual Result<double> roadwork_share(const images::Image& image) const = 0;
};

/// What becomes of an image whose label the judge doubts.
enum class DoubtfulLabels : std::uint8_t {
  kRefused,
  kMarked,  ///< It is taken in; its sidecar says so.
};

struct LabelCheck {
  /// None: nothing is checked. It outlives the work.
  const LabelJudge* judge = nullptr;
  /// How sure the judge must be of a label, 0 to 1.
  double minimum_share = 0.5;
  DoubtfulLabels doubtful = DoubtfulLabels::kRefused;
};

/// What the judge said of an image and its label.
struct LabelScore {
  std::string model = {};
  double share = 0;  ///< Of the label that the image has.
  double minimum_share = 0;

  bool is_doubtful() const { return share < minimum_share; }
};

/// Pre: `check` has a judge. Errors: as LabelJudge.
Result<LabelScore> score_label(const LabelCheck& check, const images::Image& image, Label label);

/// Why an image is refused: `the model says 0.12 for roadwork; at least 0.5 is asked for`.
std::string doubt_text(const LabelScore& score, Label label);

/// A text that an image of this label could be called by.
struct LabelPrompt {
  Label label = Label::kNone;
  std::string text = {};
};

/// Texts for roads with and without works.
std::vector<LabelPrompt> default_label_prompts();

/// Read them from a CSV with the columns `label` (roadwork or none) and `prompt`.
/// Errors: kNotFound, kDenied, kCorrupt, kInvalidInput (a row, which is named; a label without any
///         prompt).
Result<std::vector<LabelPrompt>> read_label_prompts(files::FileSystem& file_system,
                                                    const std::filesystem::path& path);

}  // namespace assay::cache
