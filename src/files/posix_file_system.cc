/// \file
/// The machine's file system, by its system calls.

#include "core/check.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

// Of a new file, less what the umask takes away.
constexpr mode_t kNewFileMode = 0644;
constexpr mode_t kSecretFileMode = 0600;
constexpr mode_t kNewFolderMode = 0755;
// One system call moves at most this much: Linux stops short of 2 GiB in any case.
constexpr std::size_t kMaxBytesPerCall = std::size_t{1} << 30;
// As many links in a row as the kernel follows.
constexpr int kMaxLinks = 40;
constexpr int kMaxLockTries = 100;

struct ErrnoMeaning {
  ErrorCode code;
  std::string_view advice;  // empty where the system's own words say enough
};

ErrnoMeaning meaning_of(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
      return {ErrorCode::kDenied, "check the owner and the permissions"};
    case EROFS:
      return {ErrorCode::kDenied, "choose a place that can be written"};
    case ENOSPC:
      return {ErrorCode::kNoSpace, "free some space and run again"};
    case EDQUOT:
      return {ErrorCode::kNoSpace, "free some of the quota and run again"};
    case EFBIG:
      return {ErrorCode::kNoSpace, "the file system or ulimit -f bounds the size of a file"};
    case ENOENT:
      return {ErrorCode::kNotFound, ""};
    case EISDIR:
      return {ErrorCode::kInvalidInput, "give the path of a file"};
    case ENOTDIR:
    case EEXIST:
    case ENOTEMPTY:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return {ErrorCode::kInvalidInput, ""};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::kUnavailable, "raise the limit of open files (ulimit -n)"};
    default:
      return {ErrorCode::kUnavailable, ""};
  }
}

Error system_error(int number, std::string_view action, const fs::path& path) {
  const ErrnoMeaning meaning = meaning_of(number);
  std::string message = fmt::format("cannot {} {}: {}", action, path.native(),
                                    std::generic_category().message(number));
  if (!meaning.advice.empty()) message += fmt::format("; {}", meaning.advice);
  return {meaning.code, std::move(message)};
}

// Repeats a system call that a signal interrupted.
template <typename Call>
auto uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

// close() is not repeated: on Linux the descriptor is gone even when it reports EINTR.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

FileKind kind_of(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return FileKind::kFile;
  if (S_ISDIR(status.st_mode)) return FileKind::kFolder;
  if (S_ISLNK(status.st_mode)) return FileKind::kLink;
  return FileKind::kOther;
}

enum class SyncOfDevices { kFails, kIsIgnored };

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, fs::path path, SyncOfDevices sync_of_devices)
      : descriptor_(std::move(descriptor)),
        path_(std::move(path)),
        sync_of_devices_(sync_of_devices) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = uninterrupted([&] {
        return pread(descriptor_.get(), into.data() + done,
                     std::min(into.size() - done, kMaxBytesPerCall),
                     static_cast<off_t>(offset + done));
      });
      if (got < 0) return system_error(errno, "read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = uninterrupted([&] {
        return write(descriptor_.get(), bytes.data(), std::min(bytes.size(), kMaxBytesPerCall));
      });
      if (written < 0) return system_error(errno, "write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  void begin_sync() override {
    static_cast<void>(sync_file_range(descriptor_.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }

  Status sync() override {
    if (uninterrupted([&] { return fdatasync(descriptor_.get()); }) == 0) return {};
    const bool cannot_sync = errno == EINVAL || errno == ENOTSUP || errno == EROFS;
    if (cannot_sync && sync_of_devices_ == SyncOfDevices::kIsIgnored) return {};
    return system_error(errno, "sync", path_);
  }

  Status truncate(ByteCount size) override {
    const auto length = static_cast<off_t>(size.count());
    if (uninterrupted([&] { return ftruncate(descriptor_.get(), length); }) == 0) return {};
    return system_error(errno, "cut", path_);
  }

  Result<ByteCount> size() const override {
    struct stat status{};
    if (fstat(descriptor_.get(), &status) != 0) return system_error(errno, "look at", path_);
    return ByteCount(static_cast<std::uint64_t>(status.st_size));
  }

 private:
  Descriptor descriptor_;
  fs::path path_;
  SyncOfDevices sync_of_devices_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      // A pipe without a writer must be refused, not waited for.
      return O_RDONLY | O_NONBLOCK;
    case OpenMode::kAppend:
      return O_RDWR | O_APPEND | O_CREAT;
    case OpenMode::kCreateNew:
    case OpenMode::kCreateSecret:
      return O_RDWR | O_APPEND | O_CREAT | O_EXCL;
    case OpenMode::kWriteThrough:
      return O_WRONLY | O_APPEND | O_NOCTTY;
  }
  CHECK(false, "an OpenMode outside its enumerators");
}

mode_t permissions_of(OpenMode mode) {
  return mode == OpenMode::kCreateSecret ? kSecretFileMode : kNewFileMode;
}

Status sync_folder_at(const fs::path& folder) {
  const fs::path named = folder.empty() ? fs::path(".") : folder;
  const Descriptor descriptor(
      uninterrupted([&] { return ::open(named.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (descriptor.get() < 0) return system_error(errno, "open the folder", named);
  if (uninterrupted([&] { return fsync(descriptor.get()); }) == 0) return {};
  // Some network and user-space file systems cannot sync a folder, and promise nothing anyway.
  if (errno == EINVAL || errno == ENOTSUP) return {};
  return system_error(errno, "sync the folder", named);
}

/// What stat() or lstat() said; errno is that of the call.
Result<std::optional<FileInfo>> info_of(const fs::path& path, int answer,
                                        const struct stat& status) {
  if (answer != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileInfo>();
    return system_error(errno, "look at", path);
  }
  const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) +
                        std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  return std::optional(FileInfo{.kind = kind_of(status),
                                .size = ByteCount(static_cast<std::uint64_t>(status.st_size)),
                                .modified = Timestamp(modified),
                                .identity = {status.st_dev, status.st_ino},
                                .num_names = status.st_nlink});
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const fs::path& path, OpenMode mode) override {
    Descriptor descriptor(uninterrupted(
        [&] { return ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, permissions_of(mode)); }));
    if (descriptor.get() < 0) return system_error(errno, "open", path);
    struct stat status{};
    if (fstat(descriptor.get(), &status) != 0) return system_error(errno, "look at", path);
    if (S_ISDIR(status.st_mode)) return system_error(EISDIR, "open", path);
    if (mode == OpenMode::kRead && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
      return invalid_input(
          fmt::format("cannot read {}: a pipe has no offsets; copy it to a file", path.native()));
    }
    return std::make_unique<PosixFile>(
        std::move(descriptor), path,
        mode == OpenMode::kWriteThrough ? SyncOfDevices::kIsIgnored : SyncOfDevices::kFails);
  }

  Result<std::optional<FileInfo>> info(const fs::path& path) override {
    struct stat status{};
    return info_of(path, stat(path.c_str(), &status), status);
  }

  Result<std::optional<FileInfo>> info_unfollowed(const fs::path& path) override {
    struct stat status{};
    return info_of(path, lstat(path.c_str(), &status), status);
  }

  Result<DiskSpace> space(const fs::path& path) override {
    struct statvfs found{};
    if (::statvfs(path.c_str(), &found) != 0) {
      return system_error(errno, "ask for the space of", path);
    }
    const std::uint64_t block = found.f_frsize;
    return DiskSpace{.total = ByteCount(found.f_blocks * block),
                     .free = ByteCount(found.f_bavail * block)};
  }

  Result<fs::path> resolve(const fs::path& path) override {
    std::error_code code;
    fs::path followed = fs::absolute(path, code);
    for (int links = 0; !code && fs::is_symlink(fs::symlink_status(followed, code)); ++links) {
      if (links == kMaxLinks) return system_error(ELOOP, "follow the links of", path);
      const fs::path next = fs::read_symlink(followed, code);
      followed = followed.parent_path() / next;
    }
    // That the last part is absent is no failure here.
    if (code == std::errc::no_such_file_or_directory) code.clear();
    if (!code) followed = fs::weakly_canonical(followed, code);
    if (code) return system_error(code.value(), "follow the links of", path);
    return followed;
  }

  Result<std::vector<std::string>> list(const fs::path& folder) override {
    const fs::path named = folder.empty() ? fs::path(".") : folder;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(named.c_str()), closedir);
    if (stream == nullptr) return system_error(errno, "list the folder", named);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = readdir(stream.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return system_error(errno, "list the folder", named);
    std::ranges::sort(names);
    return names;
  }

  Status rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return system_error(errno, fmt::format("rename {} to", from.native()), to);
  }

  Status link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    return system_error(errno, fmt::format("link {} to", from.native()), to);
  }

  Status remove(const fs::path& path) override {
    if (unlink(path.c_str()) == 0) return {};
    return system_error(errno, "remove", path);
  }

  Status create_folders(const fs::path& folder) override {
    if (folder.empty()) return {};
    if (mkdir(folder.c_str(), kNewFolderMode) == 0) return sync_folder_at(folder.parent_path());
    const int reason = errno;
    // Checked only now: mkdir reports EEXIST, but also EROFS, for a folder that is there.
    struct stat status{};
    if (stat(folder.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return {};
      return system_error(ENOTDIR, "make the folder", folder);
    }
    std::error_code no_link;
    if (const fs::path target = fs::read_symlink(folder, no_link); !no_link) {
      return not_found(fmt::format(
          "make the folder {}: it is a link to {}, which is not there; mount or make that",
          folder.native(), target.native()));
    }
    const fs::path parent = folder.parent_path();
    if (reason != ENOENT || parent.empty() || parent == folder) {
      return system_error(reason, "make the folder", folder);
    }
    RETURN_IF_ERROR(create_folders(parent));
    // The path may end in a slash, and then this is what was made just now; or others made it.
    if (mkdir(folder.c_str(), kNewFolderMode) != 0 && errno != EEXIST) {
      return system_error(errno, "make the folder", folder);
    }
    return sync_folder_at(parent);
  }

  Status sync_folder(const fs::path& folder) override { return sync_folder_at(folder); }

  Result<std::unique_ptr<FileLock>> lock(const fs::path& path) override {
    for (int tries = 0; tries < kMaxLockTries; ++tries) {
      Descriptor descriptor(uninterrupted(
          [&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kNewFileMode); }));
      if (descriptor.get() < 0) return system_error(errno, "open", path);
      if (uninterrupted([&] { return flock(descriptor.get(), LOCK_EX | LOCK_NB); }) != 0) {
        if (errno == EWOULDBLOCK) {
          return unavailable(fmt::format("{} is in use by another process; wait for it or stop it",
                                         path.native()));
        }
        return system_error(errno, "lock", path);
      }
      struct stat locked{};
      struct stat named{};
      if (fstat(descriptor.get(), &locked) != 0) return system_error(errno, "look at", path);
      const bool is_there = stat(path.c_str(), &named) == 0;
      // A holder may have renamed or removed the file between our open() and flock().
      if (is_there && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev) {
        return std::make_unique<PosixFileLock>(std::move(descriptor));
      }
    }
    return unavailable(fmt::format("cannot lock {}: others keep replacing it", path.native()));
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace assay::files
