#include "files/atomic_file.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

// Large enough that the cost of a system call vanishes, small enough to stay in the cache.
constexpr std::size_t kFileBufferSize = std::size_t{64} << 10;
// The disk writes the beginning of a large file while its end is made.
constexpr std::size_t kBytesPerBeginSync = std::size_t{8} << 20;
// As many processes as may write one target at the same time.
constexpr int kMaxTemporaries = 64;

// Names of what the process has open already. They may lead to a regular file (`> out.csv`), and
// replacing that behind the shell's back would leave its descriptor on a nameless file.
bool names_open_descriptor(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kPrefixes = {"/dev/stdout", "/dev/stderr", "/dev/fd/",
                                                         "/proc/self/fd/", "/dev/tty"};
  return std::ranges::any_of(
      kPrefixes, [&](std::string_view prefix) { return path.native().starts_with(prefix); });
}

}  // namespace

AtomicFile::AtomicFile(FileSystem& file_system, fs::path target, fs::path temporary,
                       std::unique_ptr<FileLock> lock, std::unique_ptr<File> file)
    : file_system_(&file_system),
      target_(std::move(target)),
      temporary_(std::move(temporary)),
      lock_(std::move(lock)),
      file_(std::move(file)) {}

AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;

AtomicFile::~AtomicFile() {
  // What cannot be removed is taken over by the next writer of the target.
  if (lock_ != nullptr) static_cast<void>(file_system_->remove(temporary_));
}

Result<AtomicFile> AtomicFile::create(FileSystem& file_system, const fs::path& target) {
  ASSIGN_OR_RETURN(const auto present, file_system.info(target));
  if (present && present->kind == FileKind::kFolder) {
    return invalid_input(
        fmt::format("cannot write {}: it is a folder; give the path of a file", target.native()));
  }
  if (names_open_descriptor(target) || (present && present->kind == FileKind::kOther)) {
    ASSIGN_OR_RETURN(auto file, file_system.open(target, OpenMode::kWriteThrough));
    return AtomicFile(file_system, target, {}, nullptr, std::move(file));
  }
  ASSIGN_OR_RETURN(const fs::path resolved, file_system.resolve(target));
  if (!resolved.has_filename()) {
    return invalid_input(fmt::format("cannot write {}: give the path of a file", target.native()));
  }
  RETURN_IF_ERROR(file_system.create_folders(resolved.parent_path()));
  Error in_use;
  for (int number = 0; number < kMaxTemporaries; ++number) {
    const fs::path temporary =
        resolved.parent_path() / fmt::format(".{}.tmp-{}", resolved.filename().native(), number);
    auto lock = file_system.lock(temporary);
    if (!lock) {
      in_use = std::move(lock.error());
      if (in_use.code == ErrorCode::kUnavailable) continue;
      break;
    }
    AtomicFile result(file_system, resolved, temporary, std::move(*lock), nullptr);
    ASSIGN_OR_RETURN(result.file_, file_system.open(temporary, OpenMode::kAppend));
    // A writer that was killed may have left its half here.
    RETURN_IF_ERROR(result.file_->truncate(ByteCount(0)));
    return result;
  }
  return std::move(in_use).within("write " + target.native());
}

Status AtomicFile::write(std::string_view text) {
  if (file_ == nullptr) {
    return internal(fmt::format("{} was written after it failed or was done", target_.native()));
  }
  // What alone fills the buffer passes it by.
  if (buffer_.size() + text.size() > kFileBufferSize) RETURN_IF_ERROR(flush());
  if (text.size() < kFileBufferSize) {
    buffer_.append(text);
    return {};
  }
  return append(text);
}

Status AtomicFile::flush() {
  if (buffer_.empty()) return {};
  const Status written = append(buffer_);
  buffer_.clear();
  return written;
}

// The file that fails is a temporary one: the user knows the target.
Status AtomicFile::append(std::string_view text) {
  Status written = file_->append(as_bytes(text));
  if (written) {
    num_unsynced_ += text.size();
    if (num_unsynced_ >= kBytesPerBeginSync) {
      file_->begin_sync();
      num_unsynced_ = 0;
    }
    return {};
  }
  file_.reset();
  return std::move(written.error()).within("cannot write " + target_.string());
}

Status AtomicFile::publish() {
  RETURN_IF_ERROR(flush());
  RETURN_IF_ERROR(file_->sync());
  if (temporary_.empty()) return {};
  RETURN_IF_ERROR(file_system_->rename(temporary_, target_));
  // From here on the name is no longer ours to remove.
  lock_.reset();
  return file_system_->sync_folder(target_.parent_path());
}

Status AtomicFile::commit() {
  if (file_ == nullptr) {
    return internal(fmt::format("{} was committed after it failed or was done", target_.native()));
  }
  auto published = publish();
  file_.reset();
  return published;
}

bool is_temporary_name(std::string_view name) {
  const std::size_t mark = name.rfind(".tmp-");
  return name.starts_with('.') && mark != std::string_view::npos && mark > 1 &&
         name.size() > mark + 5 &&
         name.find_first_not_of("0123456789", mark + 5) == std::string_view::npos;
}

Status write_file(FileSystem& file_system, const fs::path& target, std::string_view content) {
  ASSIGN_OR_RETURN(auto file, AtomicFile::create(file_system, target));
  RETURN_IF_ERROR(file.write(content));
  return file.commit();
}

Result<std::string> read_file(FileSystem& file_system, const fs::path& path, ByteCount limit) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, OpenMode::kRead));
  ASSIGN_OR_RETURN(const ByteCount size, file->size());
  // Read on to the end, not to the size: it is 0 for what the kernel makes up (/proc), and the file
  // may grow meanwhile.
  std::string content;
  std::size_t wanted = static_cast<std::size_t>(std::min(size, limit).count()) + 1;
  while (true) {
    const std::size_t start = content.size();
    content.resize(start + wanted);
    const auto room = std::as_writable_bytes(std::span(content)).subspan(start);
    ASSIGN_OR_RETURN(const std::size_t got, file->read_at(start, room));
    content.resize(start + got);
    if (content.size() > limit.count()) {
      return exhausted(fmt::format("{} is larger than {}, the most that is read of such a file",
                                   path.native(), to_string(limit)));
    }
    if (got < wanted) return content;
    wanted = kFileBufferSize;
  }
}

}  // namespace assay::files
