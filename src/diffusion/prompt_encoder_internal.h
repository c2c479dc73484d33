/// \file
/// Texts as the UNet takes them.

#pragma once

#include "core/result.h"
#include "diffusion/model_folder.h"
#include "diffusion/pipeline.h"
#include "files/file_system.h"
#include "models/ir_model.h"
#include "tokenizer/clip_tokenizer.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::diffusion {

/// What one text comes to.
struct PromptVectors {
  std::vector<float> tokens = {};  ///< Shape: [num_tokens, width].
  std::size_t width = 0;
  std::vector<float> pooled = {};  ///< Of the whole text; SDXL's alone.
};

/// Threads: one thread at a time. Errors: kInternal (the engine), kInvalidInput (a part that gives
/// something else than it should).
class PromptEncoder {
 public:
  static Result<PromptEncoder> load(files::FileSystem& file_system, const ModelDescription& model,
                                    const PipelineOptions& options);

  std::size_t num_tokens() const { return towers_.front().tokenizer.context_length(); }
  Result<PromptVectors> encode(std::string_view text);

 private:
  struct Tower {
    tokenizer::ClipTokenizer tokenizer;
    std::unique_ptr<models::IrRequest> request = nullptr;
    std::string input = {};
    std::string tokens_output = {};
    std::string pooled_output = {};  // empty: of no use
  };
  explicit PromptEncoder(std::vector<Tower> towers) : towers_(std::move(towers)) {}
  static Result<Tower> load_tower(files::FileSystem& file_system, const ModelDescription& model,
                                  const PipelineOptions& options, std::string_view number);

  std::vector<Tower> towers_;
};

}  // namespace assay::diffusion
