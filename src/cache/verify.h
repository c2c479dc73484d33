/// \file
/// Whether every image is still what it was when it was taken in.

#pragma once

#include "cache/rescan.h"
#include "cache/store.h"

#include <array>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::cache {

enum class VerifyFinding : std::uint8_t {
  kChanged,        ///< Other bytes than when it was taken in.
  kBroken,         ///< Does not decode.
  kUnreadable,     ///< Cannot be read, or vanished meanwhile.
  kOrphanSidecar,  ///< A sidecar without its image.
  kHalfItem,       ///< Left of a writer that was killed; the next writer puts it in order.
};
inline constexpr std::size_t kNumVerifyFindings = 5;

/// In snake case, for JSON.
std::string_view to_string(VerifyFinding finding);

struct VerifiedFile {
  VerifyFinding finding = VerifyFinding::kChanged;
  std::string path = {};  ///< Below the cache's folder.
  std::string detail = {};
};

struct VerifyReport {
  std::uint64_t num_checked = 0;
  ByteCount bytes_checked = {};
  std::array<std::uint64_t, kNumVerifyFindings> counts = {};  ///< By VerifyFinding.
  std::vector<VerifiedFile> findings = {};                    ///< The first 1,000.

  /// Orphan sidecars harm nobody: `assay cache gc` collects them.
  bool is_sound() const;
};

using OnVerifyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Read and hash every image, and look for what belongs to none. Images that another writer removes
/// meanwhile are passed over; others wait while the folders are listed.
/// Pre:    the index is up to date.
/// Errors: as Store; kCancelled.
Result<VerifyReport> verify(Store& store, const OnVerifyProgress& on_progress = {},
                            const std::stop_token& stop = {});

/// The sidecars in `folder` beside which nothing has their name: no image, of a known format or
/// not. Order: by name. Errors: as FileSystem.
Result<std::vector<std::string>> orphan_sidecars(files::FileSystem& file_system,
                                                 const std::filesystem::path& folder);

std::string verify_text(const VerifyReport& report, const RescanSummary& rescan);
std::string verify_json(const VerifyReport& report, const RescanSummary& rescan);

}  // namespace assay::cache
