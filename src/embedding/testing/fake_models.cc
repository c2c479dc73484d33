#include "embedding/testing/fake_models.h"

#include "core/bytes.h"
#include "core/check.h"
#include "files/byte_source.h"
#include "images/encode.h"
#include "images/image.h"
#include "models/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::embedding::testing {
namespace {

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

models::MlpHead load(std::string file, models::HeadKind kind) {
  auto checkpoint =
      models::open_checkpoint(files::memory_byte_source("head.safetensors", std::move(file)));
  CHECK(checkpoint.has_value(), "the checkpoint is right");
  auto head = models::MlpHead::load(*checkpoint, kind);
  CHECK(head.has_value(), "the head is right");
  return std::move(*head);
}

}  // namespace

Status FakeEmbedder::embed(std::span<const std::uint8_t> crops, std::span<float> vectors) const {
  const std::size_t pixels = std::size_t{crop_side()} * crop_side();
  const std::size_t count = crops.size() / (pixels * images::kNumChannels);
  std::ranges::fill(vectors, 0.0F);
  for (std::size_t i = 0; i < count; ++i) {
    if (num_embedded_.fetch_add(1) >= fail_after_) return internal("the model broke down");
    std::array<double, images::kNumChannels> sums{};
    for (std::size_t k = 0; k < pixels * images::kNumChannels; ++k) {
      sums.at(k % images::kNumChannels) += crops[(i * pixels * images::kNumChannels) + k];
    }
    for (std::size_t channel = 0; channel < sums.size(); ++channel) {
      vectors[(i * dimension()) + channel] =
          static_cast<float>(sums.at(channel) / static_cast<double>(pixels));
    }
  }
  return {};
}

std::string safetensors_of_layer(std::size_t in, std::size_t out, const std::vector<float>& weight,
                                 const std::vector<float>& bias) {
  const std::size_t weight_size = weight.size() * sizeof(float);
  std::string header = fmt::format(
      R"({{"net.0.weight":{{"dtype":"F32","shape":[{},{}],"data_offsets":[0,{}]}},)"
      R"("net.0.bias":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}}}})",
      out, in, weight_size, out, weight_size, weight_size + (bias.size() * sizeof(float)));
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header +
         bytes_of(weight) + bytes_of(bias);
}

models::MlpHead red_ranker() {
  std::vector<float> weight(512);
  weight[0] = 1.0F / 255;
  return load(safetensors_of_layer(512, 1, weight, {0}), models::HeadKind::kRanker);
}

models::MlpHead middle_crop() {
  constexpr std::size_t kIn = 514;
  return load(safetensors_of_layer(kIn, 4, std::vector<float>(kIn * 4), {-1, -1, 1, 1}),
              models::HeadKind::kCrop);
}

std::string png_of(std::uint32_t width, std::uint32_t height, std::uint8_t red, std::uint8_t green,
                   std::uint8_t blue) {
  images::Image image = images::Image::with_size({.width = width, .height = height});
  const auto pixels = image.pixels();
  for (std::size_t i = 0; i < pixels.size(); i += images::kNumChannels) {
    pixels[i] = red;
    pixels[i + 1] = green;
    pixels[i + 2] = blue;
  }
  const auto encoded = images::encode_png(image);
  CHECK(encoded.has_value(), "an image that can be encoded");
  return std::string(as_text(*encoded));
}

}  // namespace assay::embedding::testing
