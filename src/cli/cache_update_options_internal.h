/// \file
/// The options of `cache update`.

#pragma once

#include "cli/cache_options_internal.h"
#include "cli/label_check_flags_internal.h"
#include "cli/metrics_options_internal.h"
#include "updater/update.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::cli {

/// What the command line of `cache update` says.
struct UpdateFlags {
  CacheFolderFlag folder;
  std::vector<const CLI::Option*> of_one_source;  ///< What each source of assay.toml says itself.
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::string set_label;
  std::string repo;
  std::vector<std::string> from;
  std::string files = "*.parquet";
  std::string source;
  std::string endpoint;
  std::string token_file;
  updater::ImageColumns columns;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> target;
  std::uint64_t rows_per_table = 100;
  std::uint64_t max_downloads = 5;
  NearDuplicateFlags near;
  CacheBudgetFlags budget;
  std::string keep_tables = "100GB";
  std::string keep_free = "1GB";
  std::string timeout = "2h";
  std::string interval = "1h";
  bool watches = false;
  LabelCheckFlags label_check;
  MetricsFlags metrics;
  updater::UpdateTime time = updater::UpdateTime::kWhenDue;
};

/// The options of the one source that the flags name, and of what all sources have in common, but
/// for the check of labels.
/// Errors: kInvalidInput.
Result<updater::UpdateOptions> update_options(const UpdateFlags& flags, const Session& session);

void add_update_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags);

}  // namespace assay::cli
