#include "generators/chat_prompts.h"

#include "crypto/base64.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/resize.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::generators {
namespace {

constexpr std::string_view kTask =
    "You write prompts for a model that makes photorealistic images of roads as a dashcam sees "
    "them. Answer with one prompt of at most 50 words, in one line, and nothing else.";
constexpr std::string_view kRoadworkTask =
    "The image has to show road works in progress, such as cones, barriers, signs, machines or "
    "workers, on or beside the road.";
// Without "no": models of images put in what a prompt says is not there.
constexpr std::string_view kNoneTask =
    "The image has to show an ordinary open road. Do not mention road works, construction, cones "
    "or barriers at all, not even to say that there are none.";
constexpr std::string_view kLike =
    "Keep the place, the light, the weather and the traffic of this photo.";
constexpr std::string_view kFree = "Choose a place, light, weather and traffic that are uncommon.";

constexpr std::uint32_t kMaxSentSide = 768;
constexpr std::int64_t kMaxTokens = 200;
constexpr std::size_t kMaxPromptSize = 1500;

/// Errors: those of decoding and encoding.
Result<std::string> data_address(std::span<const std::byte> encoded) {
  ASSIGN_OR_RETURN(images::Image image,
                   images::decode(encoded, {.max_encoded_size = ByteCount(64U << 20),
                                            .max_pixels = 100'000'000}));
  const std::uint32_t longer = std::max(image.width(), image.height());
  if (longer > kMaxSentSide) {
    const auto side = [&](std::uint32_t length) {
      return std::max<std::uint32_t>(
          1, static_cast<std::uint32_t>(std::uint64_t{length} * kMaxSentSide / longer));
    };
    image = images::resize(image, {.width = side(image.width()), .height = side(image.height())});
  }
  ASSIGN_OR_RETURN(const std::vector<std::byte> jpeg, images::encode_jpeg(image));
  return "data:image/jpeg;base64," + crypto::base64_encode(jpeg);
}

std::string question(const std::string& model, const cache::PromptRequest& request,
                     const std::string& address) {
  json::Writer writer;
  writer.begin_object();
  writer.name("model").text(model);
  writer.name("max_tokens").integer(kMaxTokens);
  writer.name("seed").unsigned_integer(request.seed);
  writer.name("messages").begin_list();
  writer.begin_object().name("role").text("system").name("content").text(kTask).end_object();
  writer.begin_object().name("role").text("user").name("content").begin_list();
  writer.begin_object().name("type").text("text");
  writer.name("text").text(
      fmt::format("{} {}", request.label == cache::Label::kRoadwork ? kRoadworkTask : kNoneTask,
                  address.empty() ? kFree : kLike));
  writer.end_object();
  if (!address.empty()) {
    writer.begin_object().name("type").text("image_url").name("image_url").begin_object();
    writer.name("url").text(address).end_object().end_object();
  }
  writer.end_list().end_object().end_list().end_object();
  return writer.take();
}

/// `choices[0].message.content`: a text, or a list of parts with one.
std::string words_in(const json::Value& answer) {
  const json::Value* const choices = answer.find("choices");
  if (choices == nullptr || choices->list() == nullptr || choices->list()->empty()) return "";
  const json::Value* const message = choices->list()->front().find("message");
  const json::Value* const content = message == nullptr ? nullptr : message->find("content");
  if (content == nullptr) return "";
  if (content->text() != nullptr) return *content->text();
  if (content->list() == nullptr) return "";
  std::string all;
  for (const json::Value& part : *content->list()) {
    const json::Value* const text = part.find("text");
    if (text != nullptr && text->text() != nullptr) all += *text->text() + " ";
  }
  return all;
}

/// In one line, without what models like to put around it.
std::string tidied(std::string_view words) {
  std::string line;
  for (const char letter : words) {
    const bool is_blank = static_cast<unsigned char>(letter) <= ' ' || letter == '\x7f';
    if (!is_blank) {
      line += letter;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  if (line.size() >= 2 && line.front() == '"' && line.back() == '"') {
    line = line.substr(1, line.size() - 2);
  }
  return line;
}

}  // namespace

Result<std::string> ChatPrompts::write(const cache::PromptRequest& request,
                                       const std::stop_token& stop) const {
  std::string address;
  if (!request.image.empty()) {
    ASSIGN_OR_RETURN(address, with_context(data_address(request.image), "the photo for a prompt"));
  }
  ASSIGN_OR_RETURN(const json::Value answer,
                   service_.ask("/v1/chat/completions", "application/json",
                                question(model_, request, address), stop));
  std::string line = tidied(words_in(answer));
  if (line.empty()) {
    return corrupt(fmt::format("{}: the answer has no words for a prompt", service_.origin()));
  }
  if (line.size() > kMaxPromptSize) {
    return corrupt(fmt::format("{}: a prompt of {} bytes came; expected a line of at most {}",
                               service_.origin(), line.size(), kMaxPromptSize));
  }
  return line;
}

}  // namespace assay::generators
