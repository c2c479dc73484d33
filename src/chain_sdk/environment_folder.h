/// \file
/// The folder of environments for the SDK: which one is used, and which was used before.
/// Format: docs/formats/chain-sidecar.md.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace assay::chain_sdk {

/// Of an environment's folder; a number follows.
inline constexpr std::string_view kEnvironmentNamePrefix = "env-";

/// One that was tried.
struct Environment {
  /// Its folder's name: `env-3`.
  std::string name = {};
  /// The version of the package bittensor, as the sidecar told it.
  std::string sdk = {};
  /// Of Python: `3.11.2`.
  std::string python = {};
  /// Whether all its packages are those of a list with hashes that a program of ours brought.
  bool is_pinned = false;
  Timestamp made = {};

  bool operator==(const Environment&) const = default;
};

struct Environments {
  std::optional<Environment> current = {};
  /// What rollback goes back to.
  std::optional<Environment> previous = {};
};

/// Nothing is installed when there is no such folder.
/// Errors: kCorrupt (the pointer is not as we write it), and those of files::read_file().
Result<Environments> read_environments(files::FileSystem& file_system,
                                       const std::filesystem::path& folder);

/// Replace the pointer, whole. Errors: as files::write_file().
Status write_environments(files::FileSystem& file_system, const std::filesystem::path& folder,
                          const Environments& environments);

/// The program `python` of an environment.
std::filesystem::path python_of(const std::filesystem::path& folder,
                                const Environment& environment);

}  // namespace assay::chain_sdk
