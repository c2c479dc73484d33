/// \file
/// Images and their sidecars appear together, many at a time.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace assay::cache {

/// One item on its way into a folder.
struct NewFile {
  std::string name;
  std::span<const std::byte> image;
  std::string sidecar;
};

/// Write all of `files` into `folder`, which is made: first under hidden names, with one sync; then
/// the sidecars get their names, then the images, and the folder is synced after each. Sidecars
/// that already have these names go before all that. Whoever lists images never sees one without
/// its sidecar. A kill or a power cut at any moment leaves what finish_publishing() completes or
/// takes back.
///
/// Pre:    the cache's write lock is held; no two names are equal.
/// Errors: kNoSpace, kDenied, kUnavailable; what has no name yet is taken back.
Status publish(files::FileSystem& file_system, const std::filesystem::path& folder,
               std::span<const NewFile> files);

struct FinishedPublishing {
  std::uint64_t num_completed = 0;
  std::uint64_t num_taken_back = 0;
};

/// What a publish() that was killed has left in `folder`, of which `names` are all names: an image
/// whose sidecar has its name gets its own, everything else is removed.
/// Pre:    the cache's write lock is held.
/// Errors: as FileSystem.
Result<FinishedPublishing> finish_publishing(files::FileSystem& file_system,
                                             const std::filesystem::path& folder,
                                             std::span<const std::string> names);

/// Whether the name is one of those that publish() uses on the way.
bool is_incoming_name(std::string_view name);

}  // namespace assay::cache
