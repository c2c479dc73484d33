/// \file
/// A made-up ledger of generation jobs, with miners of known conduct: for tests.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::tools {

struct JobLedgerOptions {
  /// The first two are honest, then come one that often fails, one that is often silent, and two
  /// that claim images which are not there, in half of their jobs. And so on.
  std::size_t num_miners = 6;
  std::size_t jobs_per_miner = 16;
  std::uint64_t seed = 1;
};

struct MadeJobLedger {
  std::uint64_t num_jobs = 0;
  /// Hotkeys. Order: as made.
  std::vector<std::string> false_claimers = {};
  /// The images that are there: paths below the store.
  std::vector<std::string> objects = {};
};

/// Write the ledger into `folder`. The same options give the same bytes.
/// Errors: those of JobLedger.
Result<MadeJobLedger> make_job_ledger(files::FileSystem& file_system,
                                      const std::filesystem::path& folder,
                                      const JobLedgerOptions& options);

}  // namespace assay::tools
