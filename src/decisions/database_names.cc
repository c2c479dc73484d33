#include "decisions/database_names.h"

#include "core/bytes.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace assay::decisions {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> find_databases(files::FileSystem& file_system, const fs::path& path,
                                             TemporaryDatabases temporary) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return not_found(fmt::format("{}: no such file or folder", path.native()));
  if (info->kind != files::FileKind::kFolder) return std::vector{path};
  ASSIGN_OR_RETURN(const auto names, file_system.list(path));
  std::vector<fs::path> found;
  for (const std::string_view name : names) {
    const bool is_wanted =
        name.ends_with(".db") && !name.starts_with('.') && !name.contains("backup") &&
        (temporary == TemporaryDatabases::kIncluded || !name.ends_with("_temp.db"));
    if (!is_wanted) continue;
    ASSIGN_OR_RETURN(const auto entry, file_system.info(path / name));
    if (entry && entry->kind == files::FileKind::kFile) found.push_back(path / name);
  }
  if (found.empty()) {
    return not_found(
        fmt::format("{}: no database of decisions (*.db) in this folder", path.native()));
  }
  return found;
}

Status refuse_database(files::FileSystem& file_system, const fs::path& output) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (output.empty()) return {};
  ASSIGN_OR_RETURN(const auto info, file_system.info(output));
  if (!info || info->kind != files::FileKind::kFile) return {};
  ASSIGN_OR_RETURN(const auto file, file_system.open(output, files::OpenMode::kRead));
  std::array<std::byte, kMagic.size()> head{};
  ASSIGN_OR_RETURN(const std::size_t size, file->read_at(0, head));
  if (as_text(std::span(head).first(size)) != kMagic) return {};
  return invalid_input(
      fmt::format("{} is a database, which would be lost; name another file", output.native()));
}

}  // namespace assay::decisions
