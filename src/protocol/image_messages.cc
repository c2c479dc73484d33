#include "protocol/image_messages.h"

#include "core/check.h"
#include "crypto/base64.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace assay::protocol {
namespace {

/// Besides the image: names, addresses and signatures, some 2 kB.
constexpr std::uint64_t kMaxEnvelope = 64U << 10;
constexpr std::size_t kMaxDepth = 8;

std::uint64_t base64_size(ByteCount bytes) { return (bytes.count() + 2) / 3 * 4; }

// Python writes what JSON has no words for; only these tokens tell such an answer from garbage.
bool has_python_constant(std::string_view body) {
  constexpr std::array<std::string_view, 6> kTokens = {": NaN",     ":NaN",        ": Infinity",
                                                       ":Infinity", ": -Infinity", ":-Infinity"};
  return std::ranges::any_of(kTokens, [&](std::string_view token) { return body.contains(token); });
}

struct SplitBody {
  std::string_view before;
  std::string_view image;  // between its quotes
  std::string_view after;
};

std::optional<SplitBody> split_at_image(std::string_view body) {
  constexpr std::string_view kName = R"("image")";
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto at = [&](std::size_t place) { return place < body.size() ? body[place] : '\0'; };
  const std::size_t name = body.find(kName);
  if (name == std::string_view::npos) return std::nullopt;
  const std::size_t colon = body.find_first_not_of(kBlanks, name + kName.size());
  if (at(colon) != ':') return std::nullopt;
  const std::size_t begin = body.find_first_not_of(kBlanks, colon + 1);
  if (at(begin) != '"') return std::nullopt;
  const std::size_t end = body.find('"', begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return SplitBody{.before = body.substr(0, begin + 1),
                   .image = body.substr(begin + 1, end - begin - 1),
                   .after = body.substr(end)};
}

// Nearly all of a body is its image, and a JSON reader goes through it letter by letter. Base64
// between two quotes means nothing to JSON: with a mark in its place the rest is JSON if the whole
// is, of the same form. That holds for the one mark that is not in the rest, nor can be written
// there by an escape; every other body gets nothing here, and is read as a whole.
std::optional<std::vector<std::byte>> read_usual_body(std::string_view body, ByteCount max_image) {
  constexpr std::string_view kMark = "~";
  const auto split = split_at_image(body);
  if (!split || split->image.empty() || split->image.size() > base64_size(max_image)) {
    return std::nullopt;
  }
  std::string rest;
  rest.reserve(split->before.size() + split->after.size() + kMark.size());
  rest.append(split->before).append(split->after);
  if (rest.find_first_of(R"(~\)") != std::string::npos) return std::nullopt;
  auto image = crypto::base64_decode(split->image);
  if (!image) return std::nullopt;
  rest.insert(split->before.size(), kMark);
  const auto value = json::parse(rest, {.max_depth = kMaxDepth});
  const json::Value* const field = value ? value->find("image") : nullptr;
  const std::string* const text = field != nullptr ? field->text() : nullptr;
  if (text == nullptr || *text != kMark) return std::nullopt;
  return std::move(*image);
}

}  // namespace

std::string write_image_request(std::span<const std::byte> image,
                                std::chrono::milliseconds timeout) {
  json::Writer writer;
  writer.begin_object();
  writer.name("name").text(kImageSynapse);
  writer.name("timeout").number(std::chrono::duration<double>(timeout).count());
  writer.name("testnet_label").integer(kNoLabel);
  writer.name("image").text(crypto::base64_encode(image));
  writer.name("prediction").number(kNoPrediction);
  return writer.end_object().take();
}

Result<ImageRequest> parse_image_request(std::string_view body, const ImageLimits& limits) {
  const ByteCount max_body(base64_size(limits.max_image) + kMaxEnvelope);
  if (body.size() <= max_body.count()) {
    auto image = read_usual_body(body, limits.max_image);
    if (image) return ImageRequest{.image = std::move(*image)};
  }
  auto value = json::parse(body, {.max_depth = kMaxDepth, .max_size = max_body});
  if (!value && value.error().code == ErrorCode::kExhausted) return std::move(value.error());
  if (!value) return invalid_input("the body is not JSON: " + value.error().message);
  const json::Value* field = value->find("image");
  const std::string* text = field != nullptr ? field->text() : nullptr;
  if (text == nullptr || text->empty()) {
    return invalid_input("the field image is missing, empty or no text");
  }
  if (text->size() > base64_size(limits.max_image)) {
    return exhausted(fmt::format("the image is larger than {}", to_string(limits.max_image)));
  }
  auto image = crypto::base64_decode(*text);
  if (!image) return invalid_input("the field image is not base64");
  return ImageRequest{.image = std::move(*image)};
}

std::string write_image_answer(double prediction) {
  CHECK(prediction == kNoPrediction || (prediction >= 0 && prediction <= 1),
        "an answer is a probability or none");
  json::Writer writer;
  writer.begin_object();
  writer.name("name").text(kImageSynapse);
  writer.name("testnet_label").integer(kNoLabel);
  writer.name("image").text("");
  writer.name("prediction").number(prediction);
  return writer.end_object().take();
}

std::string_view to_string(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::kPrediction:
      return "prediction";
    case AnswerKind::kDeclined:
      return "declined";
    case AnswerKind::kUnreadable:
      return "unreadable";
    case AnswerKind::kWrongType:
      return "wrong type";
    case AnswerKind::kNotFinite:
      return "not finite";
    case AnswerKind::kOutOfRange:
      return "out of range";
  }
  CHECK(false, "an AnswerKind outside its enumerators");
}

ImageAnswer read_image_answer(std::string_view body, ByteCount max_body) {
  const auto value = json::parse(body, {.max_depth = kMaxDepth, .max_size = max_body});
  if (!value) {
    return {.kind = body.size() <= max_body.count() && has_python_constant(body)
                        ? AnswerKind::kNotFinite
                        : AnswerKind::kUnreadable};
  }
  const json::Value* field = value->find("prediction");
  if (field == nullptr) return {.kind = AnswerKind::kUnreadable};
  if (field->is_null()) return {.kind = AnswerKind::kDeclined};
  const auto number = field->number();
  if (!number) return {.kind = AnswerKind::kWrongType};
  if (!std::isfinite(*number)) return {.kind = AnswerKind::kNotFinite};
  if (*number == kNoPrediction) return {.kind = AnswerKind::kDeclined};
  if (*number < 0 || *number > 1) return {.kind = AnswerKind::kOutOfRange};
  return {.kind = AnswerKind::kPrediction, .prediction = *number};
}

}  // namespace assay::protocol
