/// \file
/// What miners are asked to draw.

#pragma once

#include "core/random.h"
#include "jobs/job.h"

#include <cstdint>
#include <string>

namespace assay::jobs {

struct Prompt {
  std::string text;
  PromptLabel label = PromptLabel::kNone;
};

/// Threads: one thread at a time.
class PromptSource {
 public:
  virtual ~PromptSource() = default;
  PromptSource() = default;
  PromptSource(const PromptSource&) = delete;
  PromptSource& operator=(const PromptSource&) = delete;

  virtual Prompt next(RandomSource& random) = 0;
};

/// A view from a car, put together from a fixed vocabulary: place, light, weather, traffic, and
/// with kRoadwork what stands on the road, else that there are no works. The same seed gives the
/// same text. Texts of kRoadwork hold `road works` and `on the left` or `on the right`; the others
/// hold `no road works`.
std::string template_prompt(PromptLabel label, std::uint64_t seed);

/// The same view for models that do not understand "no": without a word of works.
std::string clear_view_prompt(std::uint64_t seed);

/// template_prompt(), half of them with works. Never twice the same in a row.
class TemplatePrompts final : public PromptSource {
 public:
  Prompt next(RandomSource& random) override;

 private:
  std::string last_;
};

}  // namespace assay::jobs
