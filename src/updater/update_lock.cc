#include "files/atomic_file.h"
#include "updater/update.h"

#include <fmt/format.h>

namespace assay::updater {
namespace {

constexpr ByteCount kMaxHolderSize{4096};

}  // namespace

Result<UpdateLock> UpdateLock::take(files::FileSystem& file_system,
                                    const cache::CacheLayout& layout, std::string_view holder) {
  RETURN_IF_ERROR(file_system.create_folders(layout.state()));
  auto lock = file_system.lock(layout.update_lock());
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    auto other = files::read_file(file_system, layout.update_lock(), kMaxHolderSize);
    while (other && other->ends_with('\n')) other->pop_back();
    return unavailable(fmt::format("another process updates this cache: {} (it holds {})",
                                   other && !other->empty() ? *other : "it does not say which",
                                   layout.update_lock().native()));
  }
  if (!lock) return lock.error();
  // The lock is on the file, whatever is in it.
  ASSIGN_OR_RETURN(const auto file,
                   file_system.open(layout.update_lock(), files::OpenMode::kAppend));
  RETURN_IF_ERROR(file->truncate(ByteCount(0)));
  RETURN_IF_ERROR(file->append(as_bytes(std::string(holder) + "\n")));
  return UpdateLock(std::move(*lock));
}

}  // namespace assay::updater
