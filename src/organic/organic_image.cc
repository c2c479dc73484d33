#include "organic/organic_image.h"

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/probe.h"
#include "images/resize.h"
#include "images/transform.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::organic {
namespace {

/// Besides the image.
constexpr std::uint64_t kMaxEnvelope = 64U << 10;
constexpr std::size_t kMaxDepth = 8;
/// As challenges are.
constexpr std::uint32_t kSide = 224;
constexpr int kJpegQuality = 75;

std::uint64_t base64_size(ByteCount bytes) { return (bytes.count() + 2) / 3 * 4; }

/// Clients of the old proxy send a text.
bool is_true(const json::Value* value) {
  if (value == nullptr) return false;
  if (const std::string* text = value->text()) return *text == "true" || *text == "True";
  return value->boolean().value_or(false);
}

}  // namespace

ByteCount max_request_body(const ImageLimits& limits) {
  return ByteCount(base64_size(limits.max_image) + kMaxEnvelope);
}

Result<OrganicRequest> parse_organic_request(std::string_view body, const ImageLimits& limits) {
  auto value = json::parse(body, {.max_depth = kMaxDepth, .max_size = max_request_body(limits)});
  if (!value && value.error().code == ErrorCode::kExhausted) return std::move(value.error());
  if (!value) return invalid_input("the body is not JSON: " + value.error().message);
  const json::Value* const field = value->find("image");
  const std::string* const text = field == nullptr ? nullptr : field->text();
  if (text == nullptr || text->empty()) {
    return invalid_input("the field image is missing, empty or no text");
  }
  if (text->size() > base64_size(limits.max_image)) {
    return exhausted(fmt::format("the image is larger than {}", to_string(limits.max_image)));
  }
  auto image = crypto::base64_decode(*text);
  if (!image) return invalid_input("the field image is not base64");
  const auto header = images::probe(*image);
  if (!header) {
    return invalid_input(fmt::format("the image is not taken: {}", to_string(header.error().kind)));
  }
  if (header->size.num_pixels() > limits.max_pixels) {
    return exhausted(fmt::format("the image has more than {} pixels", limits.max_pixels));
  }
  const Sha256 content = crypto::sha256(*image);
  return OrganicRequest{
      .image = std::move(*image), .content = content, .is_rich = is_true(value->find("rich"))};
}

Result<std::vector<std::byte>> prepare_image(std::span<const std::byte> image,
                                             const ImageLimits& limits) {
  const auto decoded = images::Decoder().decode(
      image, {.max_encoded_size = limits.max_image, .max_pixels = limits.max_pixels});
  if (!decoded) {
    Error error = decoded.error().to_error();
    error.message = fmt::format("the image is not taken: {}", to_string(decoded.error().kind));
    return error;
  }
  const images::ImageSize size = decoded->image.size();
  const std::uint32_t side = std::min(size.width, size.height);
  const images::Image square = images::crop(
      decoded->image,
      {.left = (size.width - side) / 2, .top = (size.height - side) / 2, .size = {side, side}});
  return images::encode_jpeg(
      images::resize(square, {kSide, kSide}, images::ResizeFilter::kBilinear),
      {.quality = kJpegQuality, .chroma = images::ChromaSampling::kQuarter});
}

}  // namespace assay::organic
