// Writes the folder of a diffusion model with random weights and a few channels, in the layout that
// real ones are exported in: make_tiny_diffusion sd|lcm|sdxl VOCABULARY_FOLDER OUTPUT

#include "core/random.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <openvino/core/model.hpp>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset13.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace op = ov::opset13;
using Value = ov::Output<ov::Node>;

constexpr std::int64_t kWidth = 8;
constexpr std::int64_t kNumTokens = 685;
constexpr std::int64_t kLatentChannels = 4;
constexpr std::int64_t kGuidanceWidth = 16;

class Maker {
 public:
  Maker(std::filesystem::path folder, std::string_view kind)
      : folder_(std::move(folder)), is_xl_(kind == "sdxl"), is_lcm_(kind == "lcm") {}

  void write_all(const std::filesystem::path& vocabulary) {
    write_texts();
    for (const std::string number : {"", "_2"}) {
      if (!number.empty() && !is_xl_) break;
      std::filesystem::copy(vocabulary, folder_ / ("tokenizer" + number),
                            std::filesystem::copy_options::recursive |
                                std::filesystem::copy_options::overwrite_existing);
      write_text_encoder("text_encoder" + number, !number.empty());
    }
    write_unet();
    write_vae();
  }

 private:
  Value constant(const ov::Shape& shape, double deviation) {
    std::vector<float> numbers(ov::shape_size(shape));
    for (float& number : numbers) number = static_cast<float>((random_.unit() - 0.5) * deviation);
    return op::Constant::create(ov::element::f32, shape, numbers)->output(0);
  }
  static Value integers(const std::vector<std::int64_t>& numbers) {
    return op::Constant::create(ov::element::i64, {numbers.size()}, numbers)->output(0);
  }
  static std::shared_ptr<op::Parameter> parameter(const std::string& name, ov::element::Type type,
                                                  const ov::PartialShape& shape) {
    auto made = std::make_shared<op::Parameter>(type, shape);
    made->output(0).set_names({name});
    made->set_friendly_name(name);
    return made;
  }
  void save(const ov::OutputVector& outputs, const std::vector<std::string>& names,
            const ov::ParameterVector& inputs, const std::string& part) {
    ov::OutputVector named = outputs;
    for (std::size_t i = 0; i < named.size(); ++i) named[i].set_names({names[i]});
    std::filesystem::create_directories(folder_ / part);
    ov::save_model(std::make_shared<ov::Model>(named, inputs),
                   (folder_ / part / "openvino_model.xml").string(), false);
  }
  void write(const std::filesystem::path& name, std::string_view text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  void write_texts() {
    std::string kind = "StableDiffusionPipeline";
    std::string scheduler = "DDIMScheduler";
    if (is_xl_) {
      kind = "StableDiffusionXLPipeline";
      scheduler = "EulerDiscreteScheduler";
    } else if (is_lcm_) {
      kind = "LatentConsistencyModelPipeline";
      scheduler = "LCMScheduler";
    }
    write("model_index.json",
          "{\"_class_name\": \"" + kind +
              "\", \"force_zeros_for_empty_prompt\": " + (is_xl_ ? "true" : "false") + "}\n");
    write("scheduler/scheduler_config.json",
          "{\"_class_name\": \"" + scheduler +
              R"(", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
 "beta_schedule": "scaled_linear", "prediction_type": "epsilon", "steps_offset": 1,
 "set_alpha_to_one": false, "clip_sample": false, "timestep_spacing": "leading"})"
              "\n");
    write("vae_decoder/config.json",
          "{\"scaling_factor\": 0.5, \"latent_channels\": 4, "
          "\"block_out_channels\": [4, 4, 4, 4]}\n");
  }

  /// A row for each token, and one layer that mixes its numbers.
  void write_text_encoder(const std::string& part, bool is_second) {
    const auto ids = parameter("input_ids", ov::element::i64, ov::PartialShape{-1, -1});
    const Value rows = std::make_shared<op::Gather>(
        constant({kNumTokens, kWidth}, 2), ids, op::Constant::create(ov::element::i64, {}, {0}));
    const auto layer = [&](const Value& value) -> Value {
      return std::make_shared<op::Tanh>(
          std::make_shared<op::MatMul>(value, constant({kWidth, kWidth}, 2), false, false));
    };
    const Value last = layer(rows);
    if (!is_xl_) return save({last}, {"last_hidden_state"}, {ids}, part);
    const Value pooled = std::make_shared<op::ReduceMean>(last, integers({1}), false);
    const Value hidden = layer(last);
    // In an order that is not that of the layers.
    if (is_second) {
      return save({pooled, hidden, rows, last},
                  {"text_embeds", "hidden_states.2", "hidden_states.0", "hidden_states.1"}, {ids},
                  part);
    }
    save({hidden, rows, last}, {"hidden_states.2", "hidden_states.0", "hidden_states.1"}, {ids},
         part);
  }

  /// [batch, width] to something for each latent channel.
  Value by_channel(const Value& rows, std::int64_t width, double deviation) {
    const Value mixed = std::make_shared<op::MatMul>(
        rows, constant({static_cast<std::size_t>(width), kLatentChannels}, deviation), false,
        false);
    return std::make_shared<op::Reshape>(mixed, integers({0, kLatentChannels, 1, 1}), true);
  }

  void write_unet() {
    const auto sample =
        parameter("sample", ov::element::f32, ov::PartialShape{-1, kLatentChannels, -1, -1});
    const auto timestep = parameter("timestep", ov::element::f32, ov::PartialShape{-1});
    const std::int64_t width = is_xl_ ? 2 * kWidth : kWidth;
    const auto texts =
        parameter("encoder_hidden_states", ov::element::f32, ov::PartialShape{-1, -1, width});
    ov::ParameterVector inputs = {sample, timestep, texts};
    const auto near = constant({kLatentChannels, kLatentChannels, 3, 3}, 0.6);
    Value all =
        std::make_shared<op::Convolution>(sample, near, ov::Strides{1, 1}, ov::CoordinateDiff{1, 1},
                                          ov::CoordinateDiff{1, 1}, ov::Strides{1, 1});
    all = std::make_shared<op::Add>(
        all, by_channel(std::make_shared<op::ReduceMean>(texts, integers({1}), false), width, 4));
    const Value wave = std::make_shared<op::Sin>(std::make_shared<op::Multiply>(
        timestep, op::Constant::create(ov::element::f32, {}, {0.01F})));
    all = std::make_shared<op::Add>(
        all, std::make_shared<op::Reshape>(wave, integers({-1, 1, 1, 1}), false));
    if (is_lcm_) {
      inputs.push_back(
          parameter("timestep_cond", ov::element::f32, ov::PartialShape{-1, kGuidanceWidth}));
      all = std::make_shared<op::Add>(all, by_channel(inputs.back(), kGuidanceWidth, 1));
    }
    if (is_xl_) {
      inputs.push_back(parameter("text_embeds", ov::element::f32, ov::PartialShape{-1, kWidth}));
      all = std::make_shared<op::Add>(all, by_channel(inputs.back(), kWidth, 2));
      inputs.push_back(parameter("time_ids", ov::element::f32, ov::PartialShape{-1, 6}));
      all = std::make_shared<op::Add>(all, by_channel(inputs.back(), 6, 0.01));
    }
    save({std::make_shared<op::Tanh>(all)->output(0)}, {"out_sample"}, inputs, "unet");
  }

  /// Each latent pixel stands for 8 x 8.
  void write_vae() {
    const auto latents =
        parameter("latent_sample", ov::element::f32, ov::PartialShape{-1, kLatentChannels, -1, -1});
    const auto one_by_one = [&](const Value& value, std::size_t from, std::size_t into) -> Value {
      return std::make_shared<op::Convolution>(value, constant({into, from, 1, 1}, 1.5),
                                               ov::Strides{1, 1}, ov::CoordinateDiff{0, 0},
                                               ov::CoordinateDiff{0, 0}, ov::Strides{1, 1});
    };
    op::Interpolate::InterpolateAttrs bigger;
    bigger.mode = op::Interpolate::InterpolateMode::LINEAR_ONNX;
    bigger.shape_calculation_mode = op::Interpolate::ShapeCalcMode::SCALES;
    bigger.coordinate_transformation_mode = op::Interpolate::CoordinateTransformMode::HALF_PIXEL;
    const Value pixels = std::make_shared<op::Interpolate>(
        one_by_one(latents, kLatentChannels, 3),
        op::Constant::create(ov::element::f32, {2}, {8.0F, 8.0F}), integers({2, 3}), bigger);
    save({std::make_shared<op::Tanh>(pixels)->output(0)}, {"sample"}, {latents}, "vae_decoder");

    const auto image = parameter("sample", ov::element::f32, ov::PartialShape{-1, 3, -1, -1});
    const Value small = std::make_shared<op::AvgPool>(image, ov::Strides{8, 8}, ov::Shape{0, 0},
                                                      ov::Shape{0, 0}, ov::Shape{8, 8}, true);
    save({one_by_one(small, 3, 2 * kLatentChannels)}, {"latent_parameters"}, {image},
         "vae_encoder");
  }

  std::filesystem::path folder_;
  bool is_xl_;
  bool is_lcm_;
  assay::SeededRandom random_{11};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: make_tiny_diffusion sd|lcm|sdxl VOCABULARY_FOLDER OUTPUT\n", stderr);
    return 2;
  }
  try {
    Maker(argv[3], argv[1]).write_all(argv[2]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "make_tiny_diffusion: %s\n", problem.what());
    return 1;
  }
  return 0;
}
