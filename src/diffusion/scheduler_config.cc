#include "diffusion/scheduler_config.h"

#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::diffusion {
namespace {

constexpr std::int64_t kMaxTrainTimesteps = 100'000;

constexpr auto kKindNames = std::to_array<std::pair<std::string_view, SamplerKind>>(
    {{"ddim", SamplerKind::kDdim},
     {"euler", SamplerKind::kEuler},
     {"euler-ancestral", SamplerKind::kEulerAncestral},
     {"lcm", SamplerKind::kLcm}});

constexpr auto kClassNames = std::to_array<std::pair<std::string_view, SamplerKind>>(
    {{"DDIMScheduler", SamplerKind::kDdim},
     {"PNDMScheduler", SamplerKind::kDdim},
     {"EulerDiscreteScheduler", SamplerKind::kEuler},
     {"EulerAncestralDiscreteScheduler", SamplerKind::kEulerAncestral},
     {"LCMScheduler", SamplerKind::kLcm}});

template <typename Names>
auto find_name(const Names& names, std::string_view name) {
  using Value = Names::value_type::second_type;
  const auto found = std::ranges::find(names, name, &Names::value_type::first);
  return found == names.end() ? std::optional<Value>() : std::optional<Value>(found->second);
}

/// A member that may be missing or null.
const json::Value* given(const json::Value& value, std::string_view name) {
  const json::Value* const member = value.find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

bool is_set(const json::Value& value, std::string_view name, bool otherwise) {
  const json::Value* const member = given(value, name);
  return member == nullptr ? otherwise : member->boolean().value_or(otherwise);
}

/// Errors: kInvalidInput.
Result<double> number_between(const json::Value& value, std::string_view name, double least,
                              double most) {
  ASSIGN_OR_RETURN(const double number, value.require_number(name));
  if (number >= least && number <= most) return number;
  return invalid_input(
      fmt::format("{} is {}; expected a number from {} to {}", name, number, least, most));
}

/// One of some words. Errors: kInvalidInput.
template <typename Names>
auto word_of(const json::Value& value, std::string_view name, const Names& names)
    -> Result<typename Names::value_type::second_type> {
  ASSIGN_OR_RETURN(const std::string word, value.require_text(name));
  const auto found = find_name(names, word);
  if (found) return *found;
  return invalid_input(fmt::format("{} '{}' is not known here", name, word));
}

Status read_betas(const json::Value& value, SchedulerConfig& config) {
  constexpr auto kSchedules = std::to_array<std::pair<std::string_view, BetaSchedule>>(
      {{"linear", BetaSchedule::kLinear}, {"scaled_linear", BetaSchedule::kScaledLinear}});
  if (given(value, "trained_betas") != nullptr) {
    return invalid_input("trained_betas are not known here");
  }
  ASSIGN_OR_RETURN(const double count, number_between(value, "num_train_timesteps", 1,
                                                      static_cast<double>(kMaxTrainTimesteps)));
  config.num_train_timesteps = static_cast<std::int64_t>(count);
  ASSIGN_OR_RETURN(config.beta_start, number_between(value, "beta_start", 1e-9, 0.999));
  ASSIGN_OR_RETURN(config.beta_end, number_between(value, "beta_end", 1e-9, 0.999));
  ASSIGN_OR_RETURN(config.beta_schedule, word_of(value, "beta_schedule", kSchedules));
  config.rescale_betas_zero_snr = is_set(value, "rescale_betas_zero_snr", false);
  return {};
}

Status read_sampling(const json::Value& value, SchedulerConfig& config) {
  constexpr auto kPredictions = std::to_array<std::pair<std::string_view, Prediction>>(
      {{"epsilon", Prediction::kNoise},
       {"sample", Prediction::kSample},
       {"v_prediction", Prediction::kVelocity}});
  constexpr auto kSpacings = std::to_array<std::pair<std::string_view, TimestepSpacing>>(
      {{"leading", TimestepSpacing::kLeading},
       {"linspace", TimestepSpacing::kLinspace},
       {"trailing", TimestepSpacing::kTrailing}});
  if (given(value, "prediction_type") != nullptr) {
    ASSIGN_OR_RETURN(config.prediction, word_of(value, "prediction_type", kPredictions));
  }
  if (given(value, "timestep_spacing") != nullptr) {
    ASSIGN_OR_RETURN(config.spacing, word_of(value, "timestep_spacing", kSpacings));
  }
  const auto last = static_cast<double>(config.num_train_timesteps);
  if (given(value, "steps_offset") != nullptr) {
    ASSIGN_OR_RETURN(const double offset, number_between(value, "steps_offset", 0, last));
    config.steps_offset = static_cast<std::int64_t>(offset);
  }
  if (given(value, "clip_sample_range") != nullptr) {
    ASSIGN_OR_RETURN(config.clip_sample_range,
                     number_between(value, "clip_sample_range", 1e-6, 1e6));
  }
  if (given(value, "original_inference_steps") != nullptr) {
    ASSIGN_OR_RETURN(const double steps,
                     number_between(value, "original_inference_steps", 1, last));
    config.original_inference_steps = static_cast<std::int64_t>(steps);
  }
  if (given(value, "timestep_scaling") != nullptr) {
    ASSIGN_OR_RETURN(config.timestep_scaling, number_between(value, "timestep_scaling", 0, 1e6));
  }
  config.use_karras_sigmas = is_set(value, "use_karras_sigmas", false);
  if (config.use_karras_sigmas) {
    for (const auto& [name, sigma] :
         {std::pair("sigma_min", &config.sigma_min), std::pair("sigma_max", &config.sigma_max)}) {
      if (given(value, name) == nullptr) continue;
      ASSIGN_OR_RETURN(*sigma, number_between(value, name, 1e-6, 1e6));
    }
    if (config.sigma_min && config.sigma_max && *config.sigma_min >= *config.sigma_max) {
      return invalid_input("sigma_min is not below sigma_max");
    }
  }
  if (is_set(value, "thresholding", false)) return invalid_input("thresholding is not known here");
  return {};
}

}  // namespace

std::string_view to_string(SamplerKind kind) {
  return std::ranges::find(kKindNames, kind, &std::pair<std::string_view, SamplerKind>::second)
      ->first;
}

Result<SamplerKind> parse_sampler_kind(std::string_view name) {
  if (const auto kind = find_name(kKindNames, name)) return *kind;
  return invalid_input(fmt::format(
      "no scheduler is called '{}'; there are ddim, euler, euler-ancestral and lcm", name));
}

Result<SchedulerConfig> parse_scheduler_config(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(text));
  SchedulerConfig config;
  ASSIGN_OR_RETURN(config.class_name, value.require_text("_class_name"));
  config.kind = find_name(kClassNames, config.class_name);
  RETURN_IF_ERROR(read_betas(value, config));
  RETURN_IF_ERROR(read_sampling(value, config));
  // What diffusers' classes do when the file does not say it.
  const bool is_pndm = config.class_name == "PNDMScheduler";
  config.set_alpha_to_one = is_set(value, "set_alpha_to_one", !is_pndm);
  config.clip_sample = is_set(value, "clip_sample", config.class_name == "DDIMScheduler");
  if (is_pndm) {
    config.warnings.emplace_back(
        "the model names the scheduler PNDM; DDIM, which solves the same equation to the first "
        "order, takes its place");
  }
  for (const char* const name : {"use_exponential_sigmas", "use_beta_sigmas"}) {
    if (is_set(value, name, false))
      config.warnings.push_back(fmt::format("{} is not applied", name));
  }
  for (const auto& [name, usual] :
       {std::pair("interpolation_type", "linear"), std::pair("timestep_type", "discrete"),
        std::pair("final_sigmas_type", "zero")}) {
    if (given(value, name) == nullptr) continue;
    ASSIGN_OR_RETURN(const std::string word, value.require_text(name));
    if (word == usual) continue;
    config.warnings.push_back(fmt::format("{} '{}' is not applied; {} is", name, word, usual));
  }
  return config;
}

}  // namespace assay::diffusion
