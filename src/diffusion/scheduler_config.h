/// \file
/// What scheduler/scheduler_config.json says of how a model was trained.

#pragma once

#include "core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::diffusion {

enum class SamplerKind : std::uint8_t { kDdim, kEuler, kEulerAncestral, kLcm };

/// "ddim", "euler", "euler-ancestral" or "lcm".
std::string_view to_string(SamplerKind kind);
/// Errors: kInvalidInput, which lists the names.
Result<SamplerKind> parse_sampler_kind(std::string_view name);

/// What the model was trained to give.
enum class Prediction : std::uint8_t { kNoise, kSample, kVelocity };

enum class BetaSchedule : std::uint8_t { kLinear, kScaledLinear };

/// Which of the training's steps are taken.
enum class TimestepSpacing : std::uint8_t { kLeading, kLinspace, kTrailing };

struct SchedulerConfig {
  /// None: of a kind that there is none of here.
  std::optional<SamplerKind> kind = {};
  std::string class_name = {};
  std::int64_t num_train_timesteps = 1000;
  double beta_start = 0;
  double beta_end = 0;
  BetaSchedule beta_schedule = BetaSchedule::kLinear;
  Prediction prediction = Prediction::kNoise;
  /// None: the sampler's own.
  std::optional<TimestepSpacing> spacing = {};
  std::int64_t steps_offset = 0;
  bool set_alpha_to_one = true;
  bool clip_sample = false;
  double clip_sample_range = 1;
  bool rescale_betas_zero_snr = false;
  /// Of kEuler: steps are chosen by their noise, not by their place in the training. The least and
  /// the most noise are those of the first and the last step unless they are given.
  bool use_karras_sigmas = false;
  std::optional<double> sigma_min = {};
  std::optional<double> sigma_max = {};
  /// Of kLcm.
  std::int64_t original_inference_steps = 50;
  double timestep_scaling = 10;
  /// What is not done as the file says.
  std::vector<std::string> warnings = {};
};

/// Errors: kCorrupt (no JSON), kInvalidInput (a member is missing, out of bounds, or asks for what
///         changes every image and is not known here).
Result<SchedulerConfig> parse_scheduler_config(std::string_view text);

}  // namespace assay::diffusion
