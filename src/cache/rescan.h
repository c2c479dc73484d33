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
  kFolders,  ///< Folders that have not changed are not read. A sidecar edited in place is missed.
  kFiles,    ///< The size and time of every file are looked at; broken ones are read again.
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
/// Cost:   kFolders: a look at each folder; of a changed one its names and its new files.
/// Errors: as Store; kCancelled, which keeps what was found so far.
Result<RescanSummary> rescan(Store& store, ScanDepth depth, const std::stop_token& stop = {});

}  // namespace assay::cache
