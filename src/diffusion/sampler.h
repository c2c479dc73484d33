/// \file
/// From noise to a latent image, step by step: what is done with what the model gives.

#pragma once

#include "core/result.h"
#include "diffusion/scheduler_config.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace assay::diffusion {

struct SamplerOptions {
  std::int64_t num_steps = 25;
  /// Of an image that is there: how much of it is made anew, above 0 to 1; fewer steps are taken.
  double strength = 1;
};

/// A plan of steps; latents are the caller's. Threads: const calls from any thread.
class Sampler {
 public:
  /// Errors: kInvalidInput (steps that the training does not have, a strength that leaves none).
  static Result<Sampler> create(const SchedulerConfig& config, SamplerKind kind,
                                const SamplerOptions& options);

  std::size_t num_steps() const { return steps_.size(); }
  /// What the model is told. Pre (here and below): `step` < num_steps().
  double timestep(std::size_t step) const { return steps_[step].timestep; }
  /// By which latents are multiplied for the model.
  double input_scale(std::size_t step) const;
  /// Whether advance() uses noise.
  bool wants_noise(std::size_t step) const;

  /// Noise becomes the latents of the first step.
  void begin(std::span<float> noise) const;
  /// The latents of an image become those of the first step. Pre: equal sizes.
  void begin_from(std::span<float> latents, std::span<const float> noise) const;
  /// The latents become those of the next step. Pre: equal sizes; `noise` may be empty unless
  /// wants_noise().
  void advance(std::size_t step, std::span<const float> output, std::span<const float> noise,
               std::span<float> latents) const;

 private:
  /// Of DDIM and LCM the signal's share of the variance, of Euler's the deviation of the noise
  /// beside a signal of 1; now, and after the step.
  struct Step {
    double timestep = 0;
    double level = 0;
    double next_level = 0;
  };
  /// The image and the noise that latents consist of, by what the model gave.
  struct Parts {
    double sample = 0;
    double noise = 0;
  };

  Sampler(SchedulerConfig config, SamplerKind kind) : config_(std::move(config)), kind_(kind) {}
  bool is_euler() const {
    return kind_ == SamplerKind::kEuler || kind_ == SamplerKind::kEulerAncestral;
  }
  Parts parts(const Step& step, double latent, double output) const;
  double advance_euler(const Step& step, double latent, double output, double noise) const;
  double advance_lcm(const Step& step, bool is_last, double latent, double output,
                     double noise) const;

  SchedulerConfig config_;
  SamplerKind kind_;
  std::vector<Step> steps_;
  double initial_scale_ = 1;
};

/// The share of the variance that is signal after each step of the training.
std::vector<double> signal_levels(const SchedulerConfig& config, SamplerKind kind);

}  // namespace assay::diffusion
