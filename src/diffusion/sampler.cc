#include "diffusion/sampler.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>

// Sources. Betas and what follows from them: Ho et al., Denoising Diffusion Probabilistic Models
// (2020). DDIM: Song et al., Denoising Diffusion Implicit Models (2020), equation 12 with sigma 0.
// Euler and its ancestral form: Karras et al., Elucidating the Design Space (2022), algorithm 1,
// and equation 5 for steps by their noise, and k-diffusion's sample_euler_ancestral. Velocity:
// Salimans and Ho, Progressive Distillation (2022), appendix D. LCM: Luo et al., Latent Consistency
// Models (2023), equation 9 and algorithm
// 3. Zero terminal SNR: Lin et al., Common Diffusion Noise Schedules (2023), algorithm 1. Which of
// the training's steps are taken follows diffusers, by which the models' files are meant.

namespace assay::diffusion {
namespace {

/// What models of latent consistency were distilled with.
constexpr double kDataDeviation = 0.5;
/// In place of no signal at all, where the noise is counted in units of the signal.
constexpr double kLeastSignal = 0x1p-24;

/// The training's steps, latest first.
std::vector<double> spaced_timesteps(const SchedulerConfig& config, SamplerKind kind,
                                     std::int64_t num_steps) {
  const bool is_ddim = kind == SamplerKind::kDdim;
  const TimestepSpacing spacing =
      config.spacing.value_or(is_ddim ? TimestepSpacing::kLeading : TimestepSpacing::kLinspace);
  const auto total = static_cast<double>(config.num_train_timesteps);
  const auto count = static_cast<double>(num_steps);
  const std::int64_t stride = config.num_train_timesteps / num_steps;
  std::vector<double> timesteps;
  for (std::int64_t i = 0; i < num_steps; ++i) {
    const auto place = static_cast<double>(num_steps - 1 - i);
    double timestep = 0;
    switch (spacing) {
      case TimestepSpacing::kLinspace:
        timestep = num_steps == 1 ? 0 : place * (total - 1) / (count - 1);
        if (is_ddim) timestep = std::nearbyint(timestep);
        break;
      case TimestepSpacing::kLeading:
        timestep = (place * static_cast<double>(stride)) + static_cast<double>(config.steps_offset);
        break;
      case TimestepSpacing::kTrailing:
        timestep = std::nearbyint(total - (static_cast<double>(i) * total / count)) - 1;
        break;
    }
    timesteps.push_back(std::clamp(timestep, 0.0, total - 1));
  }
  return timesteps;
}

/// Of the steps that the teacher took, some at equal distances.
std::vector<double> consistency_timesteps(const SchedulerConfig& config,
                                          const SamplerOptions& options) {
  const std::int64_t all = std::min(config.original_inference_steps, config.num_train_timesteps);
  const std::int64_t stride = config.num_train_timesteps / all;
  const auto num_original = static_cast<std::int64_t>(static_cast<double>(all) * options.strength);
  std::vector<double> timesteps;
  if (options.num_steps > num_original) return timesteps;
  for (std::int64_t i = 0; i < options.num_steps; ++i) {
    const std::int64_t from_end = i * num_original / options.num_steps;
    timesteps.push_back(static_cast<double>(((num_original - from_end) * stride) - 1));
  }
  return timesteps;
}

/// The noise beside a signal of 1, also between two of the training's steps.
double deviation_at(const std::vector<double>& levels, double timestep) {
  const auto deviation = [&](std::size_t i) { return std::sqrt((1 - levels[i]) / levels[i]); };
  const auto below = static_cast<std::size_t>(timestep);
  if (below + 1 >= levels.size()) return deviation(levels.size() - 1);
  const double share = timestep - static_cast<double>(below);
  return (deviation(below) * (1 - share)) + (deviation(below + 1) * share);
}

/// Deviations at equal distances of their 7th root: Karras et al., equation 5.
std::vector<double> karras_deviations(double most, double least, std::size_t count) {
  constexpr double kRho = 7;
  const double first = std::pow(most, 1 / kRho);
  const double last = std::pow(least, 1 / kRho);
  std::vector<double> deviations;
  deviations.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double share = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    deviations.push_back(std::pow(first + (share * (last - first)), kRho));
  }
  return deviations;
}

/// Where the training has that much noise: between two of its steps by the logarithm.
double timestep_of(const std::vector<double>& levels, double deviation) {
  if (levels.size() < 2) return 0;
  // The deviation falls as the signal's share rises.
  const double level = 1 / ((deviation * deviation) + 1);
  const auto above = std::ranges::lower_bound(levels, level, std::greater());
  const auto place = std::clamp<std::ptrdiff_t>(above - levels.begin(), 1, std::ssize(levels) - 1);
  const auto below = static_cast<std::size_t>(place - 1);
  const auto log_at = [&](std::size_t i) { return std::log((1 - levels[i]) / levels[i]) / 2; };
  const double share = (std::log(deviation) - log_at(below)) / (log_at(below + 1) - log_at(below));
  return static_cast<double>(below) + std::clamp(share, 0.0, 1.0);
}

/// Put the noise of Karras et al. in place of what spaced steps have.
void respace_by_noise(const SchedulerConfig& config, const std::vector<double>& levels,
                      std::vector<double>& timesteps, std::vector<double>& deviations) {
  deviations = karras_deviations(config.sigma_max.value_or(deviations.front()),
                                 config.sigma_min.value_or(deviations.back()), deviations.size());
  for (std::size_t i = 0; i < timesteps.size(); ++i) {
    timesteps[i] = timestep_of(levels, deviations[i]);
  }
}

}  // namespace

std::vector<double> signal_levels(const SchedulerConfig& config, SamplerKind kind) {
  const bool is_scaled = config.beta_schedule == BetaSchedule::kScaledLinear;
  const double first = is_scaled ? std::sqrt(config.beta_start) : config.beta_start;
  const double last = is_scaled ? std::sqrt(config.beta_end) : config.beta_end;
  const auto count = static_cast<std::size_t>(config.num_train_timesteps);
  std::vector<double> levels;
  levels.reserve(count);
  double product = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double share = count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1);
    const double root = first + ((last - first) * share);
    product *= 1 - (is_scaled ? root * root : root);
    levels.push_back(product);
  }
  if (!config.rescale_betas_zero_snr) return levels;
  const double first_root = std::sqrt(levels.front());
  const double last_root = std::sqrt(levels.back());
  for (double& level : levels) {
    const double root = (std::sqrt(level) - last_root) * first_root / (first_root - last_root);
    level = root * root;
  }
  const bool is_ratio = kind == SamplerKind::kEuler || kind == SamplerKind::kEulerAncestral;
  if (is_ratio) levels.back() = kLeastSignal;
  return levels;
}

Result<Sampler> Sampler::create(const SchedulerConfig& config, SamplerKind kind,
                                const SamplerOptions& options) {
  const std::int64_t most = kind == SamplerKind::kLcm ? std::min(config.original_inference_steps,
                                                                 config.num_train_timesteps)
                                                      : config.num_train_timesteps;
  if (options.num_steps < 1 || options.num_steps > most) {
    return invalid_input(fmt::format("{} steps of {}; the model has 1 to {}", options.num_steps,
                                     to_string(kind), most));
  }
  if (!(options.strength > 0 && options.strength <= 1)) {
    return invalid_input(
        fmt::format("a strength of {}; expected a number above 0, up to 1", options.strength));
  }
  Sampler sampler(config, kind);
  const std::vector<double> levels = signal_levels(config, kind);
  std::vector<double> timesteps = kind == SamplerKind::kLcm
                                      ? consistency_timesteps(config, options)
                                      : spaced_timesteps(config, kind, options.num_steps);
  std::vector<double> level_of_step;
  level_of_step.reserve(timesteps.size());
  for (const double timestep : timesteps) {
    level_of_step.push_back(sampler.is_euler() ? deviation_at(levels, timestep)
                                               : levels[static_cast<std::size_t>(timestep)]);
  }
  if (kind == SamplerKind::kEuler && config.use_karras_sigmas) {
    respace_by_noise(config, levels, timesteps, level_of_step);
  }
  const double last_level = config.set_alpha_to_one ? 1 : levels.front();
  const std::int64_t stride = config.num_train_timesteps / options.num_steps;
  for (std::size_t i = 0; i < timesteps.size(); ++i) {
    Step step{.timestep = timesteps[i], .level = level_of_step[i]};
    const bool is_last = i + 1 == timesteps.size();
    if (kind == SamplerKind::kDdim) {
      const std::int64_t next = static_cast<std::int64_t>(step.timestep) - stride;
      step.next_level = next >= 0 ? levels[static_cast<std::size_t>(next)] : last_level;
    } else if (!is_last) {
      step.next_level = level_of_step[i + 1];
    }
    sampler.steps_.push_back(step);
  }
  if (sampler.is_euler()) {
    const double most_noise = sampler.steps_.front().level;
    const bool is_leading = config.spacing == TimestepSpacing::kLeading;
    sampler.initial_scale_ = is_leading ? std::hypot(most_noise, 1) : most_noise;
  }
  if (kind != SamplerKind::kLcm) {
    const auto num_taken =
        static_cast<std::int64_t>(static_cast<double>(options.num_steps) * options.strength);
    const std::int64_t num_skipped =
        options.num_steps - std::clamp<std::int64_t>(num_taken, 0, options.num_steps);
    sampler.steps_.erase(sampler.steps_.begin(), sampler.steps_.begin() + num_skipped);
  }
  if (sampler.steps_.empty()) {
    return invalid_input(
        fmt::format("{} steps with a strength of {} come to none; take more of either",
                    options.num_steps, options.strength));
  }
  return sampler;
}

double Sampler::input_scale(std::size_t step) const {
  return is_euler() ? 1 / std::hypot(steps_[step].level, 1) : 1;
}

bool Sampler::wants_noise(std::size_t step) const {
  const bool is_random = kind_ == SamplerKind::kEulerAncestral || kind_ == SamplerKind::kLcm;
  return is_random && step + 1 < steps_.size();
}

void Sampler::begin(std::span<float> noise) const {
  for (float& value : noise) value = static_cast<float>(value * initial_scale_);
}

void Sampler::begin_from(std::span<float> latents, std::span<const float> noise) const {
  CHECK(latents.size() == noise.size(), "noise of another size than the latents");
  const double level = steps_.front().level;
  const double signal = is_euler() ? 1 : std::sqrt(level);
  const double deviation = is_euler() ? level : std::sqrt(1 - level);
  for (std::size_t i = 0; i < latents.size(); ++i) {
    latents[i] = static_cast<float>((signal * latents[i]) + (deviation * noise[i]));
  }
}

Sampler::Parts Sampler::parts(const Step& step, double latent, double output) const {
  // Euler's latents are larger: with a signal of 1.
  const double signal = is_euler() ? 1 / std::hypot(step.level, 1) : std::sqrt(step.level);
  const double deviation = is_euler() ? step.level * signal : std::sqrt(1 - step.level);
  const double scaled = is_euler() ? latent * signal : latent;
  Parts parts;
  switch (config_.prediction) {
    case Prediction::kNoise:
      parts = {.sample = (scaled - (deviation * output)) / signal, .noise = output};
      break;
    case Prediction::kSample:
      parts = {.sample = output, .noise = (scaled - (signal * output)) / deviation};
      break;
    case Prediction::kVelocity:
      parts = {.sample = (signal * scaled) - (deviation * output),
               .noise = (signal * output) + (deviation * scaled)};
      break;
  }
  if (config_.clip_sample && !is_euler()) {
    parts.sample = std::clamp(parts.sample, -config_.clip_sample_range, config_.clip_sample_range);
  }
  return parts;
}

double Sampler::advance_euler(const Step& step, double latent, double output, double noise) const {
  const double slope = (latent - parts(step, latent, output).sample) / step.level;
  if (kind_ == SamplerKind::kEuler) return latent + (slope * (step.next_level - step.level));
  const double from = step.level * step.level;
  const double into = step.next_level * step.next_level;
  const double up = into * (from - into) / from;  // the variance that is put in anew
  return latent + (slope * (std::sqrt(into - up) - step.level)) + (std::sqrt(up) * noise);
}

double Sampler::advance_lcm(const Step& step, bool is_last, double latent, double output,
                            double noise) const {
  const double scaled = step.timestep * config_.timestep_scaling;
  const double whole = (scaled * scaled) + (kDataDeviation * kDataDeviation);
  const double kept = kDataDeviation * kDataDeviation / whole;
  const double made = scaled / std::sqrt(whole);
  const double sample = (made * parts(step, latent, output).sample) + (kept * latent);
  if (is_last) return sample;
  return (std::sqrt(step.next_level) * sample) + (std::sqrt(1 - step.next_level) * noise);
}

void Sampler::advance(std::size_t step, std::span<const float> output, std::span<const float> noise,
                      std::span<float> latents) const {
  CHECK(latents.size() == output.size(), "an output of another size than the latents");
  CHECK(noise.size() == latents.size() || !wants_noise(step), "no noise for a step that wants it");
  const Step& now = steps_[step];
  const bool is_last = step + 1 == steps_.size();
  for (std::size_t i = 0; i < latents.size(); ++i) {
    const double fresh = wants_noise(step) ? noise[i] : 0;
    double next = 0;
    if (is_euler()) {
      next = advance_euler(now, latents[i], output[i], fresh);
    } else if (kind_ == SamplerKind::kLcm) {
      next = advance_lcm(now, is_last, latents[i], output[i], fresh);
    } else {
      const Parts parts_now = parts(now, latents[i], output[i]);
      next = (std::sqrt(now.next_level) * parts_now.sample) +
             (std::sqrt(1 - now.next_level) * parts_now.noise);
    }
    latents[i] = static_cast<float>(next);
  }
}

}  // namespace assay::diffusion
