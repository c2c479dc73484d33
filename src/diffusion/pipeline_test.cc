#include "diffusion/pipeline.h"

#include "files/file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace assay::diffusion {
namespace {

constexpr images::ImageSize kSize{.width = 96, .height = 64};

std::filesystem::path model_folder(std::string_view kind) {
  return std::filesystem::path(ASSAY_TINY_MODELS) / kind;
}

ModelDescription described(std::string_view kind) {
  auto model = describe_model(files::posix_file_system(), model_folder(kind));
  EXPECT_TRUE(model) << model.error().message;
  return model ? std::move(*model) : ModelDescription();
}

PipelineOptions tested(double guidance = 3) {
  return {
      .precision = models::Precision::kFp32, .size = kSize, .num_steps = 4, .guidance = guidance};
}

Result<Pipeline> load(std::string_view kind, const PipelineOptions& options = tested()) {
  return Pipeline::load(files::posix_file_system(), described(kind), options);
}

using Pixels = std::vector<std::uint8_t>;

Pixels made(const Pipeline& pipeline, const PipelineRequest& request) {
  const auto image = pipeline.generate(request, {}, {});
  EXPECT_TRUE(image) << image.error().message;
  if (!image) return {};
  EXPECT_EQ(image->size(), kSize);
  return {image->pixels().begin(), image->pixels().end()};
}

double distance(const Pixels& left, const Pixels& right) {
  double sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    sum += std::abs(static_cast<int>(left[i]) - static_cast<int>(right[i]));
  }
  return sum / static_cast<double>(left.size());
}

images::Image flat_image(std::uint8_t level) {
  images::Image image = images::Image::with_size(kSize);
  std::ranges::fill(image.pixels(), level);
  return image;
}

struct Reference {
  const char* kind;
  bool has_source;
  std::vector<int> samples;
};

// Written by a program in numpy with the engine's Python binding: its own words, noise and steps.
TEST(Pipeline, AgreesWithAReference) {
  const std::vector<Reference> all = {
      {"sd", false, {251, 238, 148, 0, 255, 251, 255, 0, 255, 0, 0, 54}},
      {"sd", true, {165, 31, 173, 138, 249, 25, 253, 25, 255, 207, 14, 228}},
      {"lcm", false, {0, 255, 0, 0, 255, 255, 0, 0, 255, 0, 255, 0}},
      {"lcm", true, {0, 255, 5, 255, 255, 219, 254, 255, 254, 0, 255, 0}},
      {"sdxl", false, {251, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 0}},
      {"sdxl", true, {185, 9, 2, 42, 27, 0, 16, 20, 1, 88, 50, 1}}};
  constexpr std::size_t kPlaces[][2] = {{3, 5}, {20, 70}, {33, 33}, {60, 90}};
  const images::Image dark = flat_image(30);
  for (const Reference& wanted : all) {
    SCOPED_TRACE(wanted.kind);
    const auto pipeline = load(wanted.kind);
    ASSERT_TRUE(pipeline) << pipeline.error().message;
    const Pixels pixels = made(*pipeline, {.prompt = "a road",
                                           .seed = 1,
                                           .source = wanted.has_source ? &dark : nullptr,
                                           .strength = 0.5});
    ASSERT_FALSE(pixels.empty());
    std::size_t next = 0;
    for (const auto& [y, x] : kPlaces) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        EXPECT_NEAR(pixels[(((y * kSize.width) + x) * 3) + channel], wanted.samples[next++], 2);
      }
    }
  }
}

class EveryFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryFamily, MakesWhatTheSeedAndTheTextSay) {
  const auto pipeline = load(GetParam());
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  const Pixels first = made(*pipeline, {.prompt = "a road", .seed = 1});
  EXPECT_EQ(first, made(*pipeline, {.prompt = "a road", .seed = 1}));
  EXPECT_NE(first, made(*pipeline, {.prompt = "a road", .seed = 2}));
  EXPECT_NE(first, made(*pipeline, {.prompt = "a street of cones", .seed = 1}));
  const auto again = load(GetParam());
  ASSERT_TRUE(again);
  EXPECT_EQ(first, made(*again, {.prompt = "a road", .seed = 1}));
}

TEST_P(EveryFamily, FollowsTheGuidance) {
  const auto weak = load(GetParam(), tested(1.5));
  const auto strong = load(GetParam(), tested(9));
  ASSERT_TRUE(weak && strong);
  const PipelineRequest request{.prompt = "a road", .seed = 1};
  EXPECT_NE(made(*weak, request), made(*strong, request));
}

TEST_P(EveryFamily, ChangesAnImageMoreTheGreaterTheStrength) {
  PipelineOptions options = tested();
  options.num_steps = 4;
  const auto pipeline = load(GetParam(), options);
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  ASSERT_TRUE(pipeline->makes_from_image());
  const images::Image dark = flat_image(30);
  const images::Image light = flat_image(220);
  const auto influence = [&](double strength) {
    return distance(
        made(*pipeline, {.prompt = "a road", .seed = 1, .source = &dark, .strength = strength}),
        made(*pipeline, {.prompt = "a road", .seed = 1, .source = &light, .strength = strength}));
  };
  EXPECT_GT(influence(0.3), influence(1.0) + 1) << "less of the source is left";
}

INSTANTIATE_TEST_SUITE_P(Tiny, EveryFamily, ::testing::Values("sd", "lcm", "sdxl"));

TEST(Pipeline, HeedsTheNegativeTextOnlyWhenItIsGuided) {
  const auto guided = load("sd");
  const auto plain = load("sd", tested(1));
  ASSERT_TRUE(guided && plain);
  const PipelineRequest without{.prompt = "a road", .seed = 1};
  const PipelineRequest with{.prompt = "a road", .negative_prompt = "cones", .seed = 1};
  EXPECT_NE(made(*guided, without), made(*guided, with));
  EXPECT_EQ(made(*plain, without), made(*plain, with));
}

TEST(Pipeline, TellsItsProgressAndStopsBetweenSteps) {
  const auto pipeline = load("sd");
  ASSERT_TRUE(pipeline);
  std::vector<double> shares;
  ASSERT_TRUE(
      pipeline->generate({.prompt = "a road"}, [&](double share) { shares.push_back(share); }, {}));
  EXPECT_EQ(shares, (std::vector<double>{0.2, 0.4, 0.6, 0.8, 1}));
  shares.clear();
  std::stop_source stop;
  const auto stopped = pipeline->generate(
      {.prompt = "a road"},
      [&](double share) {
        shares.push_back(share);
        if (share > 0.3) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(shares.size(), 2U);
}

TEST(Pipeline, TakesTheSamplerThatIsAskedFor) {
  PipelineOptions options = tested();
  const auto named = load("sd", options);
  options.sampler = SamplerKind::kEulerAncestral;
  const auto other = load("sd", options);
  ASSERT_TRUE(named && other);
  EXPECT_EQ(named->sampler(), SamplerKind::kDdim);
  EXPECT_EQ(other->sampler(), SamplerKind::kEulerAncestral);
  EXPECT_NE(made(*named, {.prompt = "a road", .seed = 1}),
            made(*other, {.prompt = "a road", .seed = 1}));
}

TEST(Pipeline, RefusesWhatTheModelDoesNotDo) {
  PipelineOptions options = tested();
  options.size = {.width = 100, .height = 64};
  const auto size = load("sd", options);
  ASSERT_FALSE(size);
  EXPECT_TRUE(size.error().message.contains("100 x 64: a side is a multiple of 8"));
  options = tested();
  options.num_steps = 51;
  EXPECT_EQ(load("lcm", options).error().code, ErrorCode::kInvalidInput);
  const auto pipeline = load("sd");
  ASSERT_TRUE(pipeline);
  const images::Image source = images::Image::with_size({.width = 64, .height = 64});
  EXPECT_EQ(pipeline->generate({.prompt = "a", .source = &source}, {}, {}).error().code,
            ErrorCode::kInvalidInput);
}

TEST(ModelFolder, NamesTheFileThatIsMissingOrWrong) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "assay_tiny_model";
  std::filesystem::remove_all(folder);
  std::filesystem::copy(model_folder("sd"), folder, std::filesystem::copy_options::recursive);
  files::FileSystem& file_system = files::posix_file_system();
  const auto model = describe_model(file_system, folder);
  ASSERT_TRUE(model);
  const std::string digest = digest_of_model(file_system, *model, {}).value();
  EXPECT_EQ(digest, digest_of_model(file_system, described("sd"), {}).value());

  std::filesystem::remove(folder / "unet" / "openvino_model.bin");
  const auto unread = Pipeline::load(file_system, *model, tested());
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(unread.error().message.contains("unet/openvino_model.bin")) << unread.error().message;

  std::ofstream(folder / "unet" / "openvino_model.bin") << "short";
  EXPECT_NE(digest_of_model(file_system, *model, {}).value(), digest);
  std::ofstream(folder / "unet" / "openvino_model.xml") << "<html>";
  const auto broken = Pipeline::load(file_system, *model, tested());
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kCorrupt) << broken.error().message;

  std::ofstream(folder / "vae_decoder" / "config.json") << "{\"latent_channels\": 4}";
  EXPECT_TRUE(describe_model(file_system, folder).error().message.contains("scaling_factor"));
  std::ofstream(folder / "model_index.json") << R"({"_class_name": "FluxPipeline"})";
  EXPECT_TRUE(describe_model(file_system, folder)
                  .error()
                  .message.contains("FluxPipeline is not made here"));
  std::filesystem::remove(folder / "model_index.json");
  EXPECT_EQ(describe_model(file_system, folder).error().code, ErrorCode::kNotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace assay::diffusion
