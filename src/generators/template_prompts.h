/// \file
/// Prompts without a model: from a fixed vocabulary, by label and seed.

#pragma once

#include "cache/prompt_provider.h"

#include <string>

namespace assay::generators {

/// Views from a car. Those without works say nothing of works at all: models of images do not
/// understand "no". Errors: none.
class TemplatePrompts final : public cache::PromptProvider {
 public:
  std::string name() const override { return "template"; }
  bool looks_at_images() const override { return false; }
  Result<std::string> write(const cache::PromptRequest& request,
                            const std::stop_token& stop) const override;
};

}  // namespace assay::generators
