/// \file
/// The tower against embeddings that open_clip computed from the same weights and images. Run by
/// itself: the weights are 351 MB, made once into the build folder. ASSAY_CLIP_WEIGHTS names them.

#include "core/check.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "images/decode.h"
#include "images/resize.h"
#include "images/scene.h"
#include "json/value.h"
#include "models/clip_image.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

const std::filesystem::path kFolder = ASSAY_TEST_DATA;

std::string bytes_of(const std::filesystem::path& path) {
  return files::read_file(files::posix_file_system(), path, ByteCount(1U << 24U)).value();
}

struct Reference {
  std::vector<std::string> names;
  std::vector<std::uint8_t> crops;
  std::map<std::string, std::vector<float>> vectors;  // by activation
};

Reference read_reference() {
  Reference reference;
  const json::Value expected = json::parse(bytes_of(kFolder / "models/embeddings.json")).value();
  const json::Value* images = expected.find("images");
  CHECK(images != nullptr && images->object() != nullptr, "embeddings.json holds no images");
  for (const auto& [name, image] : *images->object()) {
    const std::string encoded = bytes_of(kFolder / "predict" / name);
    const auto decoded = images::decode(as_bytes(encoded));
    EXPECT_TRUE(decoded) << name;
    std::vector<std::uint8_t> crop(std::size_t{3} * 224 * 224);
    images::clip_crop(*decoded, 224, crop);
    EXPECT_EQ(crypto::sha256(std::as_bytes(std::span(crop))).to_hex(),
              image.require_text("crop224_sha256").value())
        << name;
    reference.names.push_back(name);
    reference.crops.insert(reference.crops.end(), crop.begin(), crop.end());
    for (const std::string activation : {"gelu", "quickgelu"}) {
      const json::Value* values = image.find(activation);
      CHECK(values != nullptr && values->list() != nullptr, "embeddings.json holds no vector");
      for (const json::Value& value : *values->list()) {
        reference.vectors[activation].push_back(static_cast<float>(*value.number()));
      }
    }
  }
  return reference;
}

const Reference& reference() {
  static const Reference once = read_reference();
  return once;
}

ClipImageEncoder load(const ClipOptions& options) {
  auto source = files::open_byte_source(files::posix_file_system(), getenv("ASSAY_CLIP_WEIGHTS"));
  EXPECT_TRUE(source);
  const auto checkpoint = open_checkpoint(std::move(*source));
  EXPECT_TRUE(checkpoint);
  auto encoder = ClipImageEncoder::load(*checkpoint, options);
  EXPECT_TRUE(encoder) << encoder.error().message;
  return std::move(*encoder);
}

struct Difference {
  double lowest_cosine = 1;
  double largest = 0;
};

Difference compare(const ClipImageEncoder& encoder, const std::vector<float>& expected) {
  std::vector<float> got(expected.size());
  EXPECT_TRUE(encoder.encode(reference().crops, got));
  Difference difference;
  for (std::size_t image = 0; image < reference().names.size(); ++image) {
    double product = 0;
    double left = 0;
    double right = 0;
    for (std::size_t i = image * 512; i < (image + 1) * 512; ++i) {
      product += double{got[i]} * expected[i];
      left += double{got[i]} * got[i];
      right += double{expected[i]} * expected[i];
      difference.largest = std::max(difference.largest, std::abs(double{got[i]} - expected[i]));
    }
    difference.lowest_cosine =
        std::min(difference.lowest_cosine, product / std::sqrt(left * right));
  }
  fmt::print("cosine >= {:.8f}, largest difference {:.2e}\n", difference.lowest_cosine,
             difference.largest);
  return difference;
}

TEST(ClipReference, Fp32EqualsOpenClipUnderBothActivations) {
  for (const Activation activation : {Activation::kGelu, Activation::kQuickGelu}) {
    const auto encoder =
        load({.activation = activation, .precision = Precision::kFp32, .num_workers = 2});
    EXPECT_EQ(to_string(encoder.shape()), "ViT-B/32");
    const Difference difference =
        compare(encoder, reference().vectors.at(std::string(to_string(activation))));
    EXPECT_GE(difference.lowest_cosine, 0.99999);
    EXPECT_LE(difference.largest, 5e-4);
  }
}

/// Where bf16 is imitated an image takes half a minute: see imitation_warning().
bool computes_bf16() { return find_device("CPU")->computes_bf16; }

TEST(ClipReference, Bf16StaysNearOpenClip) {
  if (!computes_bf16()) GTEST_SKIP() << "needs a processor with AVX512-BF16 or AMX";
  const auto encoder = load({.precision = Precision::kBf16});
  EXPECT_EQ(encoder.precision(), Precision::kBf16);
  EXPECT_GE(compare(encoder, reference().vectors.at("gelu")).lowest_cosine, 0.999);
}

/// Pictures of another kind than those that are compared.
std::vector<std::uint8_t> drawn_crops() {
  constexpr std::uint64_t kNumPictures = 48;
  std::vector<std::uint8_t> crops;
  for (std::uint64_t i = 0; i < kNumPictures; ++i) {
    const images::SceneLabel label =
        i % 2 == 0 ? images::SceneLabel::kNone : images::SceneLabel::kRoadwork;
    const auto drawn =
        images::draw_scene(images::plan_scene(i, label), {.width = 224, .height = 224});
    crops.insert(crops.end(), drawn.pixels().begin(), drawn.pixels().end());
  }
  return crops;
}

TEST(ClipReference, Int8StaysNearOpenClipAndIsTheSameEachTime) {
  // Elsewhere int8 is refused: ClipInt8.IsRefusedWhereSumsOfBytesOverflow.
  if (!find_device("CPU")->computes_int8) GTEST_SKIP() << "needs a processor with VNNI";
  auto source = files::open_byte_source(files::posix_file_system(), getenv("ASSAY_CLIP_WEIGHTS"));
  ASSERT_TRUE(source);
  const auto checkpoint = open_checkpoint(std::move(*source));
  ASSERT_TRUE(checkpoint);
  const auto inputs = ClipImageEncoder::measure_block_inputs(*checkpoint, {}, drawn_crops());
  ASSERT_TRUE(inputs) << inputs.error().message;
  std::vector<float> first(reference().names.size() * 512);
  for (const std::size_t batch_size : {16U, 8U}) {
    const auto encoder =
        load({.precision = Precision::kInt8, .batch_size = batch_size, .block_inputs = *inputs});
    EXPECT_GE(compare(encoder, reference().vectors.at("gelu")).lowest_cosine, 0.998);
    std::vector<float> vectors(first.size());
    ASSERT_TRUE(encoder.encode(reference().crops, vectors));
    if (batch_size == 16) first = vectors;
    EXPECT_EQ(vectors, first);
  }
}

TEST(ClipReference, AVectorDependsNeitherOnItsPlaceNorOnItsBatch) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    if (precision == Precision::kBf16 && !computes_bf16()) continue;
    const auto encoder = load({.precision = precision, .num_workers = 2});
    const std::size_t count = reference().names.size();
    std::vector<float> together(count * 512);
    ASSERT_TRUE(encoder.encode(reference().crops, together));
    const std::span crops(reference().crops);
    for (std::size_t i = 0; i < count; i += 5) {
      std::vector<float> alone(512);
      ASSERT_TRUE(
          encoder.encode(crops.subspan(i * encoder.crop_size(), encoder.crop_size()), alone));
      EXPECT_TRUE(std::ranges::equal(alone, std::span(together).subspan(i * 512, 512)));
    }
  }
}

}  // namespace
}  // namespace assay::models
