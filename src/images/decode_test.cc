#include "images/decode.h"

#include "compress/inflate.h"
#include "core/random.h"
#include "crypto/digest.h"
#include "images/encode.h"
#include "images/perceptual_hash.h"
#include "images/png_chunks_internal.h"
#include "images/resize.h"
#include "images/scene.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace assay::images {
namespace {

const std::filesystem::path kTests = ASSAY_TESTS;
const std::filesystem::path kFolder = kTests / "data" / "predict";
/// A small image of each kind; those called otherwise hold the ramp.
const std::filesystem::path kKinds = kTests / "fuzz" / "seeds" / "image";

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

std::vector<std::filesystem::path> kinds() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kKinds)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

Readable<DecodedImage> decode_kind(std::string_view name, const DecodeOptions& options = {}) {
  return Decoder().decode(as_bytes(read_file(kKinds / name)), options);
}

/// How far the samples are from those of the ramp that the files of all formats were made from.
int distance_from_ramp(const Image& image) {
  int largest = 0;
  for (std::uint32_t y = 0; y < image.height(); ++y) {
    for (std::uint32_t x = 0; x < image.width(); ++x) {
      const std::uint8_t* pixel = image.row(y) + (x * kNumChannels);
      largest = std::max({largest, std::abs(pixel[0] - static_cast<int>(x * 8)),
                          std::abs(pixel[1] - static_cast<int>(y * 10)), std::abs(pixel[2] - 128)});
    }
  }
  return largest;
}

TEST(Decode, ReadsEveryKind) {
  for (const auto& path : kinds()) {
    const auto decoded = Decoder().decode(as_bytes(read_file(path)));
    EXPECT_TRUE(decoded.has_value()) << path << ": " << decoded.error().reason;
  }
}

TEST(Decode, FindsTheRampInLosslessAndModernFormats) {
  for (const std::string_view name : {"animated.png", "animated.webp", "rgb.bmp", "raw.tif",
                                      "tiff_lzw.tif", "tiff_adobe_deflate.tif", "packbits.tif"}) {
    const auto decoded = decode_kind(name);
    ASSERT_TRUE(decoded.has_value()) << name << ": " << decoded.error().reason;
    EXPECT_EQ(distance_from_ramp(decoded->image), 0) << name;
  }
  for (const std::string_view name : {"ramp.heic", "ramp.avif", "lossy.webp"}) {
    const auto decoded = decode_kind(name);
    ASSERT_TRUE(decoded.has_value()) << name << ": " << decoded.error().reason;
    EXPECT_EQ(decoded->image.size(), (ImageSize{.width = 32, .height = 24}));
    EXPECT_LE(distance_from_ramp(decoded->image), 24) << name;
  }
}

TEST(Decode, TellsAnimationsAndReadsTheirFirstFrame) {
  for (const std::string_view name : {"animated.png", "animated.webp", "animated.gif"}) {
    const auto decoded = decode_kind(name);
    ASSERT_TRUE(decoded.has_value()) << name << ": " << decoded.error().reason;
    EXPECT_TRUE(decoded->header.is_animated) << name;
  }
  EXPECT_FALSE(decode_kind("interlaced.gif")->header.is_animated);
  EXPECT_FALSE(decode_kind("turned.webp")->header.is_animated);
}

TEST(Decode, IgnoresTheOrientationUnlessAsked) {
  for (const std::string_view name : {"turned.png", "turned.webp", "turned.jpg"}) {
    const auto stored = decode_kind(name);
    ASSERT_TRUE(stored.has_value()) << name << ": " << stored.error().reason;
    EXPECT_EQ(stored->header.orientation, Orientation::kTurnRight) << name;
    EXPECT_EQ(stored->image.size(), (ImageSize{.width = 32, .height = 24})) << name;
    const auto upright = decode_kind(name, {.orientation = ExifOrientation::kHonour});
    ASSERT_EQ(upright->image.size(), (ImageSize{.width = 24, .height = 32})) << name;
    // Turned to the right: the lower left corner comes to the upper left.
    EXPECT_TRUE(std::equal(upright->image.row(0), upright->image.row(0) + kNumChannels,
                           stored->image.row(23)))
        << name;
  }
}

TEST(Decode, RefusesMoreThanTheLimits) {
  const auto pixels = decode_kind("rgb.jpg", {.max_pixels = 767});
  ASSERT_FALSE(pixels.has_value());
  EXPECT_EQ(pixels.error().kind, RefusalKind::kOverLimit);
  EXPECT_EQ(pixels.error().reason, "JPEG: 32 x 24 pixels, more than the limit of 767");
  EXPECT_EQ(pixels.error().to_error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(decode_kind("rgb.jpg", {.max_pixels = 768}).has_value());
  const auto bytes = decode_kind("rgb.jpg", {.max_encoded_size = ByteCount(100)});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().kind, RefusalKind::kOverLimit);
}

TEST(Decode, RefusesAHugePngBeforeMemoryIsTaken) {
  std::string encoded = read_file(kFolder / "g_rgb.png");
  // Width and height of 2^31 - 1 each, with the header's checksum.
  encoded.replace(16, 8, "\x7f\xff\xff\xff\x7f\xff\xff\xff");
  const std::uint32_t checksum = compress::crc32(as_bytes(encoded).subspan(12, 17));
  for (std::size_t i = 0; i < 4; ++i) {
    encoded[29 + i] = static_cast<char>(checksum >> (24 - (8 * i)));
  }
  const auto decoded = Decoder().decode(as_bytes(encoded));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().kind, RefusalKind::kOverLimit);
}

TEST(Decode, NamesWhatIsNoImage) {
  EXPECT_EQ(Decoder().decode({}).error().kind, RefusalKind::kTruncated);
  const auto text = Decoder().decode(as_bytes("<html>not found</html>"));
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().kind, RefusalKind::kUnknownFormat);
  EXPECT_EQ(text.error().to_error().code, ErrorCode::kInvalidInput);
}

TEST(Decode, RefusesADamagedPngAsCorrupt) {
  std::string encoded = read_file(kFolder / "g_rgb.png");
  encoded[encoded.size() / 2] ^= 0x40;
  const auto decoded = Decoder().decode(as_bytes(encoded));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().kind, RefusalKind::kCorrupt) << decoded.error().reason;
  EXPECT_EQ(decoded.error().to_error().code, ErrorCode::kCorrupt);
}

TEST(Decode, RefusesHalfOfEachKindAsTruncated) {
  for (const auto& path : kinds()) {
    const std::string encoded = read_file(path);
    const auto decoded = Decoder().decode(as_bytes(encoded).first(encoded.size() / 2));
    if (path.filename() == "animated.gif") {  // its first half is the first frame
      EXPECT_TRUE(decoded.has_value());
      continue;
    }
    ASSERT_FALSE(decoded.has_value()) << path;
    EXPECT_EQ(decoded.error().kind, RefusalKind::kTruncated)
        << path << ": " << decoded.error().reason;
  }
}

TEST(Decode, SurvivesSeededMutations) {
  constexpr int kMutationsPerFile = 12;
  SeededRandom random(7);
  Decoder decoder;
  int num_refused = 0;
  int num_tried = 0;
  for (const auto& path : kinds()) {
    const std::string original = read_file(path);
    for (int i = 0; i < kMutationsPerFile; ++i) {
      std::string encoded = original;
      for (std::uint64_t k = random.below(8) + 1; k > 0; --k) {
        encoded[random.below(encoded.size())] = static_cast<char>(random.next());
      }
      if (random.below(4) == 0) encoded.resize(random.below(encoded.size()));
      auto decoded = decoder.decode(as_bytes(encoded), {.max_pixels = 1'000'000});
      ++num_tried;
      if (decoded.has_value()) {
        decoder.reuse(std::move(decoded->image));
      } else {
        EXPECT_FALSE(decoded.error().reason.empty());
        EXPECT_TRUE(std::ranges::none_of(decoded.error().reason, [](char character) {
          return character < ' ' || character > '~';
        })) << decoded.error().reason;
        ++num_refused;
      }
    }
  }
  EXPECT_GE(num_tried, 500);
  EXPECT_GT(num_refused, num_tried / 4);
}

TEST(Decode, PngsByTheFastWayEqualThoseOfTheLibrary) {
  for (const auto& path : kinds()) {
    if (path.extension() != ".png") continue;
    const std::string encoded = read_file(path);
    const auto chunks = read_png_chunks(as_bytes(encoded));
    ASSERT_TRUE(chunks.has_value()) << path;
    const auto by_library = decode_png_by_library(as_bytes(encoded), *chunks, {});
    const auto decoded = Decoder().decode(as_bytes(encoded));
    ASSERT_TRUE(by_library.has_value() && decoded.has_value()) << path;
    EXPECT_TRUE(std::ranges::equal(by_library->pixels(), decoded->image.pixels())) << path;
  }
}

/// Photos as cameras write them: large enough to be read by blocks.
std::vector<std::string> photos() {
  std::vector<std::string> encoded;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Image scene =
        draw_scene(plan_scene(seed, seed % 2 == 0 ? SceneLabel::kRoadwork : SceneLabel::kNone),
                   {.width = 611 + static_cast<std::uint32_t>(seed), .height = 523});
    const auto bytes = encode_jpeg(scene, {.quality = 80 + static_cast<int>(seed)}).value();
    encoded.emplace_back(as_text(bytes));
  }
  return encoded;
}

TEST(Decode, ByBlocksTheLookIsThatOfThePixels) {
  for (const std::string& photo : photos()) {
    const auto whole = Decoder().decode(as_bytes(photo)).value();
    const auto blocks =
        Decoder().decode(as_bytes(photo), {.detail = DecodeDetail::kBlocks}).value();
    EXPECT_EQ(blocks.header.size, whole.image.size());
    EXPECT_EQ(blocks.image.width(), (whole.image.width() + 7) / 8);
    const std::uint64_t look = perceptual_hash(blocks.image, blocks.whole);
    EXPECT_LE(hash_distance(perceptual_hash(whole.image), look), 2);
  }
}

TEST(Decode, ByBlocksTheVerdictIsThatOfThePixels) {
  SeededRandom random(11);
  Decoder decoder;
  int num_refused = 0;
  for (const std::string& photo : photos()) {
    for (int i = 0; i < 60; ++i) {
      std::string encoded = photo;
      for (std::uint64_t k = random.below(6) + 1; k > 0; --k) {
        // The headers more often than their share.
        const std::uint64_t end = random.below(2) == 0 ? 700 : encoded.size();
        encoded[random.below(end)] = static_cast<char>(random.next());
      }
      if (random.below(4) == 0) encoded.resize(random.below(encoded.size()));
      constexpr std::uint64_t kMostPixels = 1'000'000;
      const auto whole = decoder.decode(as_bytes(encoded), {.max_pixels = kMostPixels});
      const auto blocks = decoder.decode(
          as_bytes(encoded), {.max_pixels = kMostPixels, .detail = DecodeDetail::kBlocks});
      ASSERT_EQ(whole.has_value(), blocks.has_value())
          << (whole ? blocks.error().reason : whole.error().reason);
      if (whole) continue;
      EXPECT_EQ(whole.error().kind, blocks.error().kind);
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 60);
}

/// A flat gray progressive JPEG of a few kilobytes that goes through its pixels again and again.
std::string jpeg_of_scans(std::uint32_t side, int num_scans) {
  std::string jpeg("\xff\xd8", 2);
  const auto number16 = [](std::uint32_t value) {
    return std::string{static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
  };
  const auto add_segment = [&](char marker, const std::string& content) {
    jpeg += std::string{'\xff', marker} + number16(static_cast<std::uint32_t>(content.size()) + 2) +
            content;
  };
  // The codes of both Huffman tables are one bit long: "no difference", and a run of 16,384 blocks.
  const std::string one_code = std::string(1, '\1') + std::string(15, '\0');
  const std::size_t num_blocks = std::size_t{side / 8} * (side / 8);
  const std::size_t num_runs = (num_blocks + 16'383) / 16'384;
  const std::string runs((num_runs * 15 + 7) / 8, '\0');
  add_segment('\xdb', std::string(1, '\0') + std::string(64, '\1'));
  add_segment('\xc2', std::string(1, '\10') + number16(side) + number16(side) +
                          std::string("\1\1\x11\0", 4));
  add_segment('\xc4', std::string(1, '\0') + one_code + std::string(1, '\0'));
  add_segment('\xc4', std::string(1, '\x10') + one_code + std::string(1, '\xe0'));
  add_segment('\xda', std::string("\1\1\0\0\0\0", 6));
  jpeg += std::string((num_blocks + 7) / 8, '\0');
  for (int scan = 1; scan < num_scans; ++scan) {
    // The first brings all bits but the last, the others the last, which is always zero.
    add_segment('\xda', std::string("\1\1\0\1\77", 5) + (scan == 1 ? '\1' : '\x10'));
    jpeg += runs;
  }
  return jpeg + "\xff\xd9";
}

TEST(Decode, AJpegGoesThroughItsPixelsNoMoreThanIsAffordable) {
  EXPECT_TRUE(decode(as_bytes(jpeg_of_scans(1024, 150))));
  EXPECT_FALSE(decode(as_bytes(jpeg_of_scans(1024, 201))));
  EXPECT_TRUE(decode(as_bytes(jpeg_of_scans(4096, 20))));
  const auto refused = decode(as_bytes(jpeg_of_scans(4096, 150)));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("more than 128 scans of 4096 x 4096 pixels"))
      << refused.error().message;
}

}  // namespace
}  // namespace assay::images
