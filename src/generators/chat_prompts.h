/// \file
/// Prompts written by a chat model that may look at a photo.

#pragma once

#include "cache/prompt_provider.h"
#include "generators/service.h"
#include "json/value.h"

#include <stop_token>
#include <string>

namespace assay::generators {

/// Asks `/v1/chat/completions`, the photo as a data address. What is sent of it is small, and
/// encoded anew: none of its EXIF.
/// Errors: those of Service; kCorrupt (an answer without words, or with too many).
class ChatPrompts final : public cache::PromptProvider {
 public:
  ChatPrompts(Service service, std::string model)
      : service_(std::move(service)), model_(std::move(model)) {}

  std::string name() const override { return model_; }
  bool looks_at_images() const override { return true; }
  Result<std::string> write(const cache::PromptRequest& request,
                            const std::stop_token& stop) const override;

 private:
  Service service_;
  std::string model_;
};

}  // namespace assay::generators
