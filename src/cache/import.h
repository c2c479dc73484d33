/// \file
/// A folder of images is taken into the cache.

#pragma once

#include "cache/intake.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
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

/// Told after each batch: how many files are done. Those are on disk.
using OnImportProgress = std::function<void(std::uint64_t done)>;

/// Look at each file, refuse what is there already, and publish the rest; the original bytes are
/// kept. What cannot be decoded is copied to the quarantine beside its reason. After a kill or a
/// failure the same call goes on: what was added is there already.
///
/// Cost:   two batches of images in memory; each file is read once.
/// Errors: as Store and LabelJudge; kNoSpace also when less than `min_free_bytes` would be left;
/// kCancelled. What
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
  /// The cache that they are for: what lies in its own folders below the folder is left out, unless
  /// the labels file names it. Empty: none.
  std::filesystem::path cache_root = {};
};

struct ImportPlan {
  std::vector<ImportFile> files = {};
  std::uint64_t num_unlabelled = 0;
  /// Files that have no image's extension.
  std::uint64_t num_passed_over = 0;
  std::uint64_t num_empty = 0;     ///< Files of zero bytes.
  std::uint64_t num_of_cache = 0;  ///< Images in the cache's own folders.
};

/// Find the images of `folder` and of the folders in it. Without a label for all and a labels file,
/// those below a sub-folder `roadwork` or `none` (or `1`, `0`) get its label; others have none.
/// Order:  by path.
/// Errors: kNotFound, kDenied, kInvalidInput (no folder; a row of the labels file, which is named),
///         kCorrupt (the labels file is no CSV), kUnavailable.
Result<ImportPlan> plan_import(files::FileSystem& file_system, const std::filesystem::path& folder,
                               const ImportPlanOptions& options);

}  // namespace assay::cache
