#include "models/safetensors.h"

#include "core/random.h"
#include "files/byte_source.h"
#include "models/clip_shape.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

std::string file_of(std::string_view header, std::string_view data) {
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  return file.append(header).append(data);
}

Result<Checkpoint> open_safetensors(std::string file) {
  return open_checkpoint(files::memory_byte_source("weights.safetensors", std::move(file)));
}

ErrorCode code_of(std::string_view header, std::string_view data) {
  const auto opened = open_safetensors(file_of(header, data));
  EXPECT_FALSE(opened.has_value());
  return opened ? ErrorCode::kInternal : opened.error().code;
}

TEST(Safetensors, GivesNumbersOfAllThreeTypesAsFloats) {
  const std::string_view header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("h":{"dtype":"F16","shape":[2,2],"data_offsets":[8,16]},)"
      R"("b":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]}})";
  // 1, -2; 1, -2, the smallest subnormal, infinity; -2
  const std::string_view data("\0\0\x80\x3f\0\0\0\xc0\0\x3c\0\xc0\x01\0\0\x7c\0\xc0", 18);
  const auto opened = open_safetensors(file_of(header, data));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->tensors().size(), 3U);
  EXPECT_EQ(opened->values(*opened->find("a")).value(), (std::vector<float>{1, -2}));
  EXPECT_EQ(opened->values(*opened->find("h")).value(),
            (std::vector<float>{1, -2, 0x1p-24F, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(opened->values(*opened->find("b")).value(), (std::vector<float>{-2}));
  std::vector<float> one(1);
  ASSERT_TRUE(opened->read(*opened->find("h"), 1, one));
  EXPECT_EQ(one[0], -2);
}

TEST(Safetensors, RefusesWhatDoesNotFillTheDataExactly) {
  const std::string_view eight("12345678");
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight),
            ErrorCode::kCorrupt);  // bytes left over
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight),
            ErrorCode::kCorrupt);  // a gap
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                    eight),
            ErrorCode::kCorrupt);  // an overlap
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", eight),
            ErrorCode::kCorrupt);  // a shape of another size
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", eight),
            ErrorCode::kCorrupt);  // beyond the end
  EXPECT_EQ(
      code_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", ""),
      ErrorCode::kCorrupt);  // a product that overflows to 0
  EXPECT_EQ(code_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", eight),
            ErrorCode::kCorrupt);
}

TEST(Safetensors, NamesTheTensorOfATypeItCannotRead) {
  const auto opened = open_safetensors(
      file_of(R"({"ids":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", "12345678"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(opened.error().message.find("'ids' is of type F64"), std::string::npos);
}

// Hugging Face's CLIP has such tensors between those of its towers.
TEST(Safetensors, PassesOverIndicesButNotTheirRoom) {
  const auto header = [](std::string_view end) {
    return file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[)" + std::string(end) +
                       R"(]},"position_ids":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]}})",
                   "123456789012");
  };
  const auto opened = open_safetensors(header("8,12"));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->tensors().size(), 1U);
  EXPECT_EQ(opened->find("position_ids"), nullptr);
  EXPECT_EQ(open_safetensors(header("4,8")).error().code, ErrorCode::kCorrupt);
}

TEST(Safetensors, RefusesAHeaderLongerThanTheFileOrTheLimit) {
  std::string cut = file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234");
  cut.resize(30);
  EXPECT_EQ(open_safetensors(cut).error().code, ErrorCode::kCorrupt);
  std::string huge = file_of(std::string("{") + std::string(17U << 20U, ' ') + "}", "");
  EXPECT_EQ(open_safetensors(huge).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(open_safetensors("").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(open_safetensors("any text that is no model at all").error().code,
            ErrorCode::kInvalidInput);
}

TEST(Safetensors, SaysWhatToDoWithAFileOfOldTorch) {
  const auto opened =
      open_safetensors(std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 15));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(opened.error().message.contains("before version 1.6")) << opened.error().message;
}

TEST(Checkpoint, NamesTheTensorThatIsMissingOrOfAnotherShape) {
  const auto opened = open_safetensors(
      file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678"));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->require("a", {2}));
  EXPECT_EQ(opened->require("a", {1, 2}).error().message,
            "weights.safetensors: tensor 'a' has shape [2]; expected [1, 2]");
  EXPECT_EQ(opened->require("b", {1}).error().message,
            "weights.safetensors: there is no tensor 'b'; expected one of shape [1]");
}

TEST(Safetensors, SurvivesBrokenHeaders) {
  const std::string whole = testing::make_clip_weights(testing::kTinyClip, 7);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof length);
  const std::string_view header = std::string_view(whole).substr(8, length);
  const ByteCount data(whole.size() - 8 - length);
  ASSERT_TRUE(parse_safetensors_header(header, 8 + length, data));
  SeededRandom random(7);
  std::size_t num_refused = 0;
  for (int i = 0; i < 250; ++i) {
    std::string broken(header);
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(4) == 0) broken.resize(random.below(broken.size()));
    num_refused += parse_safetensors_header(broken, 8 + length, data) ? 0 : 1;
  }
  EXPECT_GT(num_refused, 150U);
}

/// The whole file, its length too, and what a tower is read of.
TEST(Safetensors, SurvivesBrokenFiles) {
  const std::string whole = testing::make_clip_weights(testing::kTinyClip, 7);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof length);
  SeededRandom random(9);
  std::size_t num_refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string broken = whole;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      const std::size_t place = random.below(8) == 0 ? random.below(8) : random.below(8 + length);
      broken[place] = static_cast<char>(random.below(256));
    }
    if (random.below(4) == 0) broken.resize(random.below(broken.size()));
    const auto opened = open_safetensors(std::move(broken));
    if (opened) {
      (void)read_clip_shape(*opened).has_value();
      for (const auto& [name, info] : opened->tensors()) {
        (void)opened->values(info).has_value();
      }
    } else {
      EXPECT_FALSE(opened.error().message.empty());
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 250U);
}

}  // namespace
}  // namespace assay::models
