/// \file
/// What makes images for a cache: from a text, or from an image that is there.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "images/image.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::cache {

/// What the sidecar of a generated image says of where it comes from.
struct GenerationOrigin {
  std::string generator = {};   ///< The provider: `scene`.
  std::string model_name = {};  ///< `assay-scene`.
  std::int64_t version = 0;  ///< Of the provider: the same seed may mean another image in another.
  std::string prompt = {};
  std::uint64_t seed = 0;
  /// Of the image it was made from: its name, and the seed of what that shows.
  std::string source_item = {};
  std::optional<std::uint64_t> source_seed = {};
  double seconds = 0;  ///< It took.
};

/// The image that another is made from.
struct GenerationSource {
  std::string name = {};
  Label label = Label::kNone;
  images::ImageSize size = {};
  /// What its sidecar says; none: nothing of a generator.
  std::optional<GenerationOrigin> origin = {};
};

struct GenerationRequest {
  Label label = Label::kNone;
  std::uint64_t seed = 0;
  images::ImageSize size = {};
  /// None: from the prompt alone.
  std::optional<GenerationSource> source = {};
};

struct GeneratorCapabilities {
  std::string name = {};
  std::string model_name = {};
  std::int64_t version = 1;
  bool makes_from_text = false;
  bool makes_from_image = false;
};

/// Told the share that is done, 0 to 1.
using OnGenerationProgress = std::function<void(double share)>;

/// The seam to what makes images.
/// Threads: all calls are safe from any thread.
class ImageGenerator {
 public:
  virtual ~ImageGenerator() = default;
  ImageGenerator() = default;
  ImageGenerator(const ImageGenerator&) = delete;
  ImageGenerator& operator=(const ImageGenerator&) = delete;

  virtual GeneratorCapabilities capabilities() const = 0;

  /// Why nothing can be made from `source`, or an empty text.
  virtual std::string objection_to(const GenerationSource& source) const = 0;

  /// The words that say what generate() is to show. Of the same request, the same.
  virtual std::string prompt_for(const GenerationRequest& request) const = 0;

  /// Pre:    it can do what is asked, and has no objection to the source.
  /// Errors: kInvalidInput (a size that it cannot make), kCancelled, and its own.
  virtual Result<images::Image> generate(const GenerationRequest& request, std::string_view prompt,
                                         const OnGenerationProgress& on_progress,
                                         const std::stop_token& stop) const = 0;
};

}  // namespace assay::cache
