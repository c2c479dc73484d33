#include "images/decode.h"

#include "crypto/digest.h"
#include "images/resize.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace assay::images {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(ASSAY_TEST_DATA) / "predict";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string digest(std::span<const std::uint8_t> samples) {
  return crypto::sha256(std::as_bytes(samples)).to_hex();
}

json::Value reference_cases() {
  auto cases = json::parse(read_file(kFolder / "images.json"));
  EXPECT_TRUE(cases.has_value());
  return std::move(*cases);
}

TEST(Decode, EqualsTheReferenceInPixelsAndCrop) {
  const json::Value cases = reference_cases();
  Decoder decoder;
  int num_decoded = 0;
  const json::Value* images = cases.find("images");
  ASSERT_NE(images, nullptr);
  const json::Value::Object* by_name = images->object();
  ASSERT_NE(by_name, nullptr);
  for (const auto& [name, expected] : *by_name) {
    if (expected.find("error") != nullptr) continue;
    SCOPED_TRACE(name);
    const std::string encoded = read_file(kFolder / name);
    auto decoded = decoder.decode(as_bytes(encoded));
    ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
    EXPECT_EQ(to_string(decoded->header.mode), *expected.require_text("mode"));
    EXPECT_EQ(decoded->image.width(), *expected.require_integer("width"));
    EXPECT_EQ(decoded->image.height(), *expected.require_integer("height"));
    EXPECT_EQ(digest(decoded->image.pixels()), *expected.require_text("rgb_sha256"));
    std::vector<std::uint8_t> crop(std::size_t{224} * 224 * kNumChannels);
    clip_crop(decoded->image, 224, crop);
    EXPECT_EQ(digest(crop), *expected.require_text("crop224_sha256"));
    decoder.reuse(std::move(decoded->image));
    ++num_decoded;
  }
  EXPECT_EQ(num_decoded, 12);
}

TEST(Decode, RefusesCutFilesAsTruncated) {
  for (const std::string_view name : {"t_truncated.jpg", "u_truncated.png"}) {
    const std::string encoded = read_file(kFolder / name);
    const auto decoded = Decoder().decode(as_bytes(encoded));
    ASSERT_FALSE(decoded.has_value()) << name;
    EXPECT_EQ(decoded.error().kind, RefusalKind::kTruncated) << decoded.error().reason;
    EXPECT_EQ(decode(as_bytes(encoded)).error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace assay::images
