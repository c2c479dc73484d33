/// \file
/// A folder of images is taken into the cache.

#pragma once

#include "cache/near_index.h"
#include "cache/store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::cache {

/// An image that is to be taken in.
struct ImportFile {
  std::filesystem::path path;
  std::optional<Label> label = {};
  std::string description = {};
};

/// What became of one.
enum class ImportOutcome : std::uint8_t {
  kAdded,
  kAlreadyThere,   ///< The same bytes are in the cache.
  kNearDuplicate,  ///< Looks like one of the same source.
  kUnknownFormat,
  kUnsupported,
  kTruncated,
  kCorrupt,
  kOverLimit,
  kUnreadable,  ///< The file itself: gone, or not ours to read.
};
inline constexpr std::size_t kNumImportOutcomes = 9;

/// In snake case, for JSON.
std::string_view to_string(ImportOutcome outcome);
/// Whether there is nothing wrong with the file.
bool is_fine(ImportOutcome outcome);

/// Near duplicates are counted; whether they are taken in all the same.
enum class NearDuplicates : std::uint8_t { kRefused, kTaken };

struct ImportOptions {
  CacheKind cache = CacheKind::kReal;
  /// One name for all; near duplicates are looked for within a source.
  std::string source = {};
  NearDuplicates near_duplicates = NearDuplicates::kRefused;
  /// Bits of the perceptual hash in which near duplicates may differ: 0 to NearIndex::kMaxDistance.
  int max_near_distance = 4;
  /// What stays free on the disk.
  ByteCount min_free_bytes{1U << 30};
  /// Items that become visible together, with one look at the disk's space.
  std::size_t batch_size = 64;
};

struct ImportProblem {
  std::string path = {};
  ImportOutcome outcome = ImportOutcome::kCorrupt;
  std::string reason = {};
};

struct ImportReport {
  std::array<std::uint64_t, kNumImportOutcomes> counts = {};  ///< By ImportOutcome.
  std::uint64_t num_near_duplicates_taken = 0;
  /// Of those added: without a label; not seen by other programs because of their format.
  std::uint64_t num_unlabelled = 0;
  std::uint64_t num_unseen_by_others = 0;
  ByteCount bytes_added = {};
  /// The first ones, by the order of files: what is wrong with them.
  std::vector<ImportProblem> problems = {};

  std::uint64_t count(ImportOutcome outcome) const {
    return counts[static_cast<std::size_t>(outcome)];
  }
};

/// Told after each batch: how many files are done. Those are on disk.
using OnImportProgress = std::function<void(std::uint64_t done)>;

/// Look at each file, refuse what is there already, and publish the rest; the original bytes are
/// kept. What cannot be decoded is copied to the quarantine beside its reason. After a kill or a
/// failure the same call goes on: what was added is there already.
///
/// Cost:   two batches of images in memory; each file is read once.
/// Errors: as Store; kNoSpace also when less than `min_free_bytes` would be left; kCancelled. What
///         was reported as done stays.
Result<ImportReport> import_files(Store& store, std::span<const ImportFile> files,
                                  const ImportOptions& options,
                                  const OnImportProgress& on_progress = {},
                                  const std::stop_token& stop = {});

/// How a folder's images get their labels.
struct ImportPlanOptions {
  /// All of them.
  std::optional<Label> label = {};
  std::string description = {};
  /// A CSV file with the columns `file` and `label`, and `description` if wanted; paths are below
  /// the folder.
  std::filesystem::path labels_file = {};
};

struct ImportPlan {
  std::vector<ImportFile> files = {};
  std::uint64_t num_unlabelled = 0;
  /// Files that have no image's extension.
  std::uint64_t num_passed_over = 0;
};

/// Find the images of `folder` and of the folders in it. Without a label for all and a labels file,
/// those below a sub-folder `roadwork` or `none` (or `1`, `0`) get its label; others have none.
/// Order:  by path.
/// Errors: kNotFound, kDenied, kInvalidInput (no folder; a row of the labels file, which is named),
///         kCorrupt (the labels file is no CSV), kUnavailable.
Result<ImportPlan> plan_import(files::FileSystem& file_system, const std::filesystem::path& folder,
                               const ImportPlanOptions& options);

}  // namespace assay::cache
