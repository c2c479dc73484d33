#include "record_files/data_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace assay::record_files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMonthPrefix = "generation_history_";
constexpr std::string_view kLinesSuffix = ".jsonl";

Status add_month_files(files::FileSystem& file_system, const fs::path& folder,
                       const fs::path& below, std::map<Month, std::vector<fs::path>>& found) {
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder / below));
  for (const std::string& name : names) {
    if (const auto month = month_of_file_name(name)) found[*month].push_back(below / name);
  }
  return {};
}

constexpr std::array<std::string_view, 5> kOwnFolders = {"archive", "images", "journal",
                                                         "ply_files", "quarantine"};

/// Of a file that stands in a data folder itself.
bool is_own_name(std::string_view name) {
  const bool has_lines = name.starts_with("generation_history") ||
                         name.starts_with("generation_feedback") ||
                         name.starts_with("miner_config_history");
  return (has_lines && name.contains(kLinesSuffix)) || name == "pending_generations.json" ||
         name == "pruned_history.jsonl" || name == "history_index.json";
}

/// Both without links.
bool is_below(const fs::path& path, const fs::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

Result<bool> is_own_file(files::FileSystem& file_system, const fs::path& folder,
                         const fs::path& path) {
  ASSIGN_OR_RETURN(const fs::path real, file_system.resolve(path));
  ASSIGN_OR_RETURN(const fs::path real_folder, file_system.resolve(folder));
  if (real.parent_path() == real_folder && is_own_name(real.filename().native())) return true;
  for (const std::string_view name : kOwnFolders) {
    // Perhaps a link to another disk.
    ASSIGN_OR_RETURN(const fs::path below, file_system.resolve(real_folder / name));
    if (is_below(real, below)) return true;
  }
  ASSIGN_OR_RETURN(const auto names, file_system.list(real_folder));
  for (const std::string& name : names) {
    if (!is_own_name(name)) continue;
    ASSIGN_OR_RETURN(const fs::path own, file_system.resolve(real_folder / name));
    if (own == real) return true;
  }
  return false;
}

}  // namespace

Month month_of(Timestamp instant) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(instant));
  return day.year() / day.month();
}

std::string to_text(Month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

std::string month_file_name(Month month, std::optional<compress::Format> format) {
  return fmt::format("{}{}{}{}", kMonthPrefix, to_text(month), kLinesSuffix,
                     format ? compress::name_suffix(*format) : "");
}

std::optional<Month> month_of_text(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  for (const std::size_t at : {0U, 1U, 2U, 3U, 5U, 6U}) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  }
  const auto number = [&](std::size_t at) { return text[at] - '0'; };
  const Month month =
      std::chrono::year((number(0) * 1000) + (number(1) * 100) + (number(2) * 10) + number(3)) /
      std::chrono::month(static_cast<unsigned>((number(5) * 10) + number(6)));
  return month.ok() ? std::optional(month) : std::nullopt;
}

std::optional<Month> month_of_file_name(std::string_view name) {
  if (!name.starts_with(kMonthPrefix)) return std::nullopt;
  const auto month = month_of_text(name.substr(kMonthPrefix.size(), 7));
  if (!month) return std::nullopt;
  for (const auto format :
       {std::optional<compress::Format>(), std::optional(compress::Format::kGzip),
        std::optional(compress::Format::kZstd)}) {
    if (name == month_file_name(*month, format)) return month;
  }
  return std::nullopt;
}

Result<std::map<Month, std::vector<fs::path>>> find_month_files(files::FileSystem& file_system,
                                                                const fs::path& folder) {
  std::map<Month, std::vector<fs::path>> found;
  RETURN_IF_ERROR(add_month_files(file_system, folder, {}, found));
  ASSIGN_OR_RETURN(const auto archive, file_system.info(folder / kArchiveFolder));
  if (archive && archive->kind == files::FileKind::kFolder) {
    RETURN_IF_ERROR(add_month_files(file_system, folder, kArchiveFolder, found));
  }
  for (auto& [month, paths] : found) {
    std::ranges::sort(paths, {}, [](const fs::path& path) {
      return std::pair(!path.has_parent_path(), path.native());
    });
  }
  return found;
}

Result<std::unique_ptr<files::FileLock>> lock_data_folder(files::FileSystem& file_system,
                                                          const fs::path& folder) {
  RETURN_IF_ERROR(file_system.create_folders(folder / "journal"));
  auto lock = file_system.lock(folder / "journal" / "lock");
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return unavailable(
        fmt::format("{} is in use by a recorder or another command (journal/lock is held); stop "
                    "the miner that records there, or try again later",
                    folder.native()));
  }
  return lock;
}

Status refuse_own_file(files::FileSystem& file_system, const fs::path& folder,
                       const fs::path& path) {
  const auto is_own = is_own_file(file_system, folder, path);
  if (!is_own || !*is_own) return {};
  return invalid_input(
      fmt::format("{} belongs to the data folder {}, which would lose what is there; name a file "
                  "elsewhere",
                  path.native(), folder.native()));
}

Status require_folder(files::FileSystem& file_system, const fs::path& folder) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info) {
    return not_found(
        fmt::format("{} does not exist; give the data folder of the miner, which "
                    "holds {}",
                    folder.native(), kCurrentFile));
  }
  if (info->kind != files::FileKind::kFolder) {
    return invalid_input(fmt::format("{} is not a folder", folder.native()));
  }
  return {};
}

Status require_history(files::FileSystem& file_system, const fs::path& folder) {
  RETURN_IF_ERROR(require_folder(file_system, folder));
  for (const std::string_view name :
       {kCurrentFile, std::string_view("pending_generations.json"),
        std::string_view("generation_feedback.jsonl"),
        std::string_view("miner_config_history.jsonl"), std::string_view("pruned_history.jsonl")}) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / name));
    if (info) return {};
  }
  ASSIGN_OR_RETURN(const auto months, find_month_files(file_system, folder));
  if (!months.empty()) return {};
  ASSIGN_OR_RETURN(const auto journal, file_system.info(folder / "journal"));
  if (journal && journal->kind == files::FileKind::kFolder) {
    ASSIGN_OR_RETURN(const auto names, file_system.list(folder / "journal"));
    // Whoever took a wrong folder for one may have left a lock.
    for (const std::string& name : names) {
      if (name != "lock") return {};
    }
  }
  return not_found(
      fmt::format("{} holds no history: no {}, no file of a month and no journal; give the data "
                  "folder of the miner",
                  folder.native(), kCurrentFile));
}

}  // namespace assay::record_files
