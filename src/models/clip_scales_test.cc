#include "models/clip_scales.h"

#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::models {
namespace {

Sha256 digest_with(std::byte first) {
  Sha256::Bytes bytes{};
  bytes[0] = first;
  return Sha256(bytes);
}

ScaledTower tower() {
  return {.model = digest_with(std::byte{1}),
          .activation = Activation::kGelu,
          .shape = {.width = 2, .num_layers = 1, .hidden = 3}};
}

ClipScales scales() {
  return {.model = tower().model,
          .activation = Activation::kGelu,
          .images = {digest_with(std::byte{7})},
          .block_inputs = {0.1F, 0, 3, 4, 5e-7F, 6, 1e9F, 8, 9}};
}

std::string with(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ClipScales, AreReadAsTheyWereWritten) {
  const auto read = parse_clip_scales(to_json(scales()), tower());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->model, scales().model);
  EXPECT_EQ(read->images, scales().images);
  EXPECT_EQ(read->block_inputs, scales().block_inputs);
  EXPECT_EQ(digest_of(*read), digest_of(scales()));
}

TEST(ClipScales, TheirDigestIsOfWhatVectorsDependOn) {
  ClipScales other = scales();
  other.images.clear();
  EXPECT_EQ(digest_of(other), digest_of(scales()));
  other.block_inputs[4] = 6e-7F;
  EXPECT_NE(digest_of(other), digest_of(scales()));
  other = scales();
  other.activation = Activation::kQuickGelu;
  EXPECT_NE(digest_of(other), digest_of(scales()));
  other = scales();
  other.model = digest_with(std::byte{2});
  EXPECT_NE(digest_of(other), digest_of(scales()));
}

TEST(ClipScales, DamageIsTold) {
  const std::string whole = to_json(scales());
  for (const auto& [from, to] : {std::pair("1000000000", "1000000001.5e3"),
                                 {"[0.1", "[0.2"},
                                 {"[0.1", "[-0.1"},
                                 {"[0.1", "[\"a\""},
                                 {"\"images\"", "\"image\""},
                                 {"\"version\":1", "\"version\":\"1\""},
                                 {"\"sha256\":\"", "\"sha256\":\"x"},
                                 {"\"model\":\"01", "\"model\":\"0"}}) {
    const auto read = parse_clip_scales(with(whole, from, to), tower());
    ASSERT_FALSE(read) << from;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt) << from << ": " << read.error().message;
  }
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(parse_clip_scales(whole.substr(0, size), tower())) << size;
  }
}

TEST(ClipScales, ThoseOfAnotherTowerAreRefused) {
  const std::string json = to_json(scales());
  const auto refusal = [&](const ScaledTower& other) {
    const auto read = parse_clip_scales(json, other);
    EXPECT_FALSE(read);
    return read ? std::string() : read.error().message;
  };
  ScaledTower other = tower();
  other.model = digest_with(std::byte{2});
  EXPECT_NE(refusal(other).find("other weights"), std::string::npos);
  other = tower();
  other.activation = Activation::kQuickGelu;
  EXPECT_NE(refusal(other).find("not quickgelu"), std::string::npos);
  other = tower();
  other.shape.num_layers = 2;
  EXPECT_NE(refusal(other).find("9 numbers"), std::string::npos);
  const auto newer = parse_clip_scales(with(json, "\"version\":1", "\"version\":2"), tower());
  ASSERT_FALSE(newer);
  EXPECT_NE(newer.error().message.find("of version 2"), std::string::npos);
}

TEST(ClipScales, AFileThatDoesNotServeIsNamedWithTheRemedy) {
  files::testing::SimulatedFileSystem disk;
  const auto path = clip_scales_path("/m/ViT-B-32.safetensors", Activation::kGelu);
  EXPECT_EQ(path, "/m/ViT-B-32.safetensors.int8-gelu.json");
  const auto none = read_clip_scales(disk, path, tower());
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  ASSERT_TRUE(write_clip_scales(disk, path, scales()));
  const auto there = read_clip_scales(disk, path, tower());
  ASSERT_TRUE(there && *there);
  EXPECT_EQ((*there)->block_inputs, scales().block_inputs);
  ScaledTower other = tower();
  other.model = digest_with(std::byte{2});
  const auto foreign = read_clip_scales(disk, path, other);
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message.find(path.native()), std::string::npos);
  EXPECT_NE(foreign.error().message.find("remove the file"), std::string::npos);
}

}  // namespace
}  // namespace assay::models
