/// \file
/// Parts of the shell commands that doctor proposes.

#pragma once

#include "files/file_system.h"

#include <filesystem>
#include <set>
#include <string>

namespace assay::cache {

/// Commands that are run one after the other.
class MoveCommands {
 public:
  /// Lifetime: the file system outlives it.
  explicit MoveCommands(files::FileSystem& file_system) : file_system_(file_system) {}

  /// Moves the images that lie in `from`, with their sidecars. A sidecar says what the photo of its
  /// stem shows: where a stem is taken, all of them get a name that is not.
  std::string move(const std::filesystem::path& from, const std::filesystem::path& to);

 private:
  files::FileSystem& file_system_;
  std::set<std::filesystem::path> promised_;  ///< Where images go, without the extension.
};

}  // namespace assay::cache
