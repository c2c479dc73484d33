/// \file
/// What a verification reports: its CSV, its line on stdout, and what the details of the objects
/// tell.

#pragma once

#include "audit/claims.h"
#include "audit/verdicts.h"
#include "core/result.h"
#include "files/file_system.h"
#include "storage/existence.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace assay::audit {

/// How many claims the details speak against.
struct DetailCounts {
  std::uint64_t zero_bytes = 0;        ///< The object is empty.
  std::uint64_t older_than_job = 0;    ///< The object was there before the job.
  std::uint64_t shared_by_miners = 0;  ///< The object is claimed by several miners.

  std::uint64_t total() const { return zero_bytes + older_than_job + shared_by_miners; }
};

/// The verdicts of all claims. `verdicts` are by object, as ClaimTable::objects().
VerdictCounts count_verdicts(const ClaimTable& claims,
                             std::span<const storage::ExistenceVerdict> verdicts);

/// Write `job_id,miner_hotkey,uri_hash,exists,error`, a row for each claim in the order of the
/// export.
/// Errors: those of files::AtomicFile.
Status write_verdicts(files::FileSystem& file_system, const std::filesystem::path& output,
                      const ClaimTable& claims, std::span<const storage::ExistenceVerdict> verdicts,
                      VerdictForm form);

/// Write
/// `job_id,miner_hotkey,uri_hash,finding,size_bytes,object_created,job_created,md5,num_miners`, a
/// row for each finding: `zero_bytes`, `older_than_job` or `shared_by_miners`. Errors: those of
/// files::AtomicFile.
Result<DetailCounts> write_details(files::FileSystem& file_system,
                                   const std::filesystem::path& output, const ClaimTable& claims,
                                   std::span<const storage::ExistenceVerdict> verdicts);

/// `a/report.csv` is `a/report_details.csv`.
std::filesystem::path details_path(const std::filesystem::path& output);

/// `Checked C images (from T jobs). E found, M missing, D denied, U unknown. Report: P`; denied and
/// unknown only when there are any, and never in the old form, which counts them as missing.
std::string verify_message(std::uint64_t num_jobs, const VerdictCounts& counts, VerdictForm form,
                           std::string_view output);

}  // namespace assay::audit
