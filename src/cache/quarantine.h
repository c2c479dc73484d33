/// \file
/// Images that could not be taken in, and why.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <span>
#include <string>

namespace assay::cache {

struct Quarantined {
  std::string name;
  std::span<const std::byte> bytes;
  /// Where it came from.
  std::string origin;
  std::string reason;
};

/// Keep the bytes below quarantine/, with a `.reason.txt` beside them. The same bytes of the same
/// name are kept once. Errors: as files::write_file().
Status put_into_quarantine(files::FileSystem& file_system, const CacheLayout& layout,
                           const Quarantined& image);

/// Move a file there. Errors: as FileSystem.
Status move_into_quarantine(files::FileSystem& file_system, const CacheLayout& layout,
                            const std::filesystem::path& path, std::string_view reason);

}  // namespace assay::cache
