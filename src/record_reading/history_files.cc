#include "compress/stream.h"
#include "record_reading/history_files_internal.h"
#include "record_reading/history_reader.h"
#include "record_reading/history_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace assay::record_reading {
namespace {

constexpr std::string_view kStem = "generation_history";
constexpr std::string_view kSuffix = ".jsonl";

bool is_month(std::string_view text) {
  constexpr std::string_view kForm = "0000-00";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_right = kForm[i] == '-' ? text[i] == '-' : text[i] >= '0' && text[i] <= '9';
    if (!is_right) return false;
  }
  const std::string_view month = text.substr(5);
  return month >= "01" && month <= "12";
}

/// Nothing when it is no name of a file of records.
std::optional<HistoryFile> history_file(const std::filesystem::path& folder,
                                        std::string_view name) {
  HistoryFile file{.path = folder / name};
  if (!name.starts_with(kStem)) return std::nullopt;
  name.remove_prefix(kStem.size());
  if (const auto format = compress::format_of_name(name)) {
    file.is_compressed = true;
    name.remove_suffix(compress::name_suffix(*format).size());
  }
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  if (name.empty()) {
    if (file.is_compressed) return std::nullopt;
    return file;
  }
  if (!name.starts_with('_') || !is_month(name.substr(1))) return std::nullopt;
  file.month = name.substr(1);
  return file;
}

Status add_files(files::FileSystem& file_system, const std::filesystem::path& folder,
                 std::vector<HistoryFile>& found) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info || info->kind != files::FileKind::kFolder) return {};
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.list(folder));
  for (const std::string& name : names) {
    if (auto file = history_file(folder, name)) found.push_back(std::move(*file));
  }
  return {};
}

}  // namespace

Result<std::vector<HistoryFile>> list_history_files(files::FileSystem& file_system,
                                                    const std::filesystem::path& folder) {
  std::vector<HistoryFile> found;
  // In this order: what goes to the archive meanwhile is then seen there, or in both.
  RETURN_IF_ERROR(add_files(file_system, folder, found));
  RETURN_IF_ERROR(add_files(file_system, folder / "archive", found));
  // The archive first within a month: a rotation that was interrupted has written there last.
  std::ranges::sort(found, {}, [&](const HistoryFile& file) {
    return std::tuple(file.month.empty(), file.month, file.path.parent_path() == folder,
                      file.path.native());
  });
  return found;
}

Result<std::vector<HistoryFile>> find_history_files(files::FileSystem& file_system,
                                                    const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(std::vector<HistoryFile> listed, list_history_files(file_system, folder));
  std::vector<HistoryFile> found;
  for (HistoryFile& file : listed) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(file.path));
    if (info && info->kind != files::FileKind::kFolder) found.push_back(std::move(file));
  }
  return found;
}

Error no_history(files::FileSystem& file_system, const std::filesystem::path& folder) {
  const auto info = file_system.info(folder);
  if (info && *info && (*info)->kind == files::FileKind::kFolder) {
    return not_found(
        fmt::format("{}: no history in this folder: expected generation_history.jsonl, or "
                    "generation_history_YYYY-MM.jsonl here or in archive/",
                    folder.native()));
  }
  return not_found(
      fmt::format("{}: no such folder: expected the data folder of a miner", folder.native()));
}

}  // namespace assay::record_reading
