#include "crypto/base64.h"
#include "crypto/digest.h"
#include "generators/dialect_internal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <span>
#include <utility>

// The form of https://platform.openai.com/docs/api-reference/images, which many local servers
// speak too: generations as JSON, edits as a form with the source as a file.

namespace assay::generators {
namespace {

/// Its newer models give base64 always, and refuse to be asked for it.
bool names_the_form(const ServiceModel& model) { return !model.name.starts_with("gpt-image"); }

std::string size_text(images::ImageSize size) {
  return fmt::format("{}x{}", size.width, size.height);
}

ServiceQuestion form_of(const ImageOrder& order, const ServiceModel& model) {
  const std::string_view image(reinterpret_cast<const char*>(order.source.data()),
                               order.source.size());
  // No text that is sent holds its own digest.
  const std::string boundary =
      fmt::format("assay-{}", crypto::sha256(fmt::format("{}{}", order.prompt, image)).to_hex());
  std::string body;
  const auto part = [&](std::string_view name, std::string_view more, std::string_view content) {
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n\r\n", boundary,
                        name, more);
    body += content;
    body += "\r\n";
  };
  part("image", "; filename=\"source.png\"\r\nContent-Type: image/png", image);
  part("prompt", "", order.prompt);
  if (!model.name.empty()) part("model", "", model.name);
  part("n", "", "1");
  part("size", "", size_text(order.size));
  if (names_the_form(model)) part("response_format", "", "b64_json");
  body += fmt::format("--{}--\r\n", boundary);
  return {.path = "/v1/images/edits",
          .content_type = "multipart/form-data; boundary=" + boundary,
          .body = std::move(body)};
}

}  // namespace

ServiceQuestion openai_question(const ImageOrder& order, const ServiceModel& model) {
  if (!order.source.empty()) return form_of(order, model);
  json::Writer writer;
  writer.begin_object();
  writer.name("prompt").text(order.prompt);
  if (!model.name.empty()) writer.name("model").text(model.name);
  writer.name("n").integer(1);
  writer.name("size").text(size_text(order.size));
  if (names_the_form(model)) writer.name("response_format").text("b64_json");
  writer.end_object();
  return {.path = "/v1/images/generations", .body = writer.take()};
}

Result<ServiceAnswer> openai_answer(const json::Value& answer) {
  const json::Value* const data = answer.find("data");
  if (data == nullptr || data->list() == nullptr || data->list()->empty()) {
    return corrupt("the answer has no image: expected a list `data` with one");
  }
  const json::Value& first = data->list()->front();
  const auto text_of = [&](std::string_view name) {
    const json::Value* const value = first.find(name);
    return value != nullptr && value->text() != nullptr ? *value->text() : std::string();
  };
  ServiceAnswer found{.base64 = text_of("b64_json"), .address = text_of("url")};
  if (!found.base64.empty()) found.address.clear();
  if (!found.base64.empty() || !found.address.empty()) return found;
  return corrupt("the answer has no image: expected `b64_json` or `url`");
}

}  // namespace assay::generators
