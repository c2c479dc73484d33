/// \file
/// The table of jobs as Parquet, in the form that the audit desk reads.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "files/journal_damage.h"
#include "jobs/job_counts.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace assay::jobs {

struct JobExportOptions {
  /// Only jobs that were sent at or after this.
  Timestamp since = {};
};

struct JobExport {
  std::uint64_t num_jobs = 0;
  JobCounts counts = {};
  std::uint64_t num_miners = 0;
  /// Of the ledger: facts are lost there.
  std::vector<files::JournalDamage> damage = {};
};

/// Write the jobs of the ledger in `folder` to `target`, in the order in which they were sent; a
/// prompt leaves as its SHA-256 only. A validator may be writing meanwhile: its jobs up to some
/// moment are in the table. `target` appears whole or not at all.
/// Errors: those of read_jobs() and tables::ParquetWriter.
Result<JobExport> export_jobs(files::FileSystem& file_system, const std::filesystem::path& folder,
                              const std::filesystem::path& target,
                              const JobExportOptions& options = {});

}  // namespace assay::jobs
