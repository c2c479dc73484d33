#include "compress/stream.h"
#include "files/atomic_file.h"
#include "history/import_internal.h"
#include "history/named_files_internal.h"
#include "record_files/data_folder.h"
#include "record_reading/history_reader.h"

#include <fmt/format.h>

#include <utility>

namespace assay::history {
namespace {

using record_files::kArchiveFolder;
using record_files::kCurrentFile;

namespace fs = std::filesystem;

/// Errors: kDenied, kUnavailable.
Result<std::vector<std::string>> find_waiting_ply(files::FileSystem& file_system,
                                                  const fs::path& folder) {
  std::vector<std::string> found;
  ASSIGN_OR_RETURN(const auto present, file_system.info(folder / kWaitingPlyFolder));
  if (!present || present->kind != files::FileKind::kFolder) return found;
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder / kWaitingPlyFolder));
  for (const std::string& name : names) {
    if (!files::is_temporary_name(name))
      found.push_back((fs::path(kWaitingPlyFolder) / name).native());
  }
  return found;
}

ImportSource source_of_file(const fs::path& file) {
  ImportSource source;
  const fs::path parent = file.parent_path();
  source.folder = parent.filename() == kArchiveFolder ? parent.parent_path() : parent;
  std::string name = file.filename().native();
  if (const auto format = compress::format_of_name(name)) {
    name.resize(name.size() - compress::name_suffix(*format).size());
  }
  if (name == kFeedbackFile) {
    source.feedback = file;
  } else {
    source.records.push_back(file);
  }
  return source;
}

}  // namespace

Result<ImportSource> find_import_source(files::FileSystem& file_system, const fs::path& from) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(from));
  if (!info) {
    return not_found(
        fmt::format("{} does not exist; give the data folder, or the file of records, to import",
                    from.native()));
  }
  if (info->kind == files::FileKind::kFile) {
    ImportSource source = source_of_file(from);
    ASSIGN_OR_RETURN(source.waiting_ply, find_waiting_ply(file_system, source.folder));
    return source;
  }
  if (info->kind != files::FileKind::kFolder) {
    return invalid_input(fmt::format("{} is neither a folder nor a file", from.native()));
  }
  ImportSource source;
  source.folder = from;
  source.is_folder = true;
  ASSIGN_OR_RETURN(source.journal, derivation::replay_journal(file_system, from));
  ASSIGN_OR_RETURN(auto found, record_reading::find_history_files(file_system, from));
  for (auto& file : found) source.records.push_back(std::move(file.path));
  const auto find = [&](std::string_view name) -> Result<std::optional<fs::path>> {
    ASSIGN_OR_RETURN(const auto present, file_system.info(from / name));
    if (!present || present->kind != files::FileKind::kFile) return std::optional<fs::path>();
    return std::optional(from / name);
  };
  ASSIGN_OR_RETURN(source.feedback, find(kFeedbackFile));
  ASSIGN_OR_RETURN(source.pending, find(kPendingFile));
  ASSIGN_OR_RETURN(source.waiting_ply, find_waiting_ply(file_system, from));
  const bool has_lines = source.journal && !source.journal->lines.is_empty();
  if (source.records.empty() && !source.feedback && !has_lines) {
    return not_found(
        fmt::format("{} holds no history: no {} and no file of a month, in it or in {}",
                    from.native(), kCurrentFile, kArchiveFolder));
  }
  return source;
}

}  // namespace assay::history
