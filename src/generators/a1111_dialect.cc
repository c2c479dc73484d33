#include "crypto/base64.h"
#include "generators/dialect_internal.h"
#include "json/writer.h"

#include <cstdint>
#include <optional>
#include <span>

// The form of /sdapi/v1/txt2img and img2img of AUTOMATIC1111's web UI, as its /docs page describes
// it; Forge, SD.Next and others answer it too.

namespace assay::generators {
namespace {

/// Some samplers there take seeds of 32 bits only.
constexpr std::uint64_t kSeedMask = 0xffff'ffff;

/// `info` is a text that holds an object.
std::optional<std::uint64_t> seed_in(const json::Value* info) {
  if (info == nullptr || info->text() == nullptr) return std::nullopt;
  const auto facts = json::parse(*info->text());
  const json::Value* const seed = facts ? facts->find("seed") : nullptr;
  const auto number = seed != nullptr ? seed->integer() : std::nullopt;
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

ServiceQuestion a1111_question(const ImageOrder& order, const ServiceModel& model) {
  json::Writer writer;
  writer.begin_object();
  writer.name("prompt").text(order.prompt);
  if (!model.settings.negative_prompt.empty()) {
    writer.name("negative_prompt").text(model.settings.negative_prompt);
  }
  writer.name("seed").unsigned_integer(order.seed & kSeedMask);
  if (model.settings.steps) writer.name("steps").integer(*model.settings.steps);
  if (model.settings.guidance) writer.name("cfg_scale").number(*model.settings.guidance);
  if (!model.settings.scheduler.empty()) {
    writer.name("sampler_name").text(model.settings.scheduler);
  }
  writer.name("width").unsigned_integer(order.size.width);
  writer.name("height").unsigned_integer(order.size.height);
  writer.name("batch_size").integer(1).name("n_iter").integer(1);
  writer.name("send_images").boolean(true).name("save_images").boolean(false);
  if (!model.name.empty()) {
    writer.name("override_settings").begin_object();
    writer.name("sd_model_checkpoint").text(model.name);
    writer.end_object();
  }
  if (!order.source.empty()) {
    writer.name("init_images").begin_list();
    writer.text(crypto::base64_encode(order.source)).end_list();
    if (model.settings.strength) {
      writer.name("denoising_strength").number(*model.settings.strength);
    }
  }
  writer.end_object();
  return {.path = order.source.empty() ? "/sdapi/v1/txt2img" : "/sdapi/v1/img2img",
          .body = writer.take(),
          .seed = order.seed & kSeedMask};
}

Result<ServiceAnswer> a1111_answer(const json::Value& answer) {
  const json::Value* const images = answer.find("images");
  const bool is_list = images != nullptr && images->list() != nullptr && !images->list()->empty();
  const std::string* const first = is_list ? images->list()->front().text() : nullptr;
  if (first == nullptr || first->empty()) {
    return corrupt("the answer has no image: expected a list `images` with one");
  }
  return ServiceAnswer{.base64 = *first, .seed = seed_in(answer.find("info"))};
}

}  // namespace assay::generators
