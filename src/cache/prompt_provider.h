/// \file
/// Who writes the words that an image is made from.

#pragma once

#include "cache/layout.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>

namespace assay::cache {

struct PromptRequest {
  /// What the image is to show.
  Label label = Label::kNone;
  std::uint64_t seed = 0;
  /// The file of a photo that it is to be like; empty: none.
  std::span<const std::byte> image = {};
};

/// Threads: all calls are safe from any thread.
class PromptProvider {
 public:
  virtual ~PromptProvider() = default;
  PromptProvider() = default;
  PromptProvider(const PromptProvider&) = delete;
  PromptProvider& operator=(const PromptProvider&) = delete;

  /// As sidecars say it: `template`, or the name of a model.
  virtual std::string name() const = 0;
  virtual bool looks_at_images() const = 0;

  /// One line, not blank.
  /// Errors: as ImageGenerator::generate().
  virtual Result<std::string> write(const PromptRequest& request,
                                    const std::stop_token& stop) const = 0;
};

}  // namespace assay::cache
