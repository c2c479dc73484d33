#include "history/import_internal.h"
#include "record_files/line_reader.h"

#include <fmt/format.h>

#include <utility>

namespace assay::history {

using record_files::read_lines;
using rotation::StagedLines;

namespace fs = std::filesystem;

GrowingFiles::GrowingFiles(files::FileSystem& file_system, const fs::path& folder, RunMode mode,
                           const std::stop_token& stop)
    : file_system_(file_system), folder_(folder), mode_(mode), stop_(stop) {}

Result<GrowingFiles::Growing> GrowingFiles::begin(const fs::path& path) {
  Growing growing;
  if (mode_ == RunMode::kDryRun) return growing;
  const fs::path target = folder_ / path;
  ASSIGN_OR_RETURN(auto staged, StagedLines::create(file_system_, target));
  growing.staged.emplace(std::move(staged));
  ASSIGN_OR_RETURN(const auto present, file_system_.info(target));
  if (!present) return growing;
  const auto read = read_lines(
      file_system_, target, [&](std::string_view line) { return growing.staged->add(line); },
      stop_);
  if (!read) return Error(read.error());
  growing.size_before = read->size;
  return growing;
}

Status GrowingFiles::add(const fs::path& path, std::string_view line) {
  auto found = files_.find(path);
  if (found == files_.end()) {
    ASSIGN_OR_RETURN(Growing begun, begin(path));
    found = files_.emplace(path, std::move(begun)).first;
  }
  ++found->second.num_added;
  return found->second.staged ? found->second.staged->add(line) : Status();
}

Status GrowingFiles::commit(std::vector<GrownFile>& grown) {
  for (auto& [path, growing] : files_) {
    if (growing.staged) {
      RETURN_IF_ERROR(growing.staged->verify(stop_));
      // A program that does not know the lock may have added a line, which must not go.
      ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / path));
      const auto size = info ? std::optional(info->size) : std::nullopt;
      if (size != growing.size_before) {
        return unavailable(fmt::format(
            "{} changed while lines were added: some program writes it without the lock; stop it "
            "and run the same command again (nothing is lost)",
            (folder_ / path).native()));
      }
      RETURN_IF_ERROR(growing.staged->publish());
    }
    grown.push_back({.path = path.native(), .num_added = growing.num_added});
  }
  files_.clear();
  return {};
}

}  // namespace assay::history
