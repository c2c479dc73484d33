#include "organic/organic_image.h"

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/testing/pictures.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::organic {
namespace {

std::vector<std::byte> png(images::ImageSize size) {
  return images::encode_png(images::testing::picture(size, 1)).value();
}

std::string body_of(std::span<const std::byte> image, std::string_view more = "") {
  return fmt::format(R"({{"image": "{}"{}}})", crypto::base64_encode(image), more);
}

/// A PNG of some bytes whose header tells of a huge image.
std::vector<std::byte> bomb(std::uint32_t side) {
  std::vector<std::byte> bytes = png({8, 8});
  for (const std::size_t at : {16U, 20U}) {
    for (std::size_t i = 0; i < 4; ++i) {
      bytes.at(at + i) = static_cast<std::byte>(side >> (24 - 8 * i));
    }
  }
  // The checksum of the header counts too.
  std::uint32_t crc = 0xffffffff;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<std::uint32_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
  }
  crc = ~crc;
  for (std::size_t i = 0; i < 4; ++i)
    bytes.at(29 + i) = static_cast<std::byte>(crc >> (24 - 8 * i));
  return bytes;
}

TEST(OrganicImage, IsKnownByItsBytesAlone) {
  const auto image = png({40, 30});
  const auto plain = parse_organic_request(body_of(image), {});
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->content, crypto::sha256(image));
  EXPECT_FALSE(plain->is_rich);
  const auto seeded = parse_organic_request(body_of(image, R"(, "seed": 5, "rich": "true")"), {});
  ASSERT_TRUE(seeded);
  EXPECT_EQ(seeded->content, plain->content);
  EXPECT_TRUE(seeded->is_rich);
  EXPECT_TRUE(parse_organic_request(body_of(image, R"(, "rich": true)"), {})->is_rich);
  EXPECT_FALSE(parse_organic_request(body_of(image, R"(, "rich": "false")"), {})->is_rich);
}

TEST(OrganicImage, WhatIsNoImageIsRefused) {
  for (const std::string body :
       {"", "{", "[]", "{}", R"({"image": 5})", R"({"image": ""})", R"({"image": "*"})",
        R"({"image": "QUJD"})", R"({"image": null})"}) {
    const auto parsed = parse_organic_request(body, {});
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput) << parsed.error().message;
  }
}

TEST(OrganicImage, ABombIsFoundByItsHeader) {
  const auto parsed = parse_organic_request(body_of(bomb(30'000)), {});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kExhausted) << parsed.error().message;
  const auto prepared = prepare_image(bomb(30'000), {});
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, ErrorCode::kExhausted) << prepared.error().message;
}

TEST(OrganicImage, TooManyBytesAreRefused) {
  const auto parsed = parse_organic_request(body_of(png({64, 64})), {.max_image = ByteCount(1000)});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kExhausted);
  const std::string deep = std::string(100'000, '[');
  EXPECT_FALSE(parse_organic_request(deep, {}));
}

TEST(OrganicImage, MinersGetItsMiddleAsASmallJpeg) {
  const auto prepared = prepare_image(png({400, 300}), {});
  ASSERT_TRUE(prepared) << prepared.error().message;
  const auto header = images::probe(*prepared);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->format, images::ImageFormat::kJpeg);
  EXPECT_EQ(header->size, (images::ImageSize{224, 224}));
}

TEST(OrganicImage, WhatEndsTooSoonIsRefused) {
  auto image = png({400, 300});
  image.resize(image.size() / 2);
  EXPECT_TRUE(parse_organic_request(body_of(image), {})) << "its header is whole";
  const auto prepared = prepare_image(image, {});
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace assay::organic
