#include "app/clip_label_judge.h"

#include "files/byte_source.h"
#include "images/resize.h"
#include "models/checkpoint.h"
#include "models/clip_text.h"
#include "models/model_folder.h"
#include "tokenizer/clip_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

namespace assay::app {
namespace {

/// As one image is asked about at a time, larger batches would compute nothing but zeros.
constexpr std::size_t kBatchSize = 1;

double dot(std::span<const float> left, std::span<const float> right) {
  return std::transform_reduce(
      left.begin(), left.end(), right.begin(), 0.0, std::plus<>(),
      [](float a, float b) { return static_cast<double>(a) * static_cast<double>(b); });
}

/// To length 1; a vector of zeros stays.
void normalize(std::span<float> vector) {
  const double length = std::sqrt(dot(vector, vector));
  if (!(length > 0)) return;
  for (float& value : vector) value = static_cast<float>(value / length);
}

Result<tokenizer::ClipTokenizer> open_tokenizer(files::FileSystem& file_system,
                                                const std::filesystem::path& model) {
  ASSIGN_OR_RETURN(const auto place, models::find_tokenizer(file_system, model));
  if (!place) {
    return missing(
        fmt::format("{}: its tokenizer is not beside it; import both: assay models import clip {} "
                    "--tokenizer PATH",
                    model.native(), model.native()));
  }
  return tokenizer::open_clip_tokenizer(file_system, *place);
}

/// The direction that a label's prompts have together.
Result<std::vector<float>> direction_of(cache::Label label,
                                        std::span<const cache::LabelPrompt> prompts,
                                        const models::ClipTextEncoder& encoder,
                                        const tokenizer::ClipTokenizer& words) {
  std::vector<float> sum(encoder.shape().output_width);
  for (const cache::LabelPrompt& prompt : prompts) {
    if (prompt.label != label) continue;
    const tokenizer::EncodedText text = words.encode(prompt.text, encoder.shape().context_length);
    ASSIGN_OR_RETURN(std::vector<float> vector, encoder.encode(text.ids, text.num_tokens - 1));
    normalize(vector);
    std::ranges::transform(sum, vector, sum.begin(), std::plus<>());
  }
  normalize(sum);
  return sum;
}

}  // namespace

Result<std::unique_ptr<ClipLabelJudge>> ClipLabelJudge::open(files::FileSystem& file_system,
                                                             const ClipLabelJudgeOptions& options) {
  ASSIGN_OR_RETURN(const models::FoundModel found,
                   models::model_at(file_system, options.model, models::ModelKind::kClip));
  ASSIGN_OR_RETURN(auto source, files::open_byte_source(file_system, options.model));
  ASSIGN_OR_RETURN(const models::Checkpoint checkpoint, models::open_checkpoint(std::move(source)));
  ASSIGN_OR_RETURN(const models::ClipTextShape text_shape,
                   models::read_clip_text_shape(checkpoint));
  ASSIGN_OR_RETURN(const tokenizer::ClipTokenizer words,
                   open_tokenizer(file_system, options.model));
  ASSIGN_OR_RETURN(
      models::ClipImageEncoder images,
      models::ClipImageEncoder::load(checkpoint, {.activation = found.choices.activation,
                                                  .precision = options.precision,
                                                  .num_workers = options.num_workers,
                                                  .batch_size = kBatchSize}));
  if (images.shape().output_width != text_shape.output_width) {
    return invalid_input(fmt::format(
        "{}: vectors of images have {} numbers, those of texts {}: the towers do not belong "
        "together",
        options.model.native(), images.shape().output_width, text_shape.output_width));
  }
  ASSIGN_OR_RETURN(
      const models::ClipTextEncoder texts,
      models::ClipTextEncoder::load(
          checkpoint, {.activation = found.choices.activation, .precision = options.precision}));
  std::unique_ptr<ClipLabelJudge> judge(
      new ClipLabelJudge(options.model.filename().native(), std::move(images)));
  ASSIGN_OR_RETURN(judge->scale_, models::read_logit_scale(checkpoint));
  ASSIGN_OR_RETURN(judge->roadwork_,
                   direction_of(cache::Label::kRoadwork, options.prompts, texts, words));
  ASSIGN_OR_RETURN(judge->none_, direction_of(cache::Label::kNone, options.prompts, texts, words));
  return judge;
}

Result<double> ClipLabelJudge::roadwork_share(const images::Image& image) const {
  std::vector<std::uint8_t> crop(encoder_.crop_size());
  images::clip_crop(image, static_cast<std::uint32_t>(encoder_.shape().crop_side()), crop);
  std::vector<float> vector(encoder_.shape().output_width);
  RETURN_IF_ERROR(encoder_.encode(crop, vector));
  normalize(vector);
  const double difference = dot(vector, roadwork_) - dot(vector, none_);
  return 1 / (1 + std::exp(-scale_ * difference));
}

}  // namespace assay::app
