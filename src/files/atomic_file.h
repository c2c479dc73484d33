/// \file
/// A file that appears whole or not at all.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace assay::files {

/// Writes to `.<name>.tmp-<n>` beside the target; commit() syncs, renames and syncs the folder.
/// Without commit() the destructor removes the temporary file and the old target stays as it was.
///
/// A target that is a symbolic link stays one: what it points to is replaced. A target that is a
/// pipe or device (/dev/stdout, /dev/fd/N, a FIFO) is written as it comes, without a temporary:
/// there is nothing to keep whole. A new file is readable by all that the umask lets.
///
/// A temporary is locked while it is written; one whose writer was killed is free, and the next
/// AtomicFile for the same target takes it over, so that kills leave no growing heap behind.
/// Threads: one thread at a time.
class AtomicFile {
 public:
  /// Start a new file for `target`; its missing parent folders are made.
  /// Errors: kDenied, kNoSpace, kInvalidInput (`target` is a folder), kUnavailable.
  static Result<AtomicFile> create(FileSystem& file_system, const std::filesystem::path& target);

  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Buffered. After a failure every further call fails: the content would have a hole.
  /// Errors: kNoSpace, kUnavailable.
  Status write(std::string_view text);
  /// Publish. Nothing may be written afterwards. Errors: as write(), and kDenied.
  Status commit();

 private:
  AtomicFile(FileSystem& file_system, std::filesystem::path target, std::filesystem::path temporary,
             std::unique_ptr<FileLock> lock, std::unique_ptr<File> file);
  /// Errors of both: as write().
  Status flush();
  Status append(std::string_view text);
  Status publish();

  FileSystem* file_system_;
  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty when written through
  std::unique_ptr<FileLock> lock_;   // of the temporary
  std::unique_ptr<File> file_;       // null once committed, failed or moved from
  std::string buffer_;
  std::size_t num_unsynced_ = 0;  // bytes since the last begin_sync()
};

/// Whether a file of that name is, or was, an AtomicFile's temporary: those who list a folder pass
/// it over.
bool is_temporary_name(std::string_view name);

/// Replace `target` by a file with this content. Errors: as AtomicFile.
Status write_file(FileSystem& file_system, const std::filesystem::path& target,
                  std::string_view content);

/// Read a whole file.
/// Errors: kNotFound, kDenied, kInvalidInput (a folder or pipe), kUnavailable, kExhausted (over
///         `limit`).
Result<std::string> read_file(FileSystem& file_system, const std::filesystem::path& path,
                              ByteCount limit);

}  // namespace assay::files
