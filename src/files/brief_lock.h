/// \file
/// Locks that are held for moments, so that others wait for them.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <chrono>
#include <filesystem>
#include <memory>

namespace assay::files {

/// Longer than any change of a moment takes.
inline constexpr std::chrono::milliseconds kBriefLockPatience = std::chrono::seconds(30);

/// FileSystem::lock(), tried again until it succeeds or `patience` is over.
/// Errors: as FileSystem::lock().
Result<std::unique_ptr<FileLock>> wait_for_lock(FileSystem& file_system,
                                                const std::filesystem::path& path,
                                                std::chrono::milliseconds patience);

/// The turn of one process of several that change a file, by a lock `.NAME.lock` beside it that is
/// removed in the end. Threads: one thread at a time.
class BriefLock {
 public:
  /// Wait for the turn to change `target`, be it there or not; its missing parent folders are made.
  /// Of several names that lead to one file, each gives the same lock.
  /// Errors: as FileSystem::lock(), create_folders() and resolve().
  static Result<BriefLock> take(FileSystem& file_system, const std::filesystem::path& target,
                                std::chrono::milliseconds patience = kBriefLockPatience);

  BriefLock(BriefLock&&) noexcept = default;
  BriefLock& operator=(BriefLock&&) = delete;
  ~BriefLock();

 private:
  BriefLock(FileSystem& file_system, std::filesystem::path path, std::unique_ptr<FileLock> lock);

  FileSystem* file_system_;
  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;  // null once moved from
};

}  // namespace assay::files
