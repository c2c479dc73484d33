/// \file
/// The whole audit: `assay audit run`.

#pragma once

#include "audit/audit_report.h"
#include "audit/flag.h"
#include "audit/judgement.h"
#include "audit/missing.h"
#include "audit/verify.h"
#include "core/clock.h"
#include "core/result.h"
#include "tables/dataset.h"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::audit {

struct RunOptions {
  /// Where the files of the report go; made when absent.
  std::filesystem::path folder = {};
  std::vector<tables::DatasetFile> files = {};
  tables::TimeFilter time = {};
  JsonPayload json_payload = JsonPayload::kIgnore;
  FlagOptions flag = {};
  JudgementOptions judgement = {};
  /// The program's version, for the report.
  std::string version = {};
  /// Nothing: no store is asked. Its `output` is the run's to set.
  std::optional<VerifyOptions> verify = {};
};

/// What the run needs from the world. `verify` is used only when RunOptions::verify is set.
struct RunEnvironment {
  VerifyEnvironment verify = {};
  const Clock* clock = nullptr;  ///< Never null.
};

struct RunOutcome {
  AuditReport report;
  /// By claim, as verify's own report counts; nothing when no store was asked.
  std::optional<VerdictCounts> verdicts;
  /// One line each, for stderr.
  std::vector<std::string> warnings;
};

/// The files of a run, below its folder.
struct RunFiles {
  std::filesystem::path missing;    ///< missing_images_by_miner.csv
  std::filesystem::path flagged;    ///< missing_images_flagged.csv
  std::filesystem::path claims;     ///< missing_images_by_miner_claims.csv
  std::filesystem::path existence;  ///< image_existence_report.csv
  std::filesystem::path evidence;   ///< evidence.csv
  std::filesystem::path json;       ///< audit.json
  std::filesystem::path html;       ///< audit.html
};

RunFiles run_files(const std::filesystem::path& folder);

/// Count, ask the stores, judge, and write all files of run_files(); each appears whole or not at
/// all. Stopped while it asks, it goes on from there when it is run again.
/// Errors: those of summarise_missing(), verify(), judge_claims(), write_evidence() and
///         files::AtomicFile.
Result<RunOutcome> run_audit(const RunOptions& options, const RunEnvironment& environment,
                             const std::stop_token& stop);

/// The outcome as a table for a terminal: totals, verdicts and the suspects of both rules.
std::string run_text(const RunOutcome& outcome, std::size_t max_suspects);

}  // namespace assay::audit
