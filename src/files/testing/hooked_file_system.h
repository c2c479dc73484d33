/// \file
/// A file system that calls a test before each of its calls: somebody else changes files then.

#pragma once

#include "files/file_system.h"

#include <atomic>
#include <functional>
#include <utility>

namespace assay::files::testing {

/// Threads: as the hook is.
class HookedFileSystem final : public FileSystem {
 public:
  /// `hook` gets the number of the call, from 1; an error it returns is the call's. Calls that the
  /// hook itself makes go to `base`, which outlives this.
  using Hook = std::function<Status(std::uint64_t call)>;
  HookedFileSystem(FileSystem& base, Hook hook) : base_(&base), hook_(std::move(hook)) {}

  std::uint64_t num_calls() const { return num_calls_; }

  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->open(path, mode);
  }
  Result<std::optional<FileInfo>> info(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->info(path);
  }
  Result<std::optional<FileInfo>> info_unfollowed(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->info_unfollowed(path);
  }
  Result<DiskSpace> space(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->space(path);
  }
  Result<std::filesystem::path> resolve(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->resolve(path);
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->list(folder);
  }
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->rename(from, to);
  }
  Status link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->link(from, to);
  }
  Status remove(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->remove(path);
  }
  Status create_folders(const std::filesystem::path& folder) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->create_folders(folder);
  }
  Status sync_folder(const std::filesystem::path& folder) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->sync_folder(folder);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) override {
    RETURN_IF_ERROR(hook_(++num_calls_));
    return base_->lock(path);
  }

 private:
  FileSystem* base_;
  Hook hook_;
  std::atomic<std::uint64_t> num_calls_ = 0;
};

}  // namespace assay::files::testing
