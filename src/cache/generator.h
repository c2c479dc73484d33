/// \file
/// What makes images for a cache: from a text, or from an image that is there.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "images/image.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {

/// How a model was asked; none of it where the generator has no such thing.
struct GenerationSettings {
  std::optional<std::int64_t> steps = {};
  std::optional<double> guidance = {};  ///< How much the prompt weighs; 1: no more than without it.
  /// The share of a source image that is made anew, 0 to 1; images from a text have none.
  std::optional<double> strength = {};
  std::string scheduler = {};
  std::string negative_prompt = {};
  std::string model_digest = {};   ///< SHA-256 in hex, of the files that make the model.
  std::string prompt_source = {};  ///< Who wrote the prompt; empty: the generator itself.

  bool operator==(const GenerationSettings&) const = default;
};

/// What the sidecar of a generated image says of where it comes from.
struct GenerationOrigin {
  std::string generator = {};   ///< The provider: `scene`.
  std::string model_name = {};  ///< `assay-scene`.
  std::int64_t version = 0;  ///< Of the provider: the same seed may mean another image in another.
  std::string prompt = {};
  std::uint64_t seed = 0;
  /// Of the image it was made from: its name, and the seed of what that shows if it was made too.
  std::string source_item = {};
  std::optional<std::uint64_t> source_seed = {};
  GenerationSettings settings = {};
  double seconds = 0;  ///< It took.
};

/// The image that another is made from.
struct GenerationSource {
  std::string name = {};
  ItemFolder folder = ItemFolder::kSyntheticT2i;
  Label label = Label::kNone;
  images::ImageSize size = {};
  /// What its sidecar says; none: nothing of a generator.
  std::optional<GenerationOrigin> origin = {};
  /// The file as it lies in the cache; empty unless GeneratorCapabilities::reads_images.
  std::vector<std::byte> encoded = {};
};

struct GenerationRequest {
  Label label = Label::kNone;
  std::uint64_t seed = 0;
  images::ImageSize size = {};
  /// None: from the prompt alone.
  std::optional<GenerationSource> source = {};
  /// A photo of the same label for who writes the prompt; with `wants_examples`, where there is
  /// one.
  std::optional<GenerationSource> example = {};
};

/// What a generator made.
struct GeneratedImage {
  images::Image image;
  /// What it was made with, where that is not the request's seed.
  std::optional<std::uint64_t> seed = {};
};

struct GeneratorCapabilities {
  std::string name = {};
  std::string model_name = {};
  std::int64_t version = 1;
  bool makes_from_text = false;
  bool makes_from_image = false;
  bool reads_images = false;    ///< Sources and examples come with their bytes.
  bool wants_examples = false;  ///< Images from a text: see GenerationRequest::example.
  GenerationSettings settings = {};
  /// Part of the names of images: what else than the seed decides how they look. May be empty.
  std::string variant = {};
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

  /// Load what takes long, unless it was loaded before. Called before anything but capabilities(),
  /// which may lack settings and variant until then. Errors: kCancelled, and its own.
  virtual Status prepare(const std::stop_token& /*stop*/) const { return {}; }

  virtual GeneratorCapabilities capabilities() const = 0;

  /// Why nothing can be made from `source`, or an empty text.
  virtual std::string objection_to(const GenerationSource& source) const = 0;

  /// The words that say what generate() is to show.
  /// Errors: as generate(); none where no service is asked.
  virtual Result<std::string> prompt_for(const GenerationRequest& request,
                                         const std::stop_token& stop) const = 0;

  /// Pre:    it can do what is asked, and has no objection to the source.
  /// Errors: kCorrupt (what came is no such image) and kInvalidInput (refused: the prompt, a size
  ///         that it cannot make) concern this image alone; kCancelled, and its own, end the work.
  virtual Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view prompt,
                                          const OnGenerationProgress& on_progress,
                                          const std::stop_token& stop) const = 0;
};

}  // namespace assay::cache
