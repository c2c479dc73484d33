#include "models/clip_image.h"

#include "core/random.h"
#include "files/byte_source.h"
#include "models/engine.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

Checkpoint tiny() {
  auto opened = open_checkpoint(files::memory_byte_source(
      "tiny.safetensors", testing::make_clip_weights(testing::kTinyClip, 7)));
  return std::move(opened.value());
}

std::vector<std::uint8_t> random_crops(std::size_t size) {
  SeededRandom random(3);
  std::vector<std::uint8_t> crops(size);
  std::ranges::generate(crops, [&] { return static_cast<std::uint8_t>(random.next()); });
  return crops;
}

std::vector<float> encode(const ClipImageEncoder& encoder, const std::vector<std::uint8_t>& crops) {
  std::vector<float> vectors(crops.size() / encoder.crop_size() * encoder.shape().output_width);
  const Status status = encoder.encode(crops, vectors);
  EXPECT_TRUE(status);
  return vectors;
}

TEST(ClipShape, IsReadFromTheTensors) {
  const auto shape = read_clip_shape(tiny());
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->width, 64U);
  EXPECT_EQ(shape->num_layers, 2U);
  EXPECT_EQ(shape->num_heads, 1U);
  EXPECT_EQ(shape->crop_side(), 8U);
  EXPECT_EQ(shape->num_tokens(), 5U);
  EXPECT_EQ(to_string(*shape), "ViT width 64, 2 layers, patch 4");
}

TEST(ClipImage, AVectorDependsNeitherOnItsPlaceNorOnItsBatch) {
  const auto encoder = ClipImageEncoder::load(
      tiny(), {.precision = Precision::kFp32, .num_workers = 1, .batch_size = 4});
  ASSERT_TRUE(encoder) << encoder.error().message;
  const auto crops = random_crops(10 * encoder->crop_size());
  const std::vector<float> together = encode(*encoder, crops);
  const std::size_t size = encoder->crop_size();
  for (std::size_t i = 0; i < 10; ++i) {
    const std::vector<std::uint8_t> one(
        crops.begin() + static_cast<std::ptrdiff_t>(i * size),
        crops.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    const std::vector<float> alone = encode(*encoder, one);
    EXPECT_TRUE(std::ranges::equal(alone, std::span(together).subspan(i * 512, 512))) << i;
  }
}

TEST(ClipImage, ManyThreadsGetWhatOneGets) {
  const auto encoder = ClipImageEncoder::load(
      tiny(), {.precision = Precision::kFp32, .num_workers = 2, .batch_size = 4});
  ASSERT_TRUE(encoder) << encoder.error().message;
  const auto crops = random_crops(9 * encoder->crop_size());
  const std::vector<float> expected = encode(*encoder, crops);
  std::vector<std::vector<float>> got(4);
  {
    std::vector<std::jthread> threads;
    for (auto& vectors : got) {
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) vectors = encode(*encoder, crops);
      });
    }
  }
  for (const auto& vectors : got) EXPECT_EQ(vectors, expected);
}

TEST(ClipImage, NamesOfHuggingFaceGiveTheSameTower) {
  const auto renamed = open_checkpoint(files::memory_byte_source(
      "model.safetensors", testing::make_hugging_face_weights(testing::kTinyClip, 7)));
  ASSERT_TRUE(renamed) << renamed.error().message;
  const auto other = ClipImageEncoder::load(*renamed, {.precision = Precision::kFp32});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->shape().names, ClipNames::kHuggingFace);
  const auto encoder = ClipImageEncoder::load(tiny(), {.precision = Precision::kFp32});
  ASSERT_TRUE(encoder);
  const auto crops = random_crops(encoder->crop_size());
  const auto expected = encode(*encoder, crops);
  const auto got = encode(*other, crops);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5);
}

TEST(ClipShape, NamesTheTensorThatIsMissingOrOfAnotherShape) {
  const Checkpoint whole = tiny();
  const auto refusal = [&](const std::string& without, const std::optional<Shape>& shape) {
    TensorIndex tensors = whole.tensors();
    if (shape) {
      tensors.at(without).shape = *shape;
    } else {
      tensors.erase(without);
    }
    const auto read =
        read_clip_shape(Checkpoint(files::memory_byte_source("t", ""), std::move(tensors)));
    return read ? std::string() : read.error().message;
  };
  for (const auto& [name, info] : whole.tensors()) {
    EXPECT_NE(refusal(name, std::nullopt).find("'" + name + "'"), std::string::npos)
        << name << ": " << refusal(name, std::nullopt);
    Shape longer = info.shape;
    longer.push_back(1);
    EXPECT_NE(refusal(name, longer).find("'" + name + "'"), std::string::npos) << name;
  }
}

TEST(ClipImage, ActivationsDiffer) {
  const auto load = [](Activation activation) {
    return ClipImageEncoder::load(tiny(),
                                  {.activation = activation, .precision = Precision::kFp32});
  };
  const auto gelu = load(Activation::kGelu);
  const auto quick = load(Activation::kQuickGelu);
  ASSERT_TRUE(gelu && quick);
  const auto crops = random_crops(gelu->crop_size());
  EXPECT_NE(encode(*gelu, crops), encode(*quick, crops));
}

std::vector<float> measure(const std::vector<std::uint8_t>& crops, std::size_t batch_size) {
  auto inputs = ClipImageEncoder::measure_block_inputs(tiny(), {.batch_size = batch_size}, crops);
  EXPECT_TRUE(inputs);
  return std::move(inputs).value_or(std::vector<float>());
}

std::size_t tiny_crop_size() {
  const std::uint64_t side = read_clip_shape(tiny())->crop_side();
  return side * side * 3;
}

TEST(ClipInt8, WhatEntersIsMeasuredOnEachImageByItself) {
  const std::size_t size = tiny_crop_size();
  const auto crops = random_crops(5 * size);
  const std::vector<float> together = measure(crops, 4);
  EXPECT_EQ(together.size(), read_clip_shape(tiny())->num_block_inputs());
  EXPECT_GT(std::ranges::min(together), 0);
  EXPECT_EQ(measure(crops, 2), together);
  std::vector<float> largest(together.size());
  for (auto from = crops.begin(); from != crops.end();) {
    const auto to = from + static_cast<std::ptrdiff_t>(size);
    const std::vector<float> one = measure({from, to}, 1);
    std::ranges::transform(one, largest, largest.begin(),
                           [](float a, float b) { return std::max(a, b); });
    from = to;
  }
  for (std::size_t i = 0; i < largest.size(); ++i) {
    EXPECT_NEAR(largest[i], together[i], 1e-4 * together[i]) << i;
  }
}

TEST(ClipInt8, IsNearFp32AndDependsNeitherOnPlaceNorBatch) {
  // Elsewhere int8 is refused: ClipInt8.IsRefusedWhereSumsOfBytesOverflow.
  if (!find_device("CPU")->computes_int8) GTEST_SKIP() << "needs a processor with VNNI";
  const auto crops = random_crops(10 * tiny_crop_size());
  const std::vector<float> inputs = measure(crops, 16);
  const auto encoder = ClipImageEncoder::load(
      tiny(), {.precision = Precision::kInt8, .batch_size = 4, .block_inputs = inputs});
  ASSERT_TRUE(encoder) << encoder.error().message;
  EXPECT_EQ(encoder->precision(), Precision::kInt8);
  const std::vector<float> together = encode(*encoder, crops);
  const auto exact = ClipImageEncoder::load(tiny(), {.precision = Precision::kFp32});
  ASSERT_TRUE(exact);
  const std::vector<float> expected = encode(*exact, crops);
  EXPECT_NE(together, expected);
  const std::size_t size = encoder->crop_size();
  for (std::size_t i = 0; i < 10; ++i) {
    const std::vector<std::uint8_t> one(
        crops.begin() + static_cast<std::ptrdiff_t>(i * size),
        crops.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
    EXPECT_TRUE(
        std::ranges::equal(encode(*encoder, one), std::span(together).subspan(i * 512, 512)));
    double product = 0;
    double left = 0;
    double right = 0;
    for (std::size_t at = i * 512; at < (i + 1) * 512; ++at) {
      product += double{together[at]} * expected[at];
      left += double{together[at]} * together[at];
      right += double{expected[at]} * expected[at];
    }
    EXPECT_GE(product / std::sqrt(left * right), 0.999) << i;
  }
}

TEST(ClipInt8, IsRefusedWhereSumsOfBytesOverflow) {
  const Device old{.name = "CPU", .full_name = "An old processor", .computes_int8 = false};
  const Status refused = require_int8(old);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(refused.error().message.contains("An old processor")) << refused.error().message;
  EXPECT_TRUE(refused.error().message.contains("take auto")) << refused.error().message;
}

TEST(ClipImage, TellsWhatAProcessorOnlyImitates) {
  const Device old{.name = "CPU", .full_name = "An old processor"};
  const Device able{.name = "CPU", .full_name = "A new processor", .computes_bf16 = true};
  EXPECT_TRUE(imitation_warning(Precision::kBf16, old).contains("An old processor does not"));
  EXPECT_EQ(imitation_warning(Precision::kBf16, able), "");
  EXPECT_EQ(imitation_warning(resolve(Precision::kAuto, old), old), "");
  EXPECT_EQ(imitation_warning(Precision::kFp32, old), "");
}

TEST(ClipInt8, NeedsWhatWasMeasuredOnThisTower) {
  const std::vector<float> inputs(7, 1.0F);
  const auto encoder =
      ClipImageEncoder::load(tiny(), {.precision = Precision::kInt8, .block_inputs = inputs});
  ASSERT_FALSE(encoder);
  // Elsewhere int8 is refused: ClipInt8.IsRefusedWhereSumsOfBytesOverflow.
  if (!find_device("CPU")->computes_int8) GTEST_SKIP() << "needs a processor with VNNI";
  EXPECT_EQ(encoder.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(encoder.error().message.find("7 block inputs"), std::string::npos);
}

TEST(ClipImage, AnUnknownDeviceIsNamedWithThoseThatAreThere) {
  const auto encoder = ClipImageEncoder::load(tiny(), {.device = "ABACUS"});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().code, ErrorCode::kMissing);
  EXPECT_NE(encoder.error().message.find("'ABACUS'"), std::string::npos);
  EXPECT_NE(encoder.error().message.find("CPU"), std::string::npos) << encoder.error().message;
}

}  // namespace
}  // namespace assay::models
