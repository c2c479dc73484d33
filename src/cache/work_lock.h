/// \file
/// Work on a cache that one process does at a time.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "files/file_system.h"

#include <memory>
#include <string_view>
#include <utility>

namespace assay::cache {

/// Held while a process does its work, so that a second one does not do it too.
class WorkLock {
 public:
  /// `holder` says who takes it, for the others.
  /// Errors: as FileSystem; kUnavailable when another process has it: the message says which.
  static Result<WorkLock> take(files::FileSystem& file_system, const CacheLayout& layout, Work work,
                               std::string_view holder);

 private:
  explicit WorkLock(std::unique_ptr<files::FileLock> lock) : lock_(std::move(lock)) {}
  std::unique_ptr<files::FileLock> lock_;
};

}  // namespace assay::cache
