/// \file
/// The seam to the file system: what opens, renames and syncs files that matter.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::files {

enum class OpenMode {
  kRead,          ///< The file must exist.
  kAppend,        ///< Reads and appends; made when absent.
  kCreateNew,     ///< Reads and appends; it is an error (kInvalidInput) when the file exists.
  kCreateSecret,  ///< As kCreateNew; none but the owner may read or write the file.
  kWriteThrough,  ///< Only appends, to what exists already: a pipe, a terminal, /dev/stdout.
};

/// An open file. A folder is never opened (kInvalidInput). Closed by the destructor, which reports
/// nothing: sync() first what must last. Threads: read_at() is safe from any thread; everything
/// else one thread at a time. Errors: kDenied, kNoSpace, kUnavailable (an input or output error);
/// each names the file.
class File {
 public:
  virtual ~File() = default;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Fill `into` from `offset` on; fewer bytes come back only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const = 0;
  /// Write all of `bytes` at the end, or fail. After a failure some of them may be there.
  virtual Status append(std::span<const std::byte> bytes) = 0;
  /// Have the system begin to write what was appended to disk, so that sync() finds less to wait
  /// for. Promises nothing.
  virtual void begin_sync() {}
  /// Return once what was appended is on disk (fdatasync).
  virtual Status sync() = 0;
  /// Cut the file to `size`, which is not larger than it is.
  virtual Status truncate(ByteCount size) = 0;
  virtual Result<ByteCount> size() const = 0;
};

enum class FileKind {
  kFile,
  kFolder,
  kOther,  ///< A pipe, a socket, a device.
  kLink,   ///< A symbolic link; only from info_unfollowed().
};

struct FileInfo {
  /// The same for two names of one file (hard links), and for no other file: device and number.
  using Identity = std::pair<std::uint64_t, std::uint64_t>;

  FileKind kind = FileKind::kFile;
  ByteCount size;
  Timestamp modified;
  Identity identity{};
  std::uint64_t num_names = 1;
};

/// Of the disk, or the part of it that a quota leaves.
struct DiskSpace {
  ByteCount total;
  ByteCount free;  ///< For those who are not root.
};

/// An exclusive lock, held until destroyed; the system releases it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
};

/// Threads: all calls are safe from any thread.
/// Errors: kNotFound, kDenied, kNoSpace, kInvalidInput (a folder where a file must be, or the
///         reverse; a name the system cannot have), kUnavailable; each names the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) = 0;
  /// What is at `path`, symbolic links followed; nothing when it is not there.
  virtual Result<std::optional<FileInfo>> info(const std::filesystem::path& path) = 0;
  /// As info(), but a symbolic link at the end of `path` is told as such, whatever it leads to.
  virtual Result<std::optional<FileInfo>> info_unfollowed(const std::filesystem::path& path) = 0;
  /// How much room the disk has that holds `path`, which is there.
  virtual Result<DiskSpace> space(const std::filesystem::path& path) = 0;
  /// The absolute path of what `path` names, every symbolic link followed; the last part need not
  /// exist, and a link at the end may dangle.
  virtual Result<std::filesystem::path> resolve(const std::filesystem::path& path) = 0;
  /// The names in a folder, without `.` and `..`. Order: by bytes.
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
  /// Replace `to`, if it is there, in one step. Lasting only after sync_folder() of both folders.
  virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Give the file at `from` a second name; both then stand for the same bytes, and the file lasts
  /// until the last of its names is removed. Lasting after sync_folder() of the new name's folder.
  /// Errors: also kNotFound; kInvalidInput when `to` exists; kUnavailable or kDenied where the file
  ///         system has no such links.
  virtual Status link(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Remove a file. Errors: also kNotFound.
  virtual Status remove(const std::filesystem::path& path) = 0;
  /// Make `folder` and its parents; fine when they are there. Those made are on disk on return.
  virtual Status create_folders(const std::filesystem::path& folder) = 0;
  /// Return once the names in `folder` are on disk.
  virtual Status sync_folder(const std::filesystem::path& folder) = 0;
  /// Lock the file at `path` (made when absent) against every other holder, of this process too,
  /// without waiting. The lock is on the file, not its name: it goes along when the file is renamed
  /// and is void for a later file of that name. Errors: also kUnavailable when it is held.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) = 0;
};

/// The machine's file system.
FileSystem& posix_file_system();

}  // namespace assay::files
