/// \file
/// The index follows the files: what others have put into the folders, changed or removed.

#pragma once

#include "cache/store.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <vector>

namespace assay::cache {

/// A file that is being copied looks broken until it is whole: for so long nobody calls it that.
inline constexpr std::chrono::minutes kCopyTime{5};

enum class ScanDepth : std::uint8_t {
  /// Folders that have not changed are not read: a file written to in place is missed. In the
  /// others new files and sidecars are looked at.
  kFolders,
  kFiles,  ///< The size and time of every file are looked at; broken ones are read again.
};

struct FolderFailure {
  ItemFolder folder = ItemFolder::kRoadworkImage;
  Error error = {};
};

struct RescanSummary {
  std::uint64_t num_new = 0;      ///< Files that others put there.
  std::uint64_t num_changed = 0;  ///< The image or its sidecar.
  std::uint64_t num_gone = 0;
  /// By a process that was killed, and put in order now.
  std::uint64_t num_completed = 0;
  std::uint64_t num_taken_back = 0;
  /// Folders that cannot be read; their items stay in the index.
  std::vector<FolderFailure> failures = {};
};

/// The folders that items are in, whether they are there or not: what a watch is to watch.
std::vector<std::filesystem::path> item_folders(const CacheLayout& layout);

/// Bring the index up to date. A new image is decoded, unless its sidecar is one of ours and gives
/// its size.
/// Cost:   kFolders: a look at each folder; of a changed one its names, its sidecars' times and its
///         new files.
/// Errors: as Store; kCancelled, which keeps what was found so far.
Result<RescanSummary> rescan(Store& store, ScanDepth depth, const std::stop_token& stop = {});

/// Whether the files of an item are those that the index tells of. If not, they are looked at
/// again, and the index tells what they are now.
/// Errors: as rescan().
Result<bool> confirm_item(Store& store, std::uint64_t id, const std::stop_token& stop = {});

}  // namespace assay::cache
