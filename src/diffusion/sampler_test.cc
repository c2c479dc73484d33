#include "diffusion/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

// The expected numbers come from a program in numpy that follows diffusers' sources array by array
// (version 0.42), with the stand-ins for image, noise and model below.

namespace assay::diffusion {
namespace {

const SchedulerConfig kStableDiffusion{.num_train_timesteps = 1000,
                                       .beta_start = 0.00085,
                                       .beta_end = 0.012,
                                       .beta_schedule = BetaSchedule::kScaledLinear};

struct Case {
  std::string name;
  SamplerKind kind = SamplerKind::kDdim;
  SchedulerConfig config;
  SamplerOptions options;
  std::vector<double> timesteps;
  std::vector<double> latents;
};

SchedulerConfig with_spacing(TimestepSpacing spacing, std::int64_t offset = 0) {
  SchedulerConfig config = kStableDiffusion;
  config.spacing = spacing;
  config.steps_offset = offset;
  return config;
}

SchedulerConfig as_stable_diffusion() {
  SchedulerConfig config = with_spacing(TimestepSpacing::kLeading, 1);
  config.set_alpha_to_one = false;
  return config;
}

SchedulerConfig velocity(TimestepSpacing spacing) {
  SchedulerConfig config = with_spacing(spacing);
  config.prediction = Prediction::kVelocity;
  config.rescale_betas_zero_snr = spacing == TimestepSpacing::kTrailing;
  return config;
}

std::vector<Case> ddim_cases() {
  SchedulerConfig clipped = with_spacing(TimestepSpacing::kLinspace);
  clipped.clip_sample = true;
  SchedulerConfig sample = as_stable_diffusion();
  sample.prediction = Prediction::kSample;
  return {{"leading",
           SamplerKind::kDdim,
           as_stable_diffusion(),
           {.num_steps = 5},
           {801, 601, 401, 201, 1},
           {0.7157692, -7.017217, -0.3814859}},
          {"velocity",
           SamplerKind::kDdim,
           velocity(TimestepSpacing::kTrailing),
           {.num_steps = 4},
           {999, 749, 499, 249},
           {-0.2571417, -0.4568003, 0.8142561}},
          {"clipped",
           SamplerKind::kDdim,
           clipped,
           {.num_steps = 4},
           {999, 666, 333, 0},
           {-0.4949661, 0.07517818, 0.7847572}},
          {"sample",
           SamplerKind::kDdim,
           sample,
           {.num_steps = 3},
           {667, 334, 1},
           {0.902695, 0.6398029, -0.0492984}},
          {"strength",
           SamplerKind::kDdim,
           as_stable_diffusion(),
           {.num_steps = 10, .strength = 0.35},
           {201, 101, 1},
           {0.7536568, -1.142029, -0.4062507}}};
}

std::vector<Case> euler_cases() {
  const SchedulerConfig leading = with_spacing(TimestepSpacing::kLeading, 1);
  return {{"linspace",
           SamplerKind::kEuler,
           kStableDiffusion,
           {.num_steps = 5},
           {999, 749.25, 499.5, 249.75, 0},
           {3.000609, -20.53742, -4.230655}},
          {"leading",
           SamplerKind::kEuler,
           leading,
           {.num_steps = 5},
           {801, 601, 401, 201, 1},
           {0.7360848, -6.971714, -0.3723749}},
          {"velocity",
           SamplerKind::kEuler,
           velocity(TimestepSpacing::kTrailing),
           {.num_steps = 4},
           {999, 749, 499, 249},
           {-0.2571213, -0.4567208, 0.8143961}},
          {"strength",
           SamplerKind::kEuler,
           leading,
           {.num_steps = 10, .strength = 0.6},
           {501, 401, 301, 201, 101, 1},
           {1.637, -0.361773, -0.8219665}},
          {"ancestral",
           SamplerKind::kEulerAncestral,
           leading,
           {.num_steps = 5},
           {801, 601, 401, 201, 1},
           {0.9805651, -7.709662, -1.975422}},
          {"ancestral velocity",
           SamplerKind::kEulerAncestral,
           velocity(TimestepSpacing::kLinspace),
           {.num_steps = 4},
           {999, 666, 333, 0},
           {-0.9076828, -0.8470223, 0.07503075}}};
}

std::vector<Case> karras_cases() {
  SchedulerConfig leading = with_spacing(TimestepSpacing::kLeading, 1);
  leading.use_karras_sigmas = true;
  SchedulerConfig linspace = with_spacing(TimestepSpacing::kLinspace);
  linspace.use_karras_sigmas = true;
  SchedulerConfig bounded = linspace;
  bounded.sigma_min = 0.05;
  bounded.sigma_max = 10;
  return {{"karras",
           SamplerKind::kEuler,
           leading,
           {.num_steps = 5},
           {801, 565.8301, 248.593, 38.42235, 1},
           {0.6887368, -7.725351, -1.063882}},
          {"karras linspace",
           SamplerKind::kEuler,
           linspace,
           {.num_steps = 4},
           {999, 687.1527, 145.9381, 0},
           {3.352023, -22.7534, -6.223571}},
          {"karras strength",
           SamplerKind::kEuler,
           leading,
           {.num_steps = 10, .strength = 0.6},
           {426.5304, 260.2429, 121.1411, 40.27246, 9.301442, 1},
           {1.228662, -0.9372434, -0.9180134}},
          {"karras bounded",
           SamplerKind::kEuler,
           bounded,
           {.num_steps = 6},
           {933.5068, 774.4649, 544.4598, 244.8686, 43.50855, 1.933854},
           {1.035155, -13.55887, -1.189173}},
          {"karras one",
           SamplerKind::kEuler,
           leading,
           {.num_steps = 1},
           {1},
           {0.4983608, -1.031487, 0.2116133}}};
}

std::vector<Case> lcm_cases() {
  return {{"lcm",
           SamplerKind::kLcm,
           kStableDiffusion,
           {.num_steps = 4},
           {999, 759, 499, 259},
           {2.848932, -22.22079, -8.086563}},
          {"lcm strength",
           SamplerKind::kLcm,
           kStableDiffusion,
           {.num_steps = 3, .strength = 0.5},
           {499, 339, 179},
           {1.115753, -2.297883, -2.491926}}};
}

void check(const Case& wanted) {
  SCOPED_TRACE(wanted.name);
  const auto sampler = Sampler::create(wanted.config, wanted.kind, wanted.options);
  ASSERT_TRUE(sampler) << sampler.error().message;
  std::vector<float> latents = {0.5F, -1, 0.25F};
  if (wanted.options.strength < 1) {
    sampler->begin_from(latents, std::vector<float>{1, 0.5F, -0.75F});
  } else {
    sampler->begin(latents);
  }
  std::vector<double> timesteps;
  for (std::size_t step = 0; step < sampler->num_steps(); ++step) {
    timesteps.push_back(sampler->timestep(step));
    std::vector<float> output;
    std::vector<float> noise;
    for (std::size_t i = 0; i < latents.size(); ++i) {
      const auto place = static_cast<double>(i);
      const auto number = static_cast<double>(step);
      output.push_back(static_cast<float>(std::sin(number + place) +
                                          (0.1 * latents[i] * sampler->input_scale(step))));
      noise.push_back(static_cast<float>(std::cos((2 * number) + place)));
    }
    sampler->advance(step, output, noise, latents);
  }
  ASSERT_EQ(timesteps.size(), wanted.timesteps.size());
  for (std::size_t step = 0; step < timesteps.size(); ++step) {
    EXPECT_NEAR(timesteps[step], wanted.timesteps[step], 1e-6 * wanted.timesteps[step] + 1e-9);
  }
  for (std::size_t i = 0; i < latents.size(); ++i) {
    EXPECT_NEAR(latents[i], wanted.latents[i], 2e-4 * (1 + std::abs(wanted.latents[i])));
  }
}

TEST(Sampler, StepsAsDdim) {
  for (const Case& wanted : ddim_cases()) check(wanted);
}

TEST(Sampler, StepsAsEuler) {
  for (const Case& wanted : euler_cases()) check(wanted);
}

TEST(Sampler, StepsAsEulerByTheNoise) {
  for (const Case& wanted : karras_cases()) check(wanted);
}

TEST(Sampler, LeavesOtherKindsTheirSteps) {
  SchedulerConfig config = as_stable_diffusion();
  config.use_karras_sigmas = true;
  const auto sampler = Sampler::create(config, SamplerKind::kEulerAncestral, {.num_steps = 5});
  ASSERT_TRUE(sampler);
  EXPECT_EQ(sampler->timestep(1), 601);
}

TEST(Sampler, StepsAsLatentConsistency) {
  for (const Case& wanted : lcm_cases()) check(wanted);
}

TEST(Sampler, GivesTheImageBackWhenTheModelKnowsTheNoise) {
  for (const SamplerKind kind : {SamplerKind::kDdim, SamplerKind::kEuler}) {
    const auto sampler =
        Sampler::create(as_stable_diffusion(), kind, {.num_steps = 20, .strength = 0.5});
    const std::vector<float> image = {0.5F, -1, 0.25F};
    const std::vector<float> noise = {1, 0.5F, -0.75F};
    std::vector<float> latents = image;
    sampler->begin_from(latents, noise);
    for (std::size_t step = 0; step < sampler->num_steps(); ++step) {
      sampler->advance(step, noise, {}, latents);
    }
    for (std::size_t i = 0; i < image.size(); ++i) EXPECT_NEAR(latents[i], image[i], 0.04);
  }
}

TEST(Sampler, WantsNoiseOfItsRandomKindsButNotAtTheEnd) {
  for (const SamplerKind kind : {SamplerKind::kDdim, SamplerKind::kEuler}) {
    EXPECT_FALSE(Sampler::create(kStableDiffusion, kind, {.num_steps = 3})->wants_noise(0));
  }
  for (const SamplerKind kind : {SamplerKind::kEulerAncestral, SamplerKind::kLcm}) {
    const auto sampler = Sampler::create(kStableDiffusion, kind, {.num_steps = 3});
    EXPECT_TRUE(sampler->wants_noise(1));
    EXPECT_FALSE(sampler->wants_noise(2));
  }
}

TEST(Sampler, RefusesStepsThatThereAreNot) {
  const auto code = [](SamplerKind kind, const SamplerOptions& options) {
    const auto sampler = Sampler::create(kStableDiffusion, kind, options);
    return sampler ? ErrorCode::kInternal : sampler.error().code;
  };
  EXPECT_EQ(code(SamplerKind::kDdim, {.num_steps = 0}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kEuler, {.num_steps = 1001}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kLcm, {.num_steps = 51}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kLcm, {.num_steps = 6, .strength = 0.1}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kDdim, {.num_steps = 4, .strength = 0}), ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kLcm, {.num_steps = 4, .strength = std::nan("")}),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code(SamplerKind::kDdim, {.num_steps = 4, .strength = 0.2}), ErrorCode::kInvalidInput);
}

TEST(Sampler, TakesATrainingOfFewerStepsThanLcmTakesFromIt) {
  SchedulerConfig config = kStableDiffusion;
  config.num_train_timesteps = 10;
  const auto sampler = Sampler::create(config, SamplerKind::kLcm, {.num_steps = 5});
  ASSERT_TRUE(sampler) << sampler.error().message;
  EXPECT_EQ(sampler->timestep(0), 9);
  EXPECT_EQ(sampler->timestep(4), 1);
}

}  // namespace
}  // namespace assay::diffusion
