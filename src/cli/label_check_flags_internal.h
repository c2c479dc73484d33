/// \file
/// Options of the commands that can check labels before images come in.

#pragma once

#include "app/clip_label_judge.h"
#include "cache/label_judge.h"
#include "cli/command_internal.h"
#include "core/result.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace assay::cli {

struct LabelCheckFlags {
  std::string model;
  double minimum = cache::LabelCheck().minimum_share;
  std::string prompts;
  cache::DoubtfulLabels doubtful = cache::DoubtfulLabels::kRefused;

  void add_to(CLI::App& command);
  /// None when no check is wanted. Errors: as app::ClipLabelJudge::open(), read_label_prompts().
  Result<std::unique_ptr<app::ClipLabelJudge>> open_judge() const;
  /// Lifetime: `judge`, which may be null, outlives it.
  cache::LabelCheck check(const app::ClipLabelJudge* judge) const;
};

}  // namespace assay::cli
