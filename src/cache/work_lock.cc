#include "cache/work_lock.h"

#include "files/atomic_file.h"

#include <fmt/format.h>

namespace assay::cache {
namespace {

constexpr ByteCount kMaxHolderSize{4096};

std::string_view words_of(Work work) {
  switch (work) {
    case Work::kUpdate:
      return "updates this cache";
    case Work::kGenerateT2i:
      return "generates for t2i of this cache";
    case Work::kGenerateI2i:
      break;
  }
  return "generates for i2i of this cache";
}

}  // namespace

Result<WorkLock> WorkLock::take(files::FileSystem& file_system, const CacheLayout& layout,
                                Work work, std::string_view holder) {
  RETURN_IF_ERROR(file_system.create_folders(layout.state()));
  const std::filesystem::path path = layout.work_lock(work);
  auto lock = file_system.lock(path);
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    auto other = files::read_file(file_system, path, kMaxHolderSize);
    while (other && other->ends_with('\n')) other->pop_back();
    return unavailable(fmt::format("another process {}: {} (it holds {})", words_of(work),
                                   other && !other->empty() ? *other : "it does not say which",
                                   path.native()));
  }
  if (!lock) return lock.error();
  // The lock is on the file, whatever is in it.
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kAppend));
  RETURN_IF_ERROR(file->truncate(ByteCount(0)));
  RETURN_IF_ERROR(file->append(as_bytes(std::string(holder) + "\n")));
  return WorkLock(std::move(*lock));
}

}  // namespace assay::cache
