#include "record_reading/history_snapshot.h"

#include "record_files/history_index.h"

#include <algorithm>
#include <utility>

// A rotation puts the file of a month in place, then removes what that replaces, then takes the
// lines that moved out of the current file: each by putting another file under the name. Lines only
// go from the current file to a month, and from the folder to its archive. So the current file is
// opened first: what it has lost by then is in the months that are listed after it. The folder is
// listed before its archive, and a listed file that is gone was replaced by one that is there: then
// all is done again.

namespace assay::record_reading {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxAttempts = 10;

/// Older rotation scripts moved a whole file by the month of its first line, so a file may go on
/// into the months behind its name.
constexpr std::chrono::days kMonthGrace{62};

/// Whether all records of `file` are older than `since`: by the index, or else by its name.
bool is_before(const fs::path& folder, const HistoryFile& file, const files::FileInfo& info,
               Timestamp since, const record_files::HistoryIndex& index) {
  if (file.month.empty()) return false;
  const auto entry = index.find(file.path.lexically_relative(folder).native());
  if (entry != index.end() && record_files::is_current(entry->second, info)) {
    return !entry->second.last || *entry->second.last < since;
  }
  const auto first_day = parse_timestamp(file.month + "-01");
  return first_day && *first_day + std::chrono::days(31) + kMonthGrace < since;
}

Result<OpenHistoryFile> open_one(files::FileSystem& file_system, HistoryFile file) {
  ASSIGN_OR_RETURN(std::shared_ptr<files::File> opened,
                   file_system.open(file.path, files::OpenMode::kRead));
  ASSIGN_OR_RETURN(const ByteCount size, opened->size());
  return OpenHistoryFile{.file = std::move(file), .opened = std::move(opened), .size = size};
}

/// What to do about a name behind which there is nothing.
enum class Absent : std::uint8_t {
  kFails,   ///< kNotFound: it was replaced meanwhile.
  kSkipped  ///< It is a link that leads nowhere.
};

Result<HistorySnapshot> try_to_open(files::FileSystem& file_system, const fs::path& folder,
                                    const std::optional<Timestamp>& since,
                                    const record_files::HistoryIndex& index, Absent absent) {
  const fs::path current_path = folder / "generation_history.jsonl";
  HistorySnapshot snapshot;
  std::optional<OpenHistoryFile> current;
  ASSIGN_OR_RETURN(const auto current_info, file_system.info(current_path));
  if (current_info && current_info->kind != files::FileKind::kFolder) {
    ASSIGN_OR_RETURN(current, open_one(file_system, {.path = current_path}));
  }
  ASSIGN_OR_RETURN(const std::vector<HistoryFile> listed, list_history_files(file_system, folder));
  for (const HistoryFile& file : listed) {
    if (file.month.empty() && current) {
      snapshot.has_files = true;
      snapshot.files.push_back(std::move(*current));
      current.reset();
      continue;
    }
    ASSIGN_OR_RETURN(const auto info, file_system.info(file.path));
    if (!info && absent == Absent::kSkipped) continue;
    if (!info) return not_found(file.path.native());
    if (info->kind == files::FileKind::kFolder) continue;
    snapshot.has_files = true;
    if (since && is_before(folder, file, *info, *since, index)) continue;
    ASSIGN_OR_RETURN(auto opened, open_one(file_system, file));
    snapshot.files.push_back(std::move(opened));
  }
  return snapshot;
}

}  // namespace

Result<HistorySnapshot> open_history(files::FileSystem& file_system, const fs::path& folder,
                                     const std::optional<Timestamp>& since) {
  record_files::HistoryIndex index;
  if (since) {
    ASSIGN_OR_RETURN(index, record_files::read_history_index(file_system, folder));
  }
  for (int attempt = 1; attempt < kMaxAttempts; ++attempt) {
    auto snapshot = try_to_open(file_system, folder, since, index, Absent::kFails);
    if (snapshot || snapshot.error().code != ErrorCode::kNotFound) return snapshot;
  }
  return try_to_open(file_system, folder, since, index, Absent::kSkipped);
}

}  // namespace assay::record_reading
