#include "cache/generation_work_internal.h"
#include "files/atomic_file.h"
#include "images/encode.h"

#include <chrono>
#include <span>
#include <utility>

namespace assay::cache {
namespace {

constexpr int kPngLevel = 4;

/// What an image is made with. Errors of all: as make_image(), and those of the image alone.
struct Maker {
  Store& store;
  const ImageGenerator& generator;
  const GeneratorCapabilities& capabilities;
  const LabelCheck& label_check;

  Status make(GenerationWork& work, const std::stop_token& stop) const;
  Status check_label(GenerationWork& work, const images::Image& image) const;
};

Status Maker::make(GenerationWork& work, const std::stop_token& stop) const {
  GenerationRequest& request = work.request;
  for (auto* image : {&request.source, &request.example}) {
    if (!*image || !capabilities.reads_images) continue;
    const auto content = files::read_file(store.tools().file_system,
                                          store.layout().folder((*image)->folder) / (*image)->name,
                                          store.options().limits.max_size_bytes);
    // An update or a person may remove it since it was chosen: that costs this image.
    if (!content && content.error().code == ErrorCode::kNotFound) {
      return invalid_input(content.error().message);
    }
    if (!content) return content.error();
    const auto bytes = std::as_bytes(std::span(*content));
    (*image)->encoded.assign(bytes.begin(), bytes.end());
  }
  const auto start = store.tools().clock.monotonic();
  work.origin = {.generator = capabilities.name,
                 .model_name = capabilities.model_name,
                 .version = capabilities.version,
                 .seed = request.seed,
                 .settings = capabilities.settings};
  if (request.source) {
    work.origin.source_item = request.source->name;
    if (request.source->origin) work.origin.source_seed = request.source->origin->seed;
  } else {
    work.origin.settings.strength.reset();
  }
  ASSIGN_OR_RETURN(work.origin.prompt, generator.prompt_for(request, stop));
  ASSIGN_OR_RETURN(const GeneratedImage made,
                   generator.generate(request, work.origin.prompt, {}, stop));
  const images::Image& image = made.image;
  work.origin.seed = made.seed.value_or(request.seed);
  work.origin.seconds =
      std::chrono::duration<double>(store.tools().clock.monotonic() - start).count();
  if (is_blank(image)) {
    work.outcome = GenerateOutcome::kBlank;
    return {};
  }
  RETURN_IF_ERROR(check_label(work, image));
  ASSIGN_OR_RETURN(work.bytes, images::encode_png(image, {.compression_level = kPngLevel}));
  if (work.outcome == GenerateOutcome::kDoubtful) return {};
  auto examined = examine(work.bytes, store.options().limits);
  if (!examined) return exhausted("an image that was made is refused: " + examined.error().reason);
  work.image = std::move(*examined);
  return {};
}

Status Maker::check_label(GenerationWork& work, const images::Image& image) const {
  if (label_check.judge == nullptr) return {};
  ASSIGN_OR_RETURN(work.label_score, score_label(label_check, image, work.request.label));
  if (work.label_score->is_doubtful() && label_check.doubtful == DoubtfulLabels::kRefused) {
    work.outcome = GenerateOutcome::kDoubtful;
  }
  return {};
}

}  // namespace

Status make_image(Store& store, const ImageGenerator& generator,
                  const GeneratorCapabilities& capabilities, const LabelCheck& check,
                  GenerationWork& work, const std::stop_token& stop) {
  auto status = Maker{.store = store,
                      .generator = generator,
                      .capabilities = capabilities,
                      .label_check = check}
                    .make(work, stop);
  for (auto* image : {&work.request.source, &work.request.example}) {
    if (*image) (*image)->encoded = {};
  }
  if (status) return {};
  const ErrorCode code = status.error().code;
  if (code != ErrorCode::kCorrupt && code != ErrorCode::kInvalidInput) {
    return std::move(status.error());
  }
  work.outcome = GenerateOutcome::kFailed;
  work.failure = std::move(status.error());
  return {};
}

bool is_blank(const images::Image& image) {
  constexpr double kLeastDeviation = 3;
  double sum = 0;
  double sum_of_squares = 0;
  const std::span<const std::uint8_t> samples = image.pixels();
  for (std::size_t i = 0; i + 2 < samples.size(); i += images::kNumChannels) {
    const double luma = (0.299 * samples[i]) + (0.587 * samples[i + 1]) + (0.114 * samples[i + 2]);
    sum += luma;
    sum_of_squares += luma * luma;
  }
  const auto count = static_cast<double>(image.size().num_pixels());
  const double mean = sum / count;
  return (sum_of_squares / count) - (mean * mean) < kLeastDeviation * kLeastDeviation;
}

}  // namespace assay::cache
