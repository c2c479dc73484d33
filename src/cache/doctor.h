/// \file
/// Why a cache gives nothing, and the one command that helps.

#pragma once

#include "cache/rescan.h"
#include "cache/status.h"
#include "cache/store.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {

/// Order: that of the report.
enum class Cause : std::uint8_t {
  kNoFolder,      ///< There is no cache.
  kNoPermission,  ///< A folder cannot be read, or the cache not written.
  kDiskFull,      ///< Too little of the disk is free.
  kWrongFolder,   ///< Images lie where nobody reads them, or where the validator does not look.
  kNoSidecar,     ///< Images that were put there by hand.
  kNoLabel,       ///< Sidecars without a label.
  kDisagrees,     ///< Label and description of a sidecar.
  kBadSidecar,    ///< No JSON object.
  kBroken,        ///< Images that do not decode.
  kUnseenFormat,  ///< Images that the validator does not look at.
  kStaleIndex,    ///< Others changed files since the last look. Put right by looking.
  kUpdateFailed,  ///< The last update from a data set.
  kNoGenerator,   ///< The last generate: no model, no service, or it gave up.
  kEmptyCell,     ///< A label of a cache without one image.
};
inline constexpr std::size_t kNumCauses = 14;

/// In snake case, for JSON.
std::string_view to_string(Cause cause);

struct Diagnosis {
  Cause cause = Cause::kEmptyCell;
  /// The cache it is about; none: all.
  std::optional<CacheKind> kind = {};
  std::uint64_t count = 0;  ///< Of images; 0 where it is not about some.
  std::string words = {};   ///< One paragraph.
  std::string command = {};
  /// Nothing that has to be done.
  bool is_remark = false;
};

struct DoctorOptions {
  /// Why the cache could not be opened for writing, if it could not.
  std::optional<Error> not_writable = {};
  /// Below it the disk is a cause.
  ByteCount min_free_bytes{1U << 30};
  /// Sources of updates that have a name of their own: neither a data set's nor a place.
  std::set<std::string> named_sources = {};
};

struct DoctorReport {
  StatusReport status = {};
  std::vector<Diagnosis> diagnoses = {};

  std::size_t num_findings() const;
};

/// Look for each cause that is known.
/// Pre:    `rescan` is of now, of every file.
/// Errors: as Store.
Result<DoctorReport> examine_cache(Store& store, const RescanSummary& rescan,
                                   const DoctorOptions& options);

std::string doctor_text(const DoctorReport& report);
std::string doctor_json(const DoctorReport& report);

}  // namespace assay::cache
