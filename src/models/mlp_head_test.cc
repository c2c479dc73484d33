#include "models/mlp_head.h"

#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(ASSAY_TEST_DATA) / "models";

Checkpoint open(std::string_view name) {
  auto source = files::open_byte_source(files::posix_file_system(), kFolder / name);
  return std::move(open_checkpoint(std::move(source.value())).value());
}

json::Value expected_outputs() {
  const auto text =
      files::read_file(files::posix_file_system(), kFolder / "heads.json", ByteCount(1U << 20U));
  return *json::parse(text.value())->find("outputs");
}

/// The inputs that the expected outputs belong to.
std::vector<float> embedding(std::string_view name) {
  std::vector<double> values(512);
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = name == "zeros" ? 0 : std::sin(0.1 * static_cast<double>(i));
    squares += values[i] * values[i];
  }
  const double scale = name == "unit" ? 1 / std::sqrt(squares) : 1;
  std::vector<float> result;
  for (const double value : values) result.push_back(static_cast<float>(value * scale));
  return result;
}

TEST(MlpHead, ScoresAsTheTrainingProgramDoes) {
  const json::Value expected = expected_outputs();
  for (const std::string name : {"ranker_plain", "ranker_checkpoint"}) {
    const auto head = MlpHead::load(open(name + ".pt"), HeadKind::kRanker);
    ASSERT_TRUE(head) << head.error().message;
    EXPECT_EQ(head->widths(), (std::vector<std::size_t>{512, 256, 64, 1}));
    for (const std::string_view input : {"zeros", "sin", "unit"}) {
      float score = 0;
      head->apply(embedding(input), std::span(&score, 1));
      EXPECT_NEAR(score, *expected.find(input)->find(name)->number(), 1e-5) << name << " " << input;
    }
  }
}

TEST(MlpHead, CropsAsTheTrainingProgramDoes) {
  const json::Value expected = expected_outputs();
  const auto head = MlpHead::load(open("crop_plain.pt"), HeadKind::kCrop);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->widths(), (std::vector<std::size_t>{514, 512, 256, 128, 4}));
  for (const std::string_view name : {"zeros", "sin", "unit"}) {
    for (const auto& [size, width, height] :
         {std::tuple{"1.5,1.5", 1.5F, 1.5F}, std::tuple{"0.8125,1.1875", 0.8125F, 1.1875F}}) {
      std::vector<float> input = embedding(name);
      input.push_back(width);
      input.push_back(height);
      std::vector<float> box(4);
      head->apply(input, box);
      const auto& wanted = *expected.find(name)->find("crop_plain")->find(size)->list();
      for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(box[i], *wanted[i].number(), 1e-5);
    }
  }
}

TEST(MlpHead, NamesTheTensorThatMakesItAnotherKindOfHead) {
  const auto ranker = MlpHead::load(open("crop_plain.pt"), HeadKind::kRanker);
  ASSERT_FALSE(ranker);
  EXPECT_EQ(ranker.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(ranker.error().message.find("tensor 'net.0.weight' has shape [512, 514]; expected "
                                        "[any, 512] in a ranker (512 -> 1)"),
            std::string::npos)
      << ranker.error().message;
  EXPECT_FALSE(MlpHead::load(open("ranker_plain.pt"), HeadKind::kCrop));
}

/// A safetensors file of zeros.
Checkpoint zeros(std::string_view tensors) {
  std::string header = "{";
  std::uint64_t offset = 0;
  for (std::string_view rest = tensors; !rest.empty();) {  // "name rows columns;..."
    const std::string_view one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    char name[64];
    unsigned rows = 0;
    unsigned columns = 0;
    const int got = std::sscanf(std::string(one).c_str(), "%63s %u %u", name, &rows, &columns);
    const std::uint64_t size = std::uint64_t{rows} * (got == 3 ? columns : 1) * 4;
    header += (offset == 0 ? "\"" : ",\"") + std::string(name) + R"(":{"dtype":"F32","shape":[)" +
              std::to_string(rows) + (got == 3 ? "," + std::to_string(columns) : std::string()) +
              R"(],"data_offsets":[)" + std::to_string(offset) + "," +
              std::to_string(offset + size) + "]}";
    offset += size;
  }
  header += "}";
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  file += header + std::string(offset, '\0');
  return std::move(open_checkpoint(files::memory_byte_source("head", file)).value());
}

std::string refusal(std::string_view tensors) {
  const auto head = MlpHead::load(zeros(tensors), HeadKind::kRanker);
  return head ? std::string() : head.error().message;
}

TEST(MlpHead, TakesAnyDepthAndBothPrefixes) {
  EXPECT_EQ(refusal("model.0.weight 8 512;model.0.bias 8;model.10.weight 1 4;model.10.bias 1;"
                    "model.9.weight 4 8;model.9.bias 4"),
            "");  // 10 after 9: by number, not by text
  EXPECT_EQ(refusal("0.weight 1 512;0.bias 1"), "");
}

TEST(MlpHead, RefusesLayersThatDoNotFitEachOther) {
  EXPECT_NE(refusal("net.0.weight 8 512;net.0.bias 8;net.1.weight 1 9;net.1.bias 1")
                .find("'net.1.weight'"),
            std::string::npos);
  EXPECT_NE(refusal("net.0.weight 2 512;net.0.bias 2").find("expected [1, 512]"),
            std::string::npos);
  EXPECT_NE(refusal("net.0.weight 1 512").find("'net.0.bias'"), std::string::npos);
  EXPECT_NE(refusal("net.0.weight 1 512;net.0.bias 2").find("'net.0.bias'"), std::string::npos);
  EXPECT_NE(refusal("net.0.weight 1 512;net.0.bias 1;norm.weight 5").find("'norm.weight'"),
            std::string::npos);
  EXPECT_NE(refusal("visual.proj 5").find("no layers"), std::string::npos);
}

}  // namespace
}  // namespace assay::models
