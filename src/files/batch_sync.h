/// \file
/// Many files that reach the disk together.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace assay::files {

/// Writes files into a folder and syncs all of them at once. On the usual local file systems that
/// is one call for all, in place of one a file: a hundred photos take a tenth of the time. It also
/// waits for what others have written to that disk.
/// Threads: one thread at a time.
/// Errors: as FileSystem and File; after one nothing is known of any of the files.
class BatchSync {
 public:
  /// Pre: the folder is there. Lifetime: `file_system` outlives it.
  static Result<BatchSync> begin(FileSystem& file_system, const std::filesystem::path& folder);
  ~BatchSync();
  BatchSync(BatchSync&& other) noexcept;
  BatchSync& operator=(BatchSync&&) = delete;

  /// Write `bytes` as all of the file at `path`, in the folder; what was there is written over.
  Status write(const std::filesystem::path& path, std::span<const std::byte> bytes);
  /// Return once all are on disk. Their names last after sync_folder().
  Status sync();

 private:
  BatchSync(FileSystem& file_system, std::filesystem::path folder, int descriptor)
      : file_system_(&file_system), folder_(std::move(folder)), descriptor_(descriptor) {}

  FileSystem* file_system_;
  std::filesystem::path folder_;
  int descriptor_;  // of the folder, from before the first write; none: each file is synced
  std::vector<std::unique_ptr<File>> files_;
};

}  // namespace assay::files
