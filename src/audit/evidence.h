/// \file
/// The jobs that speak against a miner, one row each: evidence.csv.

#pragma once

#include "audit/missing.h"
#include "audit/verify.h"
#include "core/result.h"
#include "files/file_system.h"
#include "tables/dataset.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

namespace assay::audit {

struct EvidenceOptions {
  JsonPayload json_payload = JsonPayload::kIgnore;
  tables::TimeFilter time = {};
  /// Which addresses were claims for `verification`.
  ClaimRules rules = {};
};

/// Rows of the evidence, by reason; see MinerTotals for what each means.
struct EvidenceCounts {
  std::uint64_t success_missing = 0;
  std::uint64_t claims_without_address = 0;
  std::uint64_t absent_objects = 0;

  std::uint64_t total() const { return success_missing + claims_without_address + absent_objects; }
};

/// Write `job_id,miner_hotkey,time,reason,verdict`: a row for each claim without an image, in the
/// order of the export. `verdict` is `absent` where the store was asked, else empty. No address is
/// in it. `verification` may be null: then no store was asked. Its claims are those of `files`.
/// Errors: those of tables::LeafScan and files::AtomicFile; kInvalidInput (a job_id or hotkey that
///         has no text form; names file, row and column).
Result<EvidenceCounts> write_evidence(const tables::DatasetSources& sources,
                                      std::vector<tables::DatasetFile> files,
                                      const EvidenceOptions& options,
                                      const Verification* verification,
                                      const std::filesystem::path& output,
                                      const std::stop_token& stop);

}  // namespace assay::audit
