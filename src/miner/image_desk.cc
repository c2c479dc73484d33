#include "miner/image_desk.h"

#include "core/log.h"
#include "crypto/digest.h"
#include "images/decode.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <utility>

namespace assay::miner {
namespace {

ImageOutcome refuse(int status, std::string message) {
  return {.status = status, .message = std::move(message)};
}

ImageOutcome refuse_image(const images::Refusal& refusal) {
  const int status = refusal.kind == images::RefusalKind::kOverLimit ? 413 : 400;
  return refuse(status, fmt::format("the image is not taken: {}", to_string(refusal.kind)));
}

}  // namespace

ImageDesk::ImageDesk(Detector& detector, RandomSource& random, CharacterOptions character,
                     const ImageLimits& limits)
    : detector_(&detector), random_(&random), character_(std::move(character)), limits_(limits) {}

ImageOutcome ImageDesk::answer(std::string_view body, std::stop_token stop) {
  {
    const std::scoped_lock guard(random_mutex_);
    if (const auto unseen = answer_unseen(character_, *random_)) return {.prediction = *unseen};
  }
  auto request = protocol::parse_image_request(body, {.max_image = limits_.max_image});
  if (!request) {
    const bool is_large = request.error().code == ErrorCode::kExhausted;
    return refuse(is_large ? 413 : 400, std::move(request.error().message));
  }
  const auto decoded = images::Decoder().decode(
      request->image, {.max_encoded_size = limits_.max_image, .max_pixels = limits_.max_pixels});
  if (!decoded) return refuse_image(decoded.error());
  const auto probability =
      detector_->judge({.encoded = request->image, .image = decoded->image}, std::move(stop));
  if (!probability) {
    log_warning("a challenge was not answered", {{"why", probability.error().message}});
    return refuse(503, "the detector does not answer");
  }
  return {.prediction = answer_seen(character_, *probability, crypto::sha256(request->image))};
}

}  // namespace assay::miner
