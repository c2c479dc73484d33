/// \file
/// A new environment beside the old one, tried before it takes its place.

#pragma once

#include "chain_sdk/environment_folder.h"
#include "core/clock.h"
#include "core/result.h"
#include "files/file_system.h"

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::chain_sdk {

struct InstallOptions {
  /// The Python that the environment is made with; empty: the one of the pinned packages in $PATH,
  /// else any `python3` there.
  std::filesystem::path python = {};
  /// The version of the SDK to take from the index, with what it needs and without hashes of ours;
  /// empty: `packages`.
  std::string version = {};
  /// A list with hashes, and the Python that it is for.
  std::string_view packages = {};
  std::string_view packages_python = {};
  /// Take wheels from this folder alone, and ask no index; empty: ask the index.
  std::filesystem::path wheels = {};
  /// For all packages; 109 MB come down.
  std::chrono::milliseconds download_deadline = std::chrono::minutes(30);
  /// For the sidecar's first word: an import of the SDK takes seconds on a slow disk.
  std::chrono::milliseconds greeting_deadline = std::chrono::minutes(2);
};

/// Make an environment, install, let the sidecar greet from it, and switch to it. Whatever fails
/// leaves the one that is used as it was. Older ones than the previous one are removed.
///
/// Errors: kNotFound (no folder of wheels where it was said to be), kMissing (no Python, or one
/// that the packages are not for, or without `venv`; the SDK
///         does not work), kUnavailable (pip failed: its message is kept; another install runs),
///         kTimeout, kCancelled, and those of files.
Result<Environment> install(files::FileSystem& file_system, const Clock& clock,
                            const std::filesystem::path& folder, const InstallOptions& options,
                            const std::stop_token& stop);

/// Whether the environment holds exactly what this list says. Errors: those of files.
Result<bool> holds(files::FileSystem& file_system, const std::filesystem::path& folder,
                   const Environment& environment, std::string_view packages);

/// Make the previous environment the one that is used, once the sidecar has greeted from it; the
/// other one becomes the previous.
/// Errors: kNotFound (there is no previous one), kMissing (it does not work any more), kUnavailable
///         (an install runs), kTimeout, kCancelled, and those of files.
Result<Environment> roll_back(files::FileSystem& file_system, const std::filesystem::path& folder,
                              std::chrono::milliseconds greeting_deadline,
                              const std::stop_token& stop);

}  // namespace assay::chain_sdk
