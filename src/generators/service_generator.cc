#include "generators/service_generator.h"

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "generators/dialect_internal.h"
#include "generators/framing.h"
#include "images/decode.h"
#include "images/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace assay::generators {
namespace {

constexpr std::string_view kServiceGeneratorName = "http";
constexpr std::int64_t kServiceGeneratorVersion = 1;
constexpr images::DecodeOptions kDecodeOptions{.max_encoded_size = ByteCount(64U << 20),
                                               .max_pixels = 100'000'000};
constexpr int kPngLevel = 4;
/// By which the aspect ratio of an answer may differ: sides that a model rounds.
constexpr double kMaxStretch = 0.02;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Errors: kCorrupt.
Result<images::Image> decode_answer(std::span<const std::byte> encoded) {
  auto image = images::decode(encoded, kDecodeOptions);
  if (!image) return corrupt("what came is no image that can be read: " + image.error().message);
  return image;
}

/// Base64 as the services write it, perhaps as a data address. Errors: kCorrupt.
Result<images::Image> decode_base64(std::string_view text) {
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') + 1));
  const auto bytes = crypto::base64_decode(text);
  if (!bytes) return corrupt("the image that came is no base64");
  return decode_answer(*bytes);
}

}  // namespace

std::string_view to_string(ImageApi api) { return api == ImageApi::kOpenAi ? "openai" : "a1111"; }

Result<ImageApi> parse_image_api(std::string_view name) {
  if (name == "openai") return ImageApi::kOpenAi;
  if (name == "a1111") return ImageApi::kA1111;
  return invalid_input(fmt::format("no API is called '{}'; there are openai and a1111", name));
}

cache::PromptRequest prompt_request_of(const cache::GenerationRequest& request) {
  cache::PromptRequest wanted{.label = request.label, .seed = request.seed};
  if (request.source) {
    wanted.image = request.source->encoded;
  } else if (request.example) {
    wanted.image = request.example->encoded;
  }
  return wanted;
}

std::string variant_of(std::string_view model, const cache::GenerationSettings& settings) {
  const auto number = [](const auto& value) { return value ? fmt::format("{}", *value) : "-"; };
  const std::string all =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", model, number(settings.steps),
                  number(settings.guidance), number(settings.strength), settings.scheduler,
                  settings.negative_prompt, settings.model_digest, settings.prompt_source);
  constexpr std::size_t kNumDigits = 8;
  return crypto::sha256(all).to_hex().substr(0, kNumDigits);
}

ServiceGenerator::ServiceGenerator(Service service, ServiceModel model,
                                   const cache::PromptProvider& prompts)
    : service_(std::move(service)), model_(std::move(model)), prompts_(prompts) {
  model_.settings.prompt_source = prompts_.name();
}

cache::GeneratorCapabilities ServiceGenerator::capabilities() const {
  const std::string model =
      model_.name.empty() ? fmt::format("{}-default", to_string(model_.api)) : model_.name;
  return {
      .name = std::string(kServiceGeneratorName),
      .model_name = model,
      .version = kServiceGeneratorVersion,
      .makes_from_text = true,
      .makes_from_image = true,
      .reads_images = true,
      .wants_examples = prompts_.looks_at_images(),
      .settings = model_.settings,
      .variant = variant_of(fmt::format("{} {}", to_string(model_.api), model), model_.settings)};
}

std::string ServiceGenerator::objection_to(const cache::GenerationSource& source) const {
  if (source.origin && !source.origin->source_item.empty()) {
    return "it was made from another image already";
  }
  return "";
}

Result<std::string> ServiceGenerator::prompt_for(const cache::GenerationRequest& request,
                                                 const std::stop_token& stop) const {
  return prompts_.write(prompt_request_of(request), stop);
}

Result<cache::GeneratedImage> ServiceGenerator::fetch_image(std::string_view prompt,
                                                            std::uint64_t seed,
                                                            images::ImageSize size,
                                                            const images::Image* source,
                                                            const std::stop_token& stop) const {
  ImageOrder order{.prompt = prompt, .size = size, .seed = seed};
  if (source != nullptr) {
    ASSIGN_OR_RETURN(order.source, images::encode_png(*source, {.compression_level = kPngLevel}));
  }
  const bool is_openai = model_.api == ImageApi::kOpenAi;
  ServiceQuestion question =
      is_openai ? openai_question(order, model_) : a1111_question(order, model_);
  ASSIGN_OR_RETURN(const json::Value answer, service_.ask(question.path, question.content_type,
                                                          std::move(question.body), stop));
  auto found = is_openai ? openai_answer(answer) : a1111_answer(answer);
  if (!found) return std::move(found.error()).within(service_.origin());
  cache::GeneratedImage made{.image = {}, .seed = found->seed ? found->seed : question.seed};
  if (!found->address.empty()) {
    ASSIGN_OR_RETURN(const std::string content, service_.fetch(found->address, stop));
    ASSIGN_OR_RETURN(made.image, with_context(decode_answer(bytes_of(content)), service_.origin()));
  } else {
    ASSIGN_OR_RETURN(made.image, with_context(decode_base64(found->base64), service_.origin()));
  }
  return made;
}

Result<cache::GeneratedImage> ServiceGenerator::generate(
    const cache::GenerationRequest& request, std::string_view prompt,
    const cache::OnGenerationProgress& on_progress, const std::stop_token& stop) const {
  if (!request.source) {
    ASSIGN_OR_RETURN(cache::GeneratedImage made,
                     fetch_image(prompt, request.seed, request.size, nullptr, stop));
    if (on_progress) on_progress(1);
    return made;
  }
  auto source = images::decode(request.source->encoded, kDecodeOptions);
  if (!source) return std::move(source.error()).within(request.source->name);
  const Frame frame = frame_around(source->size(), model_.max_source_side);
  const images::Image sent = framed(*source, frame);
  ASSIGN_OR_RETURN(const cache::GeneratedImage made,
                   fetch_image(prompt, request.seed, frame.canvas, &sent, stop));
  const images::Image& answer = made.image;
  const double ratio = static_cast<double>(answer.width()) * frame.canvas.height /
                       (static_cast<double>(answer.height()) * frame.canvas.width);
  if (std::abs(ratio - 1) > kMaxStretch) {
    return corrupt(fmt::format(
        "{} gave {} x {} for a source of {} x {}: the aspect ratio is not kept", service_.origin(),
        answer.width(), answer.height(), frame.canvas.width, frame.canvas.height));
  }
  if (on_progress) on_progress(1);
  return cache::GeneratedImage{.image = unframed(answer, frame), .seed = made.seed};
}

}  // namespace assay::generators
