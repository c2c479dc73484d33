/// \file
/// Fuzzes the scheduler file of a diffusion model, and the steps that follow from it.

#include "core/check.h"
#include "diffusion/sampler.h"
#include "diffusion/scheduler_config.h"
#include "fuzz_target.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz_scheduler_config {
namespace {

using assay::diffusion::Sampler;
using assay::diffusion::SamplerKind;

/// A file of many steps costs milliseconds each time: what is wrong shows with few too.
constexpr std::int64_t kMaxTrainTimesteps = 2000;

void take_steps(const Sampler& sampler, std::int64_t num_train_timesteps) {
  CHECK(sampler.num_steps() > 0, "a plan has a step");
  std::array<float, 3> latents = {0.5F, -1, 0.25F};
  const std::array<float, 3> other = {1, 0.5F, -0.75F};
  sampler.begin_from(latents, other);
  for (std::size_t step = 0; step < sampler.num_steps(); ++step) {
    const double timestep = sampler.timestep(step);
    CHECK(timestep >= 0 && timestep < static_cast<double>(num_train_timesteps),
          "a step of the training");
    sampler.advance(step, other, other, latents);
  }
}

}  // namespace

FUZZ_TARGET(scheduler_config) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = assay::diffusion::parse_scheduler_config(text);
  if (!config || config->num_train_timesteps > kMaxTrainTimesteps) return 0;
  for (const SamplerKind kind :
       {SamplerKind::kDdim, SamplerKind::kEuler, SamplerKind::kEulerAncestral, SamplerKind::kLcm}) {
    for (const std::int64_t num_steps : {1, 7}) {
      for (const double strength : {0.4, 1.0}) {
        const auto sampler =
            Sampler::create(*config, kind, {.num_steps = num_steps, .strength = strength});
        if (sampler) take_steps(*sampler, config->num_train_timesteps);
      }
    }
  }
  return 0;
}

}  // namespace fuzz_scheduler_config
