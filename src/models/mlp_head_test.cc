#include "models/mlp_head.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "json/value.h"
#include "models/mlp_kernel_internal.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

const std::filesystem::path kRecordedHeads = std::filesystem::path(ASSAY_TEST_DATA) / "models";

Checkpoint open_recorded(std::string_view name) {
  auto source = files::open_byte_source(files::posix_file_system(), kRecordedHeads / name);
  return std::move(open_checkpoint(std::move(source.value())).value());
}

json::Value expected_outputs() {
  const auto text = files::read_file(files::posix_file_system(), kRecordedHeads / "heads.json",
                                     ByteCount(1U << 20U));
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
    const auto head = MlpHead::load(open_recorded(name + ".pt"), HeadKind::kRanker);
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
  const auto head = MlpHead::load(open_recorded("crop_plain.pt"), HeadKind::kCrop);
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
  const auto ranker = MlpHead::load(open_recorded("crop_plain.pt"), HeadKind::kRanker);
  ASSERT_FALSE(ranker);
  EXPECT_EQ(ranker.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(ranker.error().message.find("tensor 'net.0.weight' has shape [512, 514]; expected "
                                        "[any, 512] in a ranker (512 -> 1)"),
            std::string::npos)
      << ranker.error().message;
  EXPECT_FALSE(MlpHead::load(open_recorded("ranker_plain.pt"), HeadKind::kCrop));
}

std::vector<float> random_numbers(std::size_t count, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<float> numbers(count);
  for (float& number : numbers) {
    number = (static_cast<float>(random.below(2'000'001)) / 1e6F) - 1;
  }
  return numbers;
}

TEST(MlpHead, GivesAnInputTheSameOutputInAnyCompany) {
  for (const auto& [name, kind] : {std::pair{"ranker_plain.pt", HeadKind::kRanker},
                                   std::pair{"crop_plain.pt", HeadKind::kCrop}}) {
    const auto head = MlpHead::load(open_recorded(name), kind);
    ASSERT_TRUE(head) << head.error().message;
    constexpr std::size_t kCount = 11;
    const std::size_t in = input_width(kind);
    const std::size_t out = output_width(kind);
    const std::vector<float> inputs = random_numbers(kCount * in, 1);
    std::vector<float> together(kCount * out);
    head->apply(inputs, together);
    for (std::size_t i = 0; i < kCount; ++i) {
      std::vector<float> alone(out);
      head->apply(std::span(inputs).subspan(i * in, in), alone);
      EXPECT_EQ(alone,
                std::vector<float>(together.begin() + static_cast<std::ptrdiff_t>(i * out),
                                   together.begin() + static_cast<std::ptrdiff_t>((i + 1) * out)))
          << name << " " << i;
    }
    head->apply({}, {});
  }
}

TEST(MlpKernel, GivesTheSameNumbersInEachWay) {
  const MultiplyPanel by_avx2 = multiply_panel_by_avx2();
  if (by_avx2 == nullptr) GTEST_SKIP() << "no AVX2 here";
  for (const std::size_t length : {1U, 3U, 64U, 514U}) {
    const std::vector<float> in = random_numbers(kRowsAtATime * (length + 1), length);
    const std::vector<float> panel = random_numbers(length * kPanelWidth, length + 1);
    const std::vector<float> bias = random_numbers(kPanelWidth, length + 2);
    constexpr std::size_t kStride = kPanelWidth + 5;
    std::vector<float> expected(kRowsAtATime * kStride);
    std::vector<float> actual(expected.size());
    PanelProduct product{.in = in.data(),
                         .in_stride = length + 1,
                         .length = length,
                         .panel = panel.data(),
                         .bias = bias.data(),
                         .out = expected.data(),
                         .out_stride = kStride};
    multiply_panel_plainly(product);
    product.out = actual.data();
    by_avx2(product);
    EXPECT_EQ(actual, expected) << length;
  }
}

/// Zeros of the shapes that `tensors` lists.
Checkpoint zeros(const std::map<std::string, std::vector<std::size_t>>& shapes) {
  std::map<std::string, testing::TestTensor> tensors;
  for (const auto& [name, shape] : shapes) {
    std::size_t count = 1;
    for (const std::size_t size : shape) count *= size;
    tensors[name] = {shape, std::vector<float>(count)};
  }
  auto source = files::memory_byte_source("head", testing::make_safetensors(tensors));
  return std::move(open_checkpoint(std::move(source)).value());
}

std::string refusal(const std::map<std::string, std::vector<std::size_t>>& shapes) {
  const auto head = MlpHead::load(zeros(shapes), HeadKind::kRanker);
  return head ? std::string() : head.error().message;
}

TEST(MlpHead, TakesAnyDepthAndBothPrefixes) {
  EXPECT_EQ(refusal({{"model.0.weight", {8, 512}},
                     {"model.0.bias", {8}},
                     {"model.9.weight", {4, 8}},
                     {"model.9.bias", {4}},
                     {"model.10.weight", {1, 4}},
                     {"model.10.bias", {1}}}),
            "");  // 10 after 9: by number, not by text
  EXPECT_EQ(refusal({{"0.weight", {1, 512}}, {"0.bias", {1}}}), "");
}

TEST(MlpHead, RefusesLayersThatDoNotFitEachOther) {
  const auto names = [](const std::string& message, std::string_view tensor) {
    return message.contains(tensor);
  };
  EXPECT_TRUE(names(refusal({{"net.0.weight", {8, 512}},
                             {"net.0.bias", {8}},
                             {"net.1.weight", {1, 9}},
                             {"net.1.bias", {1}}}),
                    "'net.1.weight'"));
  EXPECT_TRUE(names(refusal({{"net.0.weight", {2, 512}}, {"net.0.bias", {2}}}),
                    "'net.0.weight' has shape [2, 512]; expected [1, 512]"));
  EXPECT_TRUE(names(refusal({{"net.0.weight", {1, 512}}}), "'net.0.bias'"));
  EXPECT_TRUE(names(refusal({{"net.0.weight", {1, 512}}, {"net.0.bias", {2}}}), "'net.0.bias'"));
  EXPECT_TRUE(
      names(refusal({{"net.0.weight", {1, 512}}, {"net.0.bias", {1}}, {"norm.weight", {5}}}),
            "'norm.weight'"));
  EXPECT_TRUE(names(refusal({{"visual.proj", {5}}}), "no layers"));
}

}  // namespace
}  // namespace assay::models
