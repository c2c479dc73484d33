#include "audit/verify_report.h"

#include "files/atomic_file.h"
#include "tables/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace assay::audit {
namespace {

using storage::ExistenceVerdict;
using storage::Presence;

// Rows are handed to the file in parts of this size.
constexpr std::size_t kReportPartBytes = 1 << 20;

class CsvFile {
 public:
  static Result<CsvFile> create(files::FileSystem& file_system, const std::filesystem::path& path) {
    ASSIGN_OR_RETURN(files::AtomicFile file, files::AtomicFile::create(file_system, path));
    return CsvFile(std::move(file));
  }

  Status add(std::span<const std::string_view> fields) {
    tables::append_csv_row(part_, fields);
    return part_.size() < kReportPartBytes ? Status() : write();
  }
  Status commit() {
    RETURN_IF_ERROR(write());
    return file_.commit();
  }

 private:
  explicit CsvFile(files::AtomicFile file) : file_(std::move(file)) {}

  Status write() {
    RETURN_IF_ERROR(file_.write(part_));
    part_.clear();
    return {};
  }

  files::AtomicFile file_;
  std::string part_;
};

// How many different miners claim each object; all claims without a miner are of one.
std::vector<std::uint32_t> miners_by_object(const ClaimTable& claims) {
  std::vector<std::uint32_t> counts(claims.objects().size());
  // Sorting pairs of numbers is cheaper than a set of texts; equal miners share one text.
  std::vector<std::pair<std::uint32_t, const char*>> pairs;
  pairs.reserve(claims.claims().size());
  for (const Claim& claim : claims.claims()) pairs.emplace_back(claim.object, claim.miner.data());
  std::ranges::sort(pairs);
  const auto repeated = std::ranges::unique(pairs);
  pairs.erase(repeated.begin(), repeated.end());
  for (const auto& [object, miner] : pairs) ++counts[object];
  return counts;
}

std::string instant_text(const std::optional<Timestamp>& instant) {
  return instant ? to_rfc3339(*instant) : std::string();
}

}  // namespace

VerdictCounts count_verdicts(const ClaimTable& claims, std::span<const ExistenceVerdict> verdicts) {
  VerdictCounts counts;
  for (const Claim& claim : claims.claims()) counts.add(verdicts[claim.object].presence);
  return counts;
}

Status write_verdicts(files::FileSystem& file_system, const std::filesystem::path& output,
                      const ClaimTable& claims, std::span<const ExistenceVerdict> verdicts,
                      VerdictForm form) {
  ASSIGN_OR_RETURN(CsvFile file, CsvFile::create(file_system, output));
  constexpr std::array<std::string_view, 5> kHeader = {"job_id", "miner_hotkey", "uri_hash",
                                                       "exists", "error"};
  RETURN_IF_ERROR(file.add(kHeader));
  for (const Claim& claim : claims.claims()) {
    const std::string uri_hash = claim.uri_hash.to_hex();
    const VerdictCells cells = verdict_cells(verdicts[claim.object], form, uri_hash);
    const std::array<std::string_view, 5> row = {claim.job_id, claim.miner, uri_hash, cells.exists,
                                                 cells.error};
    RETURN_IF_ERROR(file.add(row));
  }
  return file.commit();
}

Result<DetailCounts> write_details(files::FileSystem& file_system,
                                   const std::filesystem::path& output, const ClaimTable& claims,
                                   std::span<const ExistenceVerdict> verdicts) {
  ASSIGN_OR_RETURN(CsvFile file, CsvFile::create(file_system, output));
  constexpr std::array<std::string_view, 9> kHeader = {
      "job_id",         "miner_hotkey", "uri_hash", "finding",   "size_bytes",
      "object_created", "job_created",  "md5",      "num_miners"};
  RETURN_IF_ERROR(file.add(kHeader));
  const std::vector<std::uint32_t> num_miners = miners_by_object(claims);
  DetailCounts counts;
  for (const Claim& claim : claims.claims()) {
    const ExistenceVerdict& verdict = verdicts[claim.object];
    if (verdict.presence != Presence::kPresent) continue;
    const storage::ObjectDetails details = verdict.details.value_or(storage::ObjectDetails{});
    const std::string uri_hash = claim.uri_hash.to_hex();
    const std::string size = details.size_bytes ? fmt::format("{}", *details.size_bytes) : "";
    const std::string object_created = instant_text(details.created);
    const std::string job_created = instant_text(claim.job_created);
    const std::string miners = fmt::format("{}", num_miners[claim.object]);
    const auto add = [&](std::string_view finding, std::uint64_t& count) -> Status {
      ++count;
      const std::array<std::string_view, 9> row = {
          claim.job_id,   claim.miner, uri_hash,           finding, size,
          object_created, job_created, details.md5_base64, miners};
      return file.add(row);
    };
    if (details.size_bytes == 0U) RETURN_IF_ERROR(add("zero_bytes", counts.zero_bytes));
    if (details.created && claim.job_created && *details.created < *claim.job_created) {
      RETURN_IF_ERROR(add("older_than_job", counts.older_than_job));
    }
    if (num_miners[claim.object] > 1) {
      RETURN_IF_ERROR(add("shared_by_miners", counts.shared_by_miners));
    }
  }
  RETURN_IF_ERROR(file.commit());
  return counts;
}

std::filesystem::path details_path(const std::filesystem::path& output) {
  return output.parent_path() / (output.stem().string() + "_details.csv");
}

std::string verify_message(std::uint64_t num_jobs, const VerdictCounts& counts, VerdictForm form,
                           std::string_view output) {
  const bool is_compat = form == VerdictForm::kCompat;
  const std::uint64_t missing =
      is_compat ? counts.absent + counts.denied + counts.unknown : counts.absent;
  std::string text = fmt::format("Checked {} images (from {} jobs). {} found, {} missing",
                                 counts.total(), num_jobs, counts.present, missing);
  if (!is_compat && counts.denied + counts.unknown > 0) {
    text += fmt::format(", {} denied, {} unknown", counts.denied, counts.unknown);
  }
  return text + fmt::format(". Report: {}", output);
}

}  // namespace assay::audit
