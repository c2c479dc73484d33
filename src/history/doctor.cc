#include "history/doctor.h"

#include "derivation/journal_replay.h"
#include "files/atomic_file.h"
#include "history/named_files_internal.h"
#include "history/waiting_events.h"
#include "record_files/damage_notes.h"
#include "record_files/data_folder.h"
#include "record_files/line_hash.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"
#include "storage/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

namespace assay::history {
namespace {

using record_files::find_month_files;
using record_files::hash_of_line;
using record_files::kCurrentFile;
using record_files::LineKind;
using record_files::LineSet;
using record_files::Month;
using record_files::month_of;
using record_files::NamedBlob;
using record_files::read_lines;
using record_files::RecordScan;
using record_files::require_history;
using record_files::ScannedLine;

namespace fs = std::filesystem;

// How often files are looked for again that a recorder renames meanwhile.
constexpr int kMaxOpenAttempts = 10;
constexpr std::string_view kQuarantineFolder = "quarantine";
constexpr std::string_view kProbeName = ".assay-doctor.tmp";

/// A file that records name.
struct Named {
  std::string hash;  // of the first record that has one
  std::string id;
};
using NamedFiles = std::map<std::string, Named, std::less<>>;  // by path

class Examination {
 public:
  Examination(files::FileSystem& file_system, const fs::path& folder, const DoctorOptions& options,
              const std::stop_token& stop)
      : file_system_(file_system), folder_(folder), options_(options), stop_(stop) {}

  Result<DoctorReport> run() {
    ASSIGN_OR_RETURN(const NamedFiles waiting, read_waiting_ply());
    for (const auto& [path, named] : waiting) waiting_ids_.insert(named.id);
    RETURN_IF_ERROR(read_records());
    RETURN_IF_ERROR(read_other_names());
    for (const auto& [path, named] : named_) RETURN_IF_ERROR(check_blob(path, named));
    report_.num_files = named_.size();
    RETURN_IF_ERROR(check_waiting_ply(waiting));
    if (!has_unstored_ply_) report_.num_not_remembered = 0;
    RETURN_IF_ERROR(look_below({}, 0));
    for (const fs::path& below : {fs::path(), fs::path("images"), fs::path("ply_files")}) {
      RETURN_IF_ERROR(probe(below));
    }
    RETURN_IF_ERROR(read_damage());
    if (std::string events = waiting_events_text(file_system_, folder_); !events.empty()) {
      find(FindingKind::kWaitingEvents, "journal", std::move(events));
    }
    check_space();
    std::ranges::sort(report_.findings, {}, [](const Finding& finding) {
      return std::tie(finding.kind, finding.path, finding.detail);
    });
    return std::move(report_);
  }

 private:
  void find(FindingKind kind, std::string path, std::string detail) {
    if (report_.counts[static_cast<std::size_t>(kind)]++ >= options_.max_listed) return;
    report_.findings.push_back(
        {.kind = kind, .path = std::move(path), .detail = std::move(detail)});
  }

  /// A file of records, open, or why it cannot be.
  struct Source {
    fs::path path;  // relative to the folder
    std::optional<Month> month;
    std::unique_ptr<files::File> file;
    std::string problem;
  };

  Status read_records() {
    std::vector<Source> sources;
    for (int attempt = 0; attempt < kMaxOpenAttempts; ++attempt) {
      ASSIGN_OR_RETURN(const bool is_whole, open_sources(sources));
      if (is_whole) break;
    }
    for (const Source& source : sources) RETURN_IF_ERROR(read_source(source));
    return {};
  }

  /// False when a file was replaced between listing and opening. The order is that of
  /// records::open_history(), which says why.
  Result<bool> open_sources(std::vector<Source>& sources) {
    sources.clear();
    Source current{.path = kCurrentFile, .month = {}, .file = nullptr, .problem = {}};
    const bool has_current = open_source(current);
    ASSIGN_OR_RETURN(const auto months, find_month_files(file_system_, folder_));
    bool is_whole = true;
    for (const auto& [month, paths] : months) {
      for (const fs::path& path : paths) {
        Source source{.path = path, .month = month, .file = nullptr, .problem = {}};
        is_whole = open_source(source) && is_whole;
        sources.push_back(std::move(source));
      }
    }
    if (has_current) sources.push_back(std::move(current));
    return is_whole;
  }

  /// Whether there is such a file.
  bool open_source(Source& source) {
    auto opened = file_system_.open(folder_ / source.path, files::OpenMode::kRead);
    if (opened) {
      source.file = std::move(*opened);
      return true;
    }
    source.problem = opened.error().message;
    return opened.error().code != ErrorCode::kNotFound;
  }

  /// What one file meets costs that file.
  Status read_source(const Source& source) {
    if (source.file == nullptr) {
      find(FindingKind::kUnreadable, source.path.native(), source.problem);
      return {};
    }
    const auto size = source.file->size();
    std::uint64_t number = 0;
    const auto on_line = [&](std::string_view line) -> Status {
      ++number;
      const ScannedLine record = scan_.scan(line);
      if (record.kind == LineKind::kUnreadable) {
        find(FindingKind::kBadLine, source.path.native(), fmt::format("line {}", number));
      } else if (record.kind == LineKind::kRecord) {
        take(record, source.path, source.month);
      }
      return {};
    };
    const auto read = size ? read_lines(*source.file, *size, folder_ / source.path, on_line, stop_)
                           : Result<record_files::LinesRead>(size.error());
    if (read) return {};
    if (read.error().code == ErrorCode::kCancelled) return Error(read.error());
    find(FindingKind::kUnreadable, source.path.native(), read.error().message);
    return {};
  }

  void take(const ScannedLine& record, const fs::path& path, std::optional<Month> month) {
    ++report_.num_records;
    if (month && record.time && month_of(*record.time) != *month) {
      find(FindingKind::kWrongMonth, path.native(), record.id);
    }
    if (!record.id.empty() && !ids_.insert(hash_of_line(record.id)).second) {
      find(FindingKind::kRepeatedId, path.native(), record.id);
    }
    for (const NamedBlob& blob : record.blobs) {
      const bool is_ply = blob.kind == record_files::BlobKind::kPly;
      const bool waits = is_ply && waiting_ids_.contains(record.id);
      if (blob.path.empty() && !blob.hash.empty() && !waits) {
        ++report_.num_not_stored;
        has_unstored_ply_ = has_unstored_ply_ || is_ply;
      }
      name(blob.path, blob.hash, record.id, path);
    }
  }

  /// `source` says that there is such a file.
  void name(const std::string& path, const std::string& hash, const std::string& id,
            const fs::path& source) {
    if (path.empty()) return;
    if (!storage::check_object_key(path)) {
      find(FindingKind::kUnsafePath, source.native(), fmt::format("{}: {}", id, path));
      return;
    }
    Named& named = named_[path];
    if (named.id.empty()) named.id = id;
    if (named.hash.empty()) named.hash = hash;
  }

  Status read_other_names() {
    const auto feedback = read_late_feedback(
        file_system_, folder_,
        [&](const NamedFile& file) { name(file.path, file.hash, file.id, kFeedbackFile); }, stop_);
    RETURN_IF_ERROR(tell(feedback, kFeedbackFile));
    const auto open = read_open_generations(file_system_, folder_, [&](const NamedFile& file) {
      name(file.path, file.hash, file.id, kPendingFile);
    });
    RETURN_IF_ERROR(tell(open, kPendingFile));
    const auto pruned = read_pruned_files(
        file_system_, folder_, [&](const std::string& path) { pruned_.insert(path); }, stop_);
    return tell(pruned, kPrunedFile);
  }

  /// What one file meets costs that file.
  Status tell(const Status& read, std::string_view path) {
    if (read) return {};
    if (read.error().code == ErrorCode::kCancelled) return read;
    find(FindingKind::kUnreadable, std::string(path), read.error().message);
    return {};
  }

  Status read_damage() {
    const auto notes = record_files::read_damage_notes(file_system_, folder_);
    if (!notes) return tell(Status(notes.error()), "journal/quarantine");
    for (const record_files::DamageNote& note : *notes) {
      find(FindingKind::kDamagedJournal, note.path.native(), note.to_text());
    }
    return {};
  }

  Status check_blob(const std::string& path, const Named& named) {
    const auto info = file_system_.info(folder_ / path);
    if (!info) {
      find(FindingKind::kUnreadable, path, info.error().message);
      return {};
    }
    if (!*info || (*info)->kind != files::FileKind::kFile) {
      if (pruned_.contains(path)) {
        ++report_.num_pruned;
      } else {
        find(FindingKind::kMissingFile, path, named.id);
      }
      return {};
    }
    if (options_.contents == DoctorOptions::Contents::kTrust) return {};
    const auto found = match_content(file_system_, folder_ / path, named.hash, stop_);
    if (!found) {
      if (found.error().code == ErrorCode::kCancelled) return Error(found.error());
      find(FindingKind::kUnreadable, path, found.error().message);
      return {};
    }
    if (*found != ContentMatch::kUnknown) ++report_.num_hashed;
    if (*found == ContentMatch::kOther) find(FindingKind::kWrongContent, path, named.id);
    return {};
  }

  /// PLY bytes that wait for their validator: no record names them yet, but the journal does.
  Status check_waiting_ply(const NamedFiles& waiting) {
    report_.num_files += waiting.size();
    const auto is_there = [&](const auto& path_and_named) {
      const auto info = file_system_.info(folder_ / path_and_named.first);
      return !info || *info;  // what cannot be looked at is told below
    };
    NamedFiles still_waiting;
    if (!std::ranges::all_of(waiting, is_there)) {
      // A recorder at work moves files: the journal says so a moment later.
      ASSIGN_OR_RETURN(still_waiting, read_waiting_ply());
    }
    for (const auto& path_and_named : waiting) {
      const bool has_gone = !is_there(path_and_named);
      if (has_gone && !still_waiting.contains(path_and_named.first)) continue;
      RETURN_IF_ERROR(check_blob(path_and_named.first, path_and_named.second));
    }
    return {};
  }

  Result<NamedFiles> read_waiting_ply() {
    NamedFiles waiting;
    auto replay = derivation::replay_journal(file_system_, folder_);
    if (!replay) {
      // Of a later version, or changing all the time.
      RETURN_IF_ERROR(tell(Status(std::move(replay.error())), "journal"));
      return waiting;
    }
    if (!*replay) return waiting;
    report_.num_remembered = (*replay)->num_remembered;
    report_.num_not_remembered = (*replay)->num_forgotten;
    for (records::PlyDue& ply : (*replay)->waiting_ply) {
      waiting[ply.pending_path] = {.hash = std::move(ply.hash), .id = std::move(ply.generation_id)};
    }
    return waiting;
  }

  /// Files that nobody names, and halves of files.
  Status look_below(const fs::path& below, int depth) {
    constexpr int kMaxDepth = 8;
    if (stop_.stop_requested()) return cancelled("stopped in " + folder_.native());
    const auto names = file_system_.list(folder_ / below);
    if (!names) {
      if (depth == 0) return Error(names.error());
      find(FindingKind::kUnreadable, below.native(), names.error().message);
      return {};
    }
    // The journal looks after itself, and what waits for its validator is checked by what it says.
    if (below == "ply_files/pending" || below == "journal") return {};
    for (const std::string& name : *names) {
      const fs::path path = below / name;
      const auto info = file_system_.info(folder_ / path);
      if (!info || !*info) continue;
      if ((*info)->kind == files::FileKind::kFolder) {
        if (depth < kMaxDepth) RETURN_IF_ERROR(look_below(path, depth + 1));
      } else if (name.ends_with(".tmp") || files::is_temporary_name(name)) {
        find(FindingKind::kLeftover, path.native(), to_string((*info)->size));
      } else if (below == kQuarantineFolder) {
        find(FindingKind::kSetAside, path.native(), to_string((*info)->size));
      } else if (is_blob_folder(below) && !named_.contains(path.native())) {
        find(FindingKind::kUnnamedFile, path.native(), to_string((*info)->size));
      }
    }
    return {};
  }

  static bool is_blob_folder(const fs::path& below) {
    return below.native().starts_with("images") || below.native().starts_with("ply_files");
  }

  /// Try what a recorder does: make a file.
  Status probe(const fs::path& below) {
    const fs::path at = folder_ / below;
    ASSIGN_OR_RETURN(const auto info, file_system_.info(at));
    if (!info || info->kind != files::FileKind::kFolder) return {};
    const auto file = file_system_.open(at / kProbeName, files::OpenMode::kAppend);
    if (file) return file_system_.remove(at / kProbeName);
    find(FindingKind::kNotWritable, below.empty() ? "." : below.native(), file.error().message);
    return {};
  }

  void check_space() {
    report_.disk = options_.disk;
    if (!options_.disk || options_.disk->capacity == ByteCount(0)) return;
    const double share = static_cast<double>(options_.disk->available.count()) /
                         static_cast<double>(options_.disk->capacity.count());
    if (share >= options_.min_free_share) return;
    find(FindingKind::kLowSpace, ".",
         fmt::format("{} of {} are free", to_string(options_.disk->available),
                     to_string(options_.disk->capacity)));
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const DoctorOptions& options_;
  const std::stop_token& stop_;
  RecordScan scan_;
  DoctorReport report_;
  LineSet ids_;
  NamedFiles named_;
  std::set<std::string, std::less<>> pruned_;
  std::set<std::string, std::less<>> waiting_ids_;  // of generations whose PLY bytes wait
  bool has_unstored_ply_ = false;  // a record has the hash of a PLY file without the file
};

}  // namespace

std::uint64_t DoctorReport::num_findings() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Result<DoctorReport> examine(files::FileSystem& file_system, const fs::path& folder,
                             const DoctorOptions& options, const std::stop_token& stop) {
  RETURN_IF_ERROR(require_history(file_system, folder));
  return Examination(file_system, folder, options, stop).run();
}

}  // namespace assay::history
