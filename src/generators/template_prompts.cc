#include "generators/template_prompts.h"

#include "jobs/prompts.h"

namespace assay::generators {

Result<std::string> TemplatePrompts::write(const cache::PromptRequest& request,
                                           const std::stop_token& /*stop*/) const {
  return request.label == cache::Label::kRoadwork
             ? jobs::template_prompt(jobs::PromptLabel::kRoadwork, request.seed)
             : jobs::clear_view_prompt(request.seed);
}

}  // namespace assay::generators
