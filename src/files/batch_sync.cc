#include "files/batch_sync.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace assay::files {
namespace {

// linux/magic.h does not have them all.
constexpr std::int64_t kXfsMagic = 0x58465342;

/// Whether syncfs() of it returns only once the data is on disk. That of a user-space or network
/// file system need not.
bool syncs_as_a_whole(int descriptor) {
  struct statfs about{};
  if (fstatfs(descriptor, &about) != 0) return false;
  constexpr std::array<std::int64_t, 5> kKnown = {EXT4_SUPER_MAGIC, kXfsMagic, BTRFS_SUPER_MAGIC,
                                                  F2FS_SUPER_MAGIC, TMPFS_MAGIC};
  return std::ranges::find(kKnown, std::int64_t{about.f_type}) != kKnown.end();
}

}  // namespace

Result<BatchSync> BatchSync::begin(FileSystem& file_system, const std::filesystem::path& folder) {
  // Any other file system is a test's, which wants to see each sync.
  if (&file_system != &posix_file_system()) return BatchSync(file_system, folder, -1);
  // Opened before the first write: only then does it tell of a write that failed later on.
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || syncs_as_a_whole(descriptor)) {
    return BatchSync(file_system, folder, descriptor);
  }
  close(descriptor);
  return BatchSync(file_system, folder, -1);
}

BatchSync::~BatchSync() {
  if (descriptor_ >= 0) close(descriptor_);
}

BatchSync::BatchSync(BatchSync&& other) noexcept
    : file_system_(other.file_system_),
      folder_(std::move(other.folder_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      files_(std::move(other.files_)) {}

Status BatchSync::write(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(auto file, file_system_->open(path, OpenMode::kAppend));
  RETURN_IF_ERROR(file->truncate(ByteCount(0)));
  RETURN_IF_ERROR(file->append(bytes));
  if (descriptor_ < 0) files_.push_back(std::move(file));
  return {};
}

Status BatchSync::sync() {
  if (descriptor_ >= 0) {
    if (syncfs(descriptor_) == 0) return {};
    const int reason = errno;
    const ErrorCode code =
        reason == ENOSPC || reason == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kUnavailable;
    return Error{code, fmt::format("cannot sync the disk of {}: {}", folder_.native(),
                                   std::generic_category().message(reason))};
  }
  // Written before the first is synced, the system has them all on their way.
  for (const auto& file : files_) RETURN_IF_ERROR(file->sync());
  files_.clear();
  return {};
}

}  // namespace assay::files
