#include "derivation/derivation.h"

#include "files/atomic_file.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"
#include "records/known_generation.h"

#include <iterator>
#include <set>
#include <utility>

namespace assay::derivation {
namespace {

namespace fs = std::filesystem;

// A record is known by its id: of one id there is one line, whatever its bytes.
std::string id_of_line(std::string_view line) {
  const auto known = records::known_generation_of_record(line);
  return known ? known->generation_id : std::string(line);
}

std::string line_itself(std::string_view line) { return std::string(line); }

// Which of these ids stand in the months beside the current file. What cannot be read holds none.
Result<std::set<std::string>> find_in_months(files::FileSystem& file_system, const fs::path& folder,
                                             const std::set<std::string>& ids) {
  std::set<std::string> found;
  ASSIGN_OR_RETURN(const auto months, record_files::find_month_files(file_system, folder));
  for (const auto& [month, paths] : months) {
    for (const fs::path& path : paths) {
      const auto read =
          record_files::read_lines(file_system, folder / path,
                                   [&](std::string_view line) -> Status {
                                     const auto known = records::known_generation_of_record(line);
                                     if (known && ids.contains(known->generation_id)) {
                                       found.insert(known->generation_id);
                                     }
                                     return {};
                                   },
                                   {});
      if (read || read.error().code == ErrorCode::kCorrupt) continue;
      return read.error();
    }
  }
  return found;
}

DerivedAnchor anchor_of(const std::map<std::string, DerivedAnchor>& anchors,
                        std::string_view name) {
  const auto found = anchors.find(std::string(name));
  return found == anchors.end() ? DerivedAnchor{} : found->second;
}

void move_behind(std::vector<std::string>& lines, std::vector<std::string>& later) {
  lines.insert(lines.end(), std::make_move_iterator(later.begin()),
               std::make_move_iterator(later.end()));
  later.clear();
}

}  // namespace

std::uint64_t DerivedLines::num_bytes() const {
  std::uint64_t total = 0;
  for (const auto* const lines : {&history, &feedback, &config}) {
    for (const std::string& line : *lines) total += line.size();
  }
  return total;
}

void DerivedLines::take_in(DerivedLines later) {
  move_behind(history, later.history);
  move_behind(feedback, later.feedback);
  move_behind(config, later.config);
}

Result<Derivation> Derivation::open(files::FileSystem& file_system, const fs::path& folder,
                                    const std::map<std::string, DerivedAnchor>& anchors,
                                    const DerivedLines& lines) {
  using Keys = std::set<std::string>;
  const auto in_months = [&](const Keys& ids) { return find_in_months(file_system, folder, ids); };
  const auto nowhere = [](const Keys& /*keys*/) -> Result<Keys> { return Keys(); };
  const auto open_file = [&](std::string_view name, const std::vector<std::string>& wanted,
                             const DerivedFile::KeyOf& key_of,
                             const DerivedFile::FindElsewhere& find_elsewhere) {
    return DerivedFile::open(file_system, folder / name, anchor_of(anchors, name), wanted, key_of,
                             find_elsewhere);
  };
  ASSIGN_OR_RETURN(auto history, open_file(kHistoryName, lines.history, id_of_line, in_months));
  ASSIGN_OR_RETURN(auto feedback, open_file(kFeedbackName, lines.feedback, line_itself, nowhere));
  ASSIGN_OR_RETURN(auto config, open_file(kConfigName, lines.config, line_itself, nowhere));
  return Derivation(file_system, folder, std::move(history), std::move(feedback),
                    std::move(config));
}

Status Derivation::append(DerivedLines& lines) {
  RETURN_IF_ERROR(history_.append(lines.history));
  lines.history.clear();
  RETURN_IF_ERROR(feedback_.append(lines.feedback));
  lines.feedback.clear();
  RETURN_IF_ERROR(config_.append(lines.config));
  lines.config.clear();
  return {};
}

Status Derivation::write_pending(const std::string& json) {
  return files::write_file(*file_system_, folder_ / kPendingName, json);
}

Result<std::map<std::string, DerivedAnchor>> Derivation::sync() {
  std::map<std::string, DerivedAnchor> anchors;
  ASSIGN_OR_RETURN(anchors[std::string(kHistoryName)], history_.sync());
  ASSIGN_OR_RETURN(anchors[std::string(kFeedbackName)], feedback_.sync());
  ASSIGN_OR_RETURN(anchors[std::string(kConfigName)], config_.sync());
  RETURN_IF_ERROR(file_system_->sync_folder(folder_));
  return anchors;
}

Result<bool> Derivation::is_in_place() const {
  for (const DerivedFile* const file : {&history_, &feedback_, &config_}) {
    ASSIGN_OR_RETURN(const bool is_there, file->is_in_place());
    if (!is_there) return false;
  }
  return true;
}

Result<bool> Derivation::is_as_anchored() const {
  for (const DerivedFile* const file : {&history_, &feedback_, &config_}) {
    ASSIGN_OR_RETURN(const bool is_same, file->is_as_anchored());
    if (!is_same) return false;
  }
  return true;
}

std::uint64_t Derivation::num_completed() const {
  return history_.recovery().num_completed + feedback_.recovery().num_completed +
         config_.recovery().num_completed;
}

bool Derivation::was_changed() const {
  const auto changed = [](const DerivedFile& file) {
    const DerivedRecovery& recovery = file.recovery();
    return recovery.num_completed > 0 || recovery.cut != ByteCount() || recovery.was_replaced ||
           !recovery.foreign_lines.empty();
  };
  return changed(history_) || changed(feedback_) || changed(config_);
}

}  // namespace assay::derivation
