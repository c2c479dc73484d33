/// \file
/// Jobs without an image, per miner: `assay audit missing`.

#pragma once

#include "audit/tally.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "tables/dataset.h"
#include "tables/leaf_scan.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

/// What to do with a response_payload that is JSON text.
enum class JsonPayload : std::uint8_t {
  kIgnore,  ///< Its jobs have no image, as in the old scripts; a warning says so.
  kParse,
};

/// How much to count. More columns are read for each step.
enum class CountDepth : std::uint8_t {
  kMissing,    ///< Jobs without an image per miner.
  kTotals,     ///< Also all jobs and claims without an address per miner.
  kBreakdown,  ///< Also by hour of created_at and by model_id.
};

struct MissingOptions {
  JsonPayload json_payload = JsonPayload::kIgnore;
  CountDepth depth = CountDepth::kMissing;
  /// Only the first rows of the data set.
  std::optional<std::uint64_t> max_rows = std::nullopt;
  tables::TimeFilter time = {};
  /// 0: one for each hardware thread.
  std::size_t num_workers = 0;
};

/// Jobs of one hour or one model.
struct JobGroup {
  std::string name;  ///< The model_id, or the begin of the hour in RFC 3339; `UNKNOWN` for null.
  std::uint64_t jobs = 0;
  std::uint64_t missing = 0;

  bool operator==(const JobGroup&) const = default;
};

struct MissingSummary {
  std::uint64_t num_jobs = 0;
  std::uint64_t num_missing = 0;
  /// In the order of the report. With CountDepth::kMissing only miners with a missing job.
  std::vector<MinerTally> miners;
  /// Only with kBreakdown. Order: by time; most jobs first, then by name.
  std::vector<JobGroup> hours;
  std::vector<JobGroup> models;
  /// One line each, for stderr: columns that are there but cannot be used as they are.
  std::vector<std::string> warnings;

  /// Miners with at least one missing job.
  std::size_t num_miners_with_missing() const;
};

/// Count over all rows of `files`.
///
/// Reads miner_hotkey, status, response_payload.callback_metadata.has_image and, where has_image
/// does not decide, response_payload.image_uri. A column that is absent is null everywhere. A
/// hotkey that is binary is its text when it is UTF-8, else its hexadecimal digits; an integer is
/// its decimal digits and 0 no hotkey. A status that is not text is `other`, a has_image that is
/// not boolean null.
///
/// Errors: kInvalidInput (a hotkey column of another type, or text that is not UTF-8: names file,
///         row and column), and those of tables::LeafScan.
Result<MissingSummary> summarise_missing(const tables::DatasetSources& sources,
                                         std::vector<tables::DatasetFile> files,
                                         const MissingOptions& options,
                                         const std::stop_token& stop);

/// The report as CSV: the miners with a missing job, one row each.
std::string missing_csv(const MissingSummary& summary);

/// `Wrote P with K miners. M missing-image jobs out of N total.`
std::string missing_message(const MissingSummary& summary, std::string_view output);

}  // namespace assay::audit
