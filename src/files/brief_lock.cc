#include "files/brief_lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

// Locks of files have no wait that ends: it is tried again after this long.
constexpr std::chrono::milliseconds kPause{2};

}  // namespace

Result<std::unique_ptr<FileLock>> wait_for_lock(FileSystem& file_system, const fs::path& path,
                                                std::chrono::milliseconds patience) {
  const auto num_tries = std::max<std::int64_t>(1, patience / kPause);
  for (std::int64_t i = 1;; ++i) {
    auto lock = file_system.lock(path);
    const bool is_held = !lock && lock.error().code == ErrorCode::kUnavailable;
    if (!is_held) return lock;
    if (i == num_tries) return with_context(std::move(lock), "another process is writing");
    std::this_thread::sleep_for(kPause);
  }
}

BriefLock::BriefLock(FileSystem& file_system, fs::path path, std::unique_ptr<FileLock> lock)
    : file_system_(&file_system), path_(std::move(path)), lock_(std::move(lock)) {}

Result<BriefLock> BriefLock::take(FileSystem& file_system, const fs::path& target,
                                  std::chrono::milliseconds patience) {
  ASSIGN_OR_RETURN(const fs::path resolved, file_system.resolve(target));
  RETURN_IF_ERROR(file_system.create_folders(resolved.parent_path()));
  fs::path path = resolved.parent_path() / fmt::format(".{}.lock", resolved.filename().native());
  ASSIGN_OR_RETURN(auto lock, wait_for_lock(file_system, path, patience));
  return BriefLock(file_system, std::move(path), std::move(lock));
}

BriefLock::~BriefLock() {
  // One that cannot be removed is free all the same.
  if (lock_ != nullptr) static_cast<void>(file_system_->remove(path_));
}

}  // namespace assay::files
