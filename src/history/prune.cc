#include "history/prune.h"

#include "files/atomic_file.h"
#include "history/named_files_internal.h"
#include "json/writer.h"
#include "record_files/data_folder.h"
#include "record_files/line_hash.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"
#include "storage/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace assay::history {
namespace {

using record_files::BlobKind;
using record_files::find_month_files;
using record_files::hash_of_line;
using record_files::kCurrentFile;
using record_files::LineKind;
using record_files::LineSet;
using record_files::lock_data_folder;
using record_files::Month;
using record_files::month_of;
using record_files::month_of_file_name;
using record_files::NamedBlob;
using record_files::read_lines;
using record_files::RecordScan;
using record_files::require_history;
using record_files::ScannedLine;
using record_files::to_text;

namespace fs = std::filesystem;

/// A line of pruned_history.jsonl about a record.
std::string tombstone_of(const ScannedLine& record, std::string_view pruned) {
  json::Writer writer;
  const auto text = [&](std::string_view name, const std::string& value) {
    writer.name(name);
    if (value.empty()) {
      writer.null();
    } else {
      writer.text(value);
    }
  };
  writer.begin_object();
  text("generation_id", record.id);
  text("timestamp", record.time ? to_rfc3339(*record.time) : std::string());
  text("base64_image_hash", record.blobs[0].hash);
  text("ply_file_hash", record.blobs[1].hash);
  text("rejected_sample_hash", record.blobs[2].hash);
  writer.name("pruned").text(pruned).end_object();
  return writer.take();
}

/// And about a file.
std::string tombstone_of(const std::string& path, const std::string& hash,
                         std::string_view pruned) {
  json::Writer writer;
  writer.begin_object().name("file").text(path).name("hash");
  if (hash.empty()) {
    writer.null();
  } else {
    writer.text(hash);
  }
  writer.name("pruned").text(pruned).end_object();
  return writer.take();
}

class Pruning {
 public:
  Pruning(files::FileSystem& file_system, const fs::path& folder, Timestamp now,
          const PruneOptions& options, const std::stop_token& stop)
      : file_system_(file_system),
        folder_(folder),
        now_(now),
        // Of the day alone: a run that goes on after a kill writes the same lines.
        pruned_(to_rfc3339(std::chrono::floor<std::chrono::days>(now)).substr(0, 10)),
        options_(options),
        stop_(stop) {}

  Result<PruneReport> run() {
    RETURN_IF_ERROR(read_records());
    RETURN_IF_ERROR(read_late_feedback(
        file_system_, folder_,
        [&](const NamedFile& file) {
          if (going_ids_.contains(hash_of_line(file.id)) || is_old_ply(BlobKind::kPly, file.time)) {
            going_.emplace(file.path, file.hash);
          } else {
            kept_.insert(file.path);
          }
        },
        stop_));
    RETURN_IF_ERROR(read_open_generations(file_system_, folder_,
                                          [&](const NamedFile& file) { kept_.insert(file.path); }));
    RETURN_IF_ERROR(choose_blobs());
    RETURN_IF_ERROR(choose_record_files());
    if (options_.mode == RunMode::kDryRun || report_.files.empty()) return std::move(report_);
    RETURN_IF_ERROR(write_tombstones());
    RETURN_IF_ERROR(remove_files());
    return std::move(report_);
  }

 private:
  bool is_old_ply(BlobKind kind, std::optional<Timestamp> time) const {
    return kind != BlobKind::kImage && options_.ply_older_than && time &&
           *time < now_ - *options_.ply_older_than;
  }

  bool is_old_month(Month month) const {
    return options_.older_than_months &&
           (month_of(now_) - month).count() > *options_.older_than_months;
  }

  /// A file of records that cannot be read might name any image: that ends the run. What goes is
  /// read before what stays, so that of an id in both it is known that it stays.
  Status read_records() {
    ASSIGN_OR_RETURN(const auto months, find_month_files(file_system_, folder_));
    std::vector<fs::path> staying;
    for (const auto& [month, paths] : months) {
      for (const fs::path& path : paths) {
        ASSIGN_OR_RETURN(const bool goes, is_old_file(path, month));
        (goes ? record_files_ : staying).push_back(path);
      }
    }
    ASSIGN_OR_RETURN(const auto current, file_system_.info(folder_ / kCurrentFile));
    if (current) staying.emplace_back(kCurrentFile);
    for (const fs::path& path : record_files_) {
      RETURN_IF_ERROR(read_file(path, [&](const ScannedLine& record) { take(record, true); }));
    }
    for (const fs::path& path : staying) {
      RETURN_IF_ERROR(read_file(path, [&](const ScannedLine& record) { take(record, false); }));
    }
    return {};
  }

  /// Older rotation scripts moved a whole file by the month of its first line: its name alone does
  /// not say what would go with it.
  Result<bool> is_old_file(const fs::path& path, Month month) {
    if (!is_old_month(month)) return false;
    Month last = month;
    RETURN_IF_ERROR(read_file(path, [&](const ScannedLine& record) {
      if (record.time) last = std::max(last, month_of(*record.time));
    }));
    if (is_old_month(last)) return true;
    report_.mixed.push_back({.path = path.native(), .last_month = to_text(last)});
    return false;
  }

  Status read_file(const fs::path& path, const std::function<void(const ScannedLine&)>& on_record) {
    const auto read = read_lines(
        file_system_, folder_ / path,
        [&](std::string_view line) -> Status {
          const ScannedLine record = scan_.scan(line);
          if (record.kind == LineKind::kRecord) on_record(record);
          return {};
        },
        stop_);
    return read ? Status() : Status(read.error());
  }

  void take(const ScannedLine& record, bool goes) {
    if (goes) {
      ++report_.num_records;
      tombstones_.push_back(tombstone_of(record, pruned_));
      if (!record.id.empty()) going_ids_.insert(hash_of_line(record.id));
    } else {
      going_ids_.erase(hash_of_line(record.id));
    }
    for (const NamedBlob& blob : record.blobs) {
      if (blob.path.empty()) continue;
      if (goes || is_old_ply(blob.kind, record.time)) {
        going_.emplace(blob.path, blob.hash);
      } else {
        kept_.insert(blob.path);
      }
    }
  }

  Status choose_blobs() {
    for (const auto& [path, hash] : going_) {
      // Only what lies where a recorder puts it, whatever a record says.
      const bool is_ours = storage::check_object_key(path).has_value() &&
                           (path.starts_with("images/") || path.starts_with("ply_files/"));
      if (!is_ours || kept_.contains(path)) continue;
      ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / path));
      if (!info || info->kind != files::FileKind::kFile) continue;
      // A file of several names takes its space as long as one of them is there.
      const bool is_last = ++num_names_going_[info->identity] >= info->num_names;
      add({.path = path, .size = is_last ? info->size : ByteCount(0)});
      ++report_.num_blobs;
      tombstones_.push_back(tombstone_of(path, hash, pruned_));
    }
    return {};
  }

  Status choose_record_files() {
    for (const fs::path& path : record_files_) {
      ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / path));
      if (info) add({.path = path.native(), .size = info->size});
    }
    return {};
  }

  void add(PrunedFile file) {
    report_.size += file.size;
    report_.files.push_back(std::move(file));
  }

  /// Each line once, also after a run that was killed.
  Status write_tombstones() {
    const fs::path path = folder_ / kPrunedFile;
    ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system_, path));
    LineSet lines;
    const auto add_line = [&](std::string_view line) -> Status {
      if (!lines.insert(hash_of_line(line)).second) return {};
      RETURN_IF_ERROR(file.write(line));
      return file.write("\n");
    };
    ASSIGN_OR_RETURN(const auto present, file_system_.info(path));
    if (present) {
      const auto read = read_lines(file_system_, path, add_line, stop_);
      if (!read) return Error(read.error());
    }
    for (const std::string& line : tombstones_) RETURN_IF_ERROR(add_line(line));
    return file.commit();
  }

  Status remove_files() {
    std::set<fs::path> folders;
    for (const PrunedFile& file : report_.files) {
      if (stop_.stop_requested()) {
        return cancelled("stopped; the same command again goes on");
      }
      const fs::path path = folder_ / file.path;
      // What they name is gone for good before the records go.
      if (month_of_file_name(path.filename().native())) {
        RETURN_IF_ERROR(sync(folders));
        folders.clear();
      }
      RETURN_IF_ERROR(file_system_.remove(path));
      folders.insert(path.parent_path());
    }
    return sync(folders);
  }

  Status sync(const std::set<fs::path>& folders) {
    for (const fs::path& folder : folders) RETURN_IF_ERROR(file_system_.sync_folder(folder));
    return {};
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const Timestamp now_;
  const std::string pruned_;
  const PruneOptions& options_;
  const std::stop_token& stop_;
  RecordScan scan_;
  PruneReport report_;
  std::vector<fs::path> record_files_;
  std::map<std::string, std::string, std::less<>> going_;  // path and hash
  std::set<std::string, std::less<>> kept_;
  LineSet going_ids_;  // of records that go, and of none that stays
  std::map<files::FileInfo::Identity, std::uint64_t> num_names_going_;
  std::vector<std::string> tombstones_;
};

}  // namespace

Result<PruneReport> prune(files::FileSystem& file_system, const fs::path& folder, Clock& clock,
                          const PruneOptions& options, const std::stop_token& stop) {
  if (!options.older_than_months && !options.ply_older_than) {
    return invalid_input("say what is old: --older-than, --ply-older-than, or both");
  }
  if (options.older_than_months.value_or(0) < 0 ||
      options.ply_older_than.value_or(std::chrono::milliseconds(0)).count() < 0) {
    return invalid_input("an age below zero");
  }
  RETURN_IF_ERROR(require_history(file_system, folder));
  // A recorder beside it changes what would be deleted only at the turn of a month.
  std::unique_ptr<files::FileLock> lock;
  if (options.mode == RunMode::kReal) {
    ASSIGN_OR_RETURN(lock, lock_data_folder(file_system, folder));
  }
  return Pruning(file_system, folder, clock.now(), options, stop).run();
}

}  // namespace assay::history
