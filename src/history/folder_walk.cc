#include "files/atomic_file.h"
#include "history/folder_walk_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::history {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 16;

Status walk(files::FileSystem& file_system, const fs::path& folder, const fs::path& below,
            int depth, const std::stop_token& stop, std::vector<FolderFile>& found) {
  if (stop.stop_requested()) return cancelled(fmt::format("stopped in {}", folder.native()));
  if (depth > kMaxDepth) {
    return exhausted(fmt::format("{} is nested more than {} folders deep; is a link in a circle?",
                                 (folder / below).native(), kMaxDepth));
  }
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder / below));
  for (const std::string& name : names) {
    const fs::path path = below / name;
    if (is_left_out(path)) continue;
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / path));
    if (!info) continue;  // removed meanwhile, or a link that leads nowhere
    if (info->kind == files::FileKind::kFolder) {
      RETURN_IF_ERROR(walk(file_system, folder, path, depth + 1, stop, found));
    } else if (info->kind == files::FileKind::kFile) {
      found.push_back({.path = path.native(),
                       .size = info->size,
                       .modified = info->modified,
                       .identity = info->identity});
    }
  }
  return {};
}

}  // namespace

bool is_left_out(const fs::path& path) {
  const std::string name = path.filename().native();
  return name.ends_with(".tmp") || files::is_temporary_name(name) || path == "journal/lock";
}

Result<std::vector<FolderFile>> walk_folder(files::FileSystem& file_system, const fs::path& folder,
                                            const std::stop_token& stop) {
  std::vector<FolderFile> found;
  RETURN_IF_ERROR(walk(file_system, folder, {}, 0, stop, found));
  std::ranges::sort(found, {}, &FolderFile::path);
  return found;
}

}  // namespace assay::history
