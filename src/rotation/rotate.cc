#include "rotation/rotate.h"

#include "record_files/data_folder.h"
#include "record_files/history_index.h"
#include "record_files/line_hash.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"
#include "rotation/rotate_month.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace assay::rotation {
namespace {

using record_files::hash_of_line;

namespace fs = std::filesystem;

/// The current file, which readers take last.
constexpr record_files::Month kCurrentPlace = std::chrono::year::max() / std::chrono::December;

/// Where the lines of a month belong. What is compressed or archived already is never taken back.
fs::path target_of(record_files::Month month, record_files::Month now,
                   const std::vector<fs::path>& sources, const RotateOptions& options) {
  const int age = static_cast<int>((now - month).count());
  std::optional<compress::Format> format;
  if (age > options.compress_after_months) format = options.format;
  bool is_archived = age > options.archive_after_months;
  for (const fs::path& source : sources) {
    if (const auto present = compress::format_of_name(source.native())) format = present;
    is_archived = is_archived || source.has_parent_path();
  }
  const std::string name = record_files::month_file_name(month, format);
  return is_archived ? fs::path(record_files::kArchiveFolder) / name : fs::path(name);
}

/// One run over one folder. Order of the steps: every month's file is in place before the current
/// file loses a line.
class Rotation {
 public:
  Rotation(files::FileSystem& file_system, const fs::path& folder, record_files::Month now,
           const RotateOptions& options, RotatePart part, const std::stop_token& stop)
      : file_system_(file_system),
        folder_(folder),
        now_(now),
        options_(options),
        part_(part),
        stop_(stop) {}

  Result<RotateReport> run() {
    RETURN_IF_ERROR(remove_leftovers());
    ASSIGN_OR_RETURN(files_, record_files::find_month_files(file_system_, folder_));
    ASSIGN_OR_RETURN(const auto current, file_system_.info(current_path()));
    if (current && part_ != RotatePart::kMonths) RETURN_IF_ERROR(split_current());
    for (const auto& [month, sources] : files_) {
      if (part_ != RotatePart::kLeaving && !merges_.contains(month) && !blocked_.contains(month)) {
        RETURN_IF_ERROR(tidy_month(month, sources));
      }
    }
    for (auto& [month, merge] : merges_) RETURN_IF_ERROR(commit(month, merge));
    if (current && num_left_ > 0) RETURN_IF_ERROR(rewrite_current());
    std::ranges::sort(report_.months, {}, &RotatedMonth::month);
    return std::move(report_);
  }

 private:
  fs::path current_path() const { return folder_ / record_files::kCurrentFile; }

  /// What an earlier run was making when it was killed.
  Status remove_leftovers() {
    for (const fs::path& below : {fs::path(), fs::path(record_files::kArchiveFolder)}) {
      ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / below));
      if (!info || info->kind != files::FileKind::kFolder) continue;
      ASSIGN_OR_RETURN(const auto names, file_system_.list(folder_ / below));
      for (const std::string& name : names) {
        if (name.starts_with(".generation_history") &&
            name.ends_with(record_files::kStagingSuffix)) {
          RETURN_IF_ERROR(file_system_.remove(folder_ / below / name));
        }
      }
    }
    return {};
  }

  /// The merge of a month, begun when its first line comes; null when its files cannot be read.
  Result<MonthMerge*> merge_of(record_files::Month month) {
    if (blocked_.contains(month)) return nullptr;
    if (const auto found = merges_.find(month); found != merges_.end()) return &found->second;
    const std::vector<fs::path>& sources = files_[month];
    MonthMerge merge(file_system_, folder_, target_of(month, now_, sources, options_), sources);
    Status begun = merge.begin(stop_);
    if (!begun) {
      Error& error = begun.error();
      if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kExhausted) {
        return std::move(error);
      }
      blocked_.insert(month);
      report_.problems.push_back({.file = merge.target(), .message = std::move(error.message)});
      return nullptr;
    }
    return &merges_.emplace(month, std::move(merge)).first->second;
  }

  Status tidy_month(record_files::Month month, const std::vector<fs::path>& sources) {
    const fs::path target = target_of(month, now_, sources, options_);
    if (sources.size() == 1 && sources.front() == target) return {};
    const auto begun = merge_of(month);
    return begun ? Status() : Status(begun.error());
  }

  std::optional<record_files::Month> earlier_month(Timestamp time) const {
    const record_files::Month month = record_files::month_of(time);
    return month < now_ ? std::optional(month) : std::nullopt;
  }

  /// Learn which ids stand in the files of later months than `month`. There are none when all that
  /// leaves is of the last month.
  Status learn_later_places(record_files::Month month) {
    for (auto later = files_.upper_bound(month); later != files_.end(); ++later) {
      if (!learned_.insert(later->first).second) continue;
      for (const fs::path& source : later->second) {
        const auto read = record_files::read_lines(
            file_system_, folder_ / source,
            [&](std::string_view line) -> Status {
              note_place(scan_.scan(line).id, later->first);
              return {};
            },
            stop_);
        if (read || read.error().code == ErrorCode::kCorrupt ||
            read.error().code == ErrorCode::kExhausted) {
          continue;  // what nobody can read counts for nobody
        }
        return Error(read.error());
      }
    }
    return {};
  }

  void note_place(std::string_view id, record_files::Month place) {
    if (id.empty()) return;
    record_files::Month& last = places_.try_emplace(hash_of_line(id), place).first->second;
    last = std::max(last, place);
  }

  /// The month that a line of the current file goes to; nothing when it stays.
  Result<std::optional<record_files::Month>> destination(const record_files::ScannedLine& record) {
    if (record.kind == record_files::LineKind::kUnreadable) {
      ++report_.num_unreadable;
      return neighbour_;
    }
    if (record.kind == record_files::LineKind::kBlank) return std::optional<record_files::Month>();
    if (!record.time) {
      ++report_.num_without_time;
      return std::optional<record_files::Month>();
    }
    const auto own = earlier_month(*record.time);
    neighbour_ = own;
    if (!own || record.id.empty()) return own;
    RETURN_IF_ERROR(learn_later_places(*own));
    const auto place = places_.find(hash_of_line(record.id));
    if (place == places_.end() || place->second <= *own) return own;
    neighbour_ = place->second == kCurrentPlace ? std::nullopt : std::optional(place->second);
    return neighbour_;
  }

  Status split_current() {
    const auto on_line = [&](std::string_view line) -> Status {
      const record_files::ScannedLine record = scan_.scan(line);
      ASSIGN_OR_RETURN(const auto month, destination(record));
      MonthMerge* merge = nullptr;
      if (month) {
        ASSIGN_OR_RETURN(merge, merge_of(*month));
      }
      note_place(record.id, merge == nullptr ? kCurrentPlace : month.value_or(kCurrentPlace));
      stays_.push_back(merge == nullptr);
      if (merge == nullptr) {
        ++report_.num_kept;
        return {};
      }
      ++num_left_;
      return merge->add(line, record.id);
    };
    ASSIGN_OR_RETURN(const record_files::LinesRead read,
                     record_files::read_lines(file_system_, current_path(), on_line, stop_));
    current_size_ = read.size;
    return {};
  }

  Status commit(record_files::Month month, MonthMerge& merge) {
    report_.num_moved += merge.num_moved();
    report_.num_duplicate += merge.num_duplicate();
    if (!merge.has_changes()) return {};
    RETURN_IF_ERROR(merge.commit(stop_));
    report_.months.push_back({.month = record_files::to_text(month),
                              .file = merge.target(),
                              .num_moved = merge.num_moved(),
                              .num_lines = merge.num_lines(),
                              .replaced = merge.replaced()});
    return {};
  }

  /// Leave in the current file what stays.
  Status rewrite_current() {
    ASSIGN_OR_RETURN(StagedLines staged, StagedLines::create(file_system_, current_path()));
    std::size_t number = 0;
    ASSIGN_OR_RETURN(const record_files::LinesRead read,
                     record_files::read_lines(
                         file_system_, current_path(),
                         [&](std::string_view line) -> Status {
                           const std::size_t at = number++;
                           return at < stays_.size() && stays_[at] ? staged.add(line) : Status();
                         },
                         stop_));
    // A program that does not know the lock may have added a line, which must not go.
    if (read.size != current_size_) return somebody_writes();
    RETURN_IF_ERROR(staged.verify(stop_));
    ASSIGN_OR_RETURN(const auto info, file_system_.info(current_path()));
    if (!info || info->size != current_size_) return somebody_writes();
    return staged.publish();
  }

  Error somebody_writes() const {
    return unavailable(
        fmt::format("{} changed while it was rotated: some program writes it without the lock; "
                    "stop it and run the same command again (nothing is lost)",
                    current_path().native()));
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const record_files::Month now_;
  const RotateOptions& options_;
  const RotatePart part_;
  const std::stop_token& stop_;
  record_files::RecordScan scan_;
  RotateReport report_;
  std::map<record_files::Month, std::vector<fs::path>> files_;
  std::map<record_files::Month, MonthMerge> merges_;
  std::set<record_files::Month> blocked_;
  // Readers take the last line of an id: one never goes to an earlier file than those before it. By
  // the digest of the id, the month of the last file that has one.
  std::unordered_map<record_files::LineHash, record_files::Month, record_files::LineHashHash>
      places_;
  std::set<record_files::Month> learned_;
  std::optional<record_files::Month> neighbour_;
  std::vector<bool> stays_;  // of each line of the current file
  std::uint64_t num_left_ = 0;
  ByteCount current_size_;
};

}  // namespace

Result<RotateReport> rotate(files::FileSystem& file_system, const fs::path& folder, Clock& clock,
                            const RotateOptions& options, const std::stop_token& stop) {
  RETURN_IF_ERROR(record_files::require_history(file_system, folder));
  ASSIGN_OR_RETURN(const auto lock, record_files::lock_data_folder(file_system, folder));
  ASSIGN_OR_RETURN(auto report, rotate_locked(file_system, folder, clock.now(), options, stop));
  // Without it readers open more than they need; the next rotation tries again.
  static_cast<void>(record_files::update_history_index(file_system, folder, stop));
  return report;
}

Result<RotateReport> rotate_locked(files::FileSystem& file_system, const fs::path& folder,
                                   Timestamp now, const RotateOptions& options,
                                   const std::stop_token& stop, RotatePart part) {
  return Rotation(file_system, folder, record_files::month_of(now), options, part, stop).run();
}

}  // namespace assay::rotation
