/// \file
/// Does every claimed object exist? `assay audit verify`.

#pragma once

#include "audit/claims.h"
#include "audit/verdicts.h"
#include "audit/verify_report.h"
#include "core/clock.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"
#include "storage/existence.h"
#include "tables/dataset.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::audit {

struct VerifyOptions {
  /// Files, folders, globs and remote addresses.
  std::vector<std::string> parquet = {};
  /// The report. What a stopped run found out, and one that left something open, lies beside it:
  /// `<output>.journal`.
  std::filesystem::path output = {};
  /// The first rows of the export only: rows, not claims.
  std::optional<std::uint64_t> max_rows = std::nullopt;
  tables::TimeFilter time = {};
  ClaimRules rules = {};
  /// Makes the hashes of report and journal HMACs under this key; empty: plain SHA-256, which
  /// whoever can guess an address can check. Lifetime: outlives the call.
  std::string_view hash_key = {};
  VerdictForm form = VerdictForm::kFour;
  /// How to ask. `messages` follows from `form`.
  storage::ExistenceOptions existence = {};
};

/// What a verification needs from the world. Lifetime: all outlive it.
struct VerifyEnvironment {
  tables::DatasetSources sources = {};
  /// Its clock, random source and file system serve the whole verification.
  storage::ExistenceServices services = {};
  /// The style and sink; total and unit are the verification's.
  ProgressOptions progress = {};
};

/// The outcome of a verification. Verdicts are by object, as claims.objects().
struct Verification {
  ClaimTable claims = {};
  std::vector<storage::ExistenceVerdict> verdicts = {};
  VerdictCounts counts = {};  ///< By claim.
  /// Objects whose verdict came from a run that was stopped.
  std::uint64_t num_resumed = 0;
  storage::ExistencePlan plan = {};
  storage::ExistenceStats stats = {};
  std::optional<DetailCounts> details = std::nullopt;  ///< When they were asked for.
};

/// Ask for every claimed object once and write the report; with details also
/// `<output stem>_details.csv`. Goes on where an unfinished run of the same question was stopped;
/// after one that left objects denied or unknown it asks those alone.
///
/// Errors: those of read_claims(), of storage::ExistenceCheck, of VerdictJournal and of the
/// report's
///         file; kCancelled. The verdicts up to then are in the journal. That objects are absent,
///         denied or unknown is no error.
Result<Verification> verify(const VerifyOptions& options, const VerifyEnvironment& environment,
                            const std::stop_token& stop);

/// How many requests verify() would make: reads the claims, and the first page of each listing that
/// may be worth it. Writes nothing; `verdicts` and `counts` stay empty.
/// Errors: as verify().
Result<Verification> plan_verification(const VerifyOptions& options,
                                       const VerifyEnvironment& environment,
                                       const std::stop_token& stop);

/// Where the verdicts of an unfinished run are kept.
std::filesystem::path journal_path(const std::filesystem::path& output);

}  // namespace assay::audit
