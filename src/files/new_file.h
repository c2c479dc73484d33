/// \file
/// A file that appears whole and never takes the place of another.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"

#include <filesystem>
#include <string_view>

namespace assay::files {

enum class FileReaders {
  kAll,        ///< All that the umask lets.
  kOwnerOnly,  ///< The file is made with mode 0600: no other user sees it for a moment.
};

/// Make `target` with this content; its missing parent folders are made. Whoever looks sees no file
/// or all of it, and of two writers one makes the file. The content is on disk on return.
/// Errors: kInvalidInput (there is something of that name already, which stays as it is), kDenied,
///         kNoSpace, kUnavailable (also: a file system without links).
Status create_file(FileSystem& file_system, const std::filesystem::path& target,
                   std::string_view content, FileReaders readers, RandomSource& random);

}  // namespace assay::files
