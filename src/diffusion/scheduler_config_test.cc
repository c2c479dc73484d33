#include "diffusion/scheduler_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::diffusion {
namespace {

std::string config_with(std::string_view more) {
  return R"({"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085,
             "beta_end": 0.012, "beta_schedule": "scaled_linear")" +
         std::string(more) + "}";
}

TEST(SchedulerConfig, TakesWhatTheFileSays) {
  const auto config = parse_scheduler_config(config_with(
      R"(, "prediction_type": "v_prediction", "timestep_spacing": "trailing", "steps_offset": 1,
         "set_alpha_to_one": false, "clip_sample": false, "rescale_betas_zero_snr": true,
         "trained_betas": null, "use_karras_sigmas": true, "sigma_min": null, "sigma_max": 14.6)"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->kind, SamplerKind::kDdim);
  EXPECT_EQ(config->beta_schedule, BetaSchedule::kScaledLinear);
  EXPECT_EQ(config->prediction, Prediction::kVelocity);
  EXPECT_EQ(config->spacing, TimestepSpacing::kTrailing);
  EXPECT_EQ(config->steps_offset, 1);
  EXPECT_FALSE(config->set_alpha_to_one);
  EXPECT_FALSE(config->clip_sample);
  EXPECT_TRUE(config->rescale_betas_zero_snr);
  EXPECT_TRUE(config->use_karras_sigmas);
  EXPECT_FALSE(config->sigma_min);
  EXPECT_EQ(config->sigma_max, 14.6);
  EXPECT_TRUE(config->warnings.empty());
}

TEST(SchedulerConfig, MapsPndmToDdimAndSaysSo) {
  std::string text = config_with(R"(, "skip_prk_steps": true)");
  text.replace(text.find("DDIM"), 4, "PNDM");
  const auto config = parse_scheduler_config(text);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->kind, SamplerKind::kDdim);
  EXPECT_FALSE(config->set_alpha_to_one) << "as the class that was named has it";
  EXPECT_FALSE(config->clip_sample);
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_TRUE(config->warnings[0].contains("PNDM"));
}

TEST(SchedulerConfig, WarnsOfStepsThatItDoesNotHave) {
  const auto config = parse_scheduler_config(config_with(R"(, "use_beta_sigmas": true)"));
  ASSERT_TRUE(config);
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings[0], "use_beta_sigmas is not applied");
}

TEST(SchedulerConfig, WarnsOfFormsOfStepsThatItDoesNotHave) {
  const auto config = parse_scheduler_config(config_with(
      R"(, "interpolation_type": "log_linear", "timestep_type": "discrete",
         "final_sigmas_type": "sigma_min")"));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->warnings,
            (std::vector<std::string>{"interpolation_type 'log_linear' is not applied; linear is",
                                      "final_sigmas_type 'sigma_min' is not applied; zero is"}));
}

TEST(SchedulerConfig, LeavesAKindItDoesNotHaveToTheCaller) {
  std::string text = config_with("");
  text.replace(text.find("DDIMScheduler"), 13, "DPMSolverMultistepScheduler");
  const auto config = parse_scheduler_config(text);
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->kind);
  EXPECT_EQ(config->class_name, "DPMSolverMultistepScheduler");
}

TEST(SchedulerConfig, RefusesWhatItCannotFollow) {
  EXPECT_EQ(parse_scheduler_config("{").error().code, ErrorCode::kCorrupt);
  for (const std::string& text :
       {std::string("{}"), std::string("[]"), config_with(R"(, "trained_betas": [0.1])"),
        config_with(R"(, "thresholding": true)"), config_with(R"(, "prediction_type": "flow")"),
        config_with(R"(, "timestep_spacing": 3)"), config_with(R"(, "timestep_type": 3)"),
        config_with(R"(, "steps_offset": -1)"), config_with(R"(, "num_train_timesteps": 0)"),
        config_with(R"(, "beta_end": 2)"), config_with(R"(, "beta_start": "x")"),
        config_with(R"(, "num_train_timesteps": 1e300)"),
        config_with(R"(, "use_karras_sigmas": true, "sigma_max": -1)"),
        config_with(R"(, "use_karras_sigmas": true, "sigma_min": 3, "sigma_max": 2)"),
        config_with(R"(, "original_inference_steps": 2000)"),
        config_with(R"(, "beta_schedule": "squaredcos_cap_v2")")}) {
    const auto config = parse_scheduler_config(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidInput) << text;
  }
}

TEST(SamplerKind, IsReadByTheNameItIsWrittenBy) {
  for (const char* name : {"ddim", "euler", "euler-ancestral", "lcm"}) {
    EXPECT_EQ(to_string(parse_sampler_kind(name).value()), name);
  }
  EXPECT_TRUE(parse_sampler_kind("dpm").error().message.contains("euler-ancestral and lcm"));
}

}  // namespace
}  // namespace assay::diffusion
