#include "history/import.h"

#include "core/limits.h"
#include "files/atomic_file.h"
#include "history/import_feedback_internal.h"
#include "history/import_internal.h"
#include "history/named_files_internal.h"
#include "json/value.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

// The order of an import is that of its safety: all that is here is read first, so that a file here
// that cannot be read ends it before anything changed; then each file that a record names is copied
// before the record is published. After a kill there may be files here that nobody names yet, which
// the next import finds in place. The PLY files that wait for feedback come last, when it is known
// which of them wait here too: a record without them is completed by the next import.

namespace assay::history {
namespace {

using record_files::find_month_files;
using record_files::hash_of_line;
using record_files::kCurrentFile;
using record_files::LineHash;
using record_files::LineHashHash;
using record_files::LineKind;
using record_files::LineSet;
using record_files::lock_data_folder;
using record_files::Month;
using record_files::month_file_name;
using record_files::month_of;
using record_files::NamedBlob;
using record_files::read_lines;
using record_files::RecordScan;
using record_files::require_folder;
using record_files::ScannedLine;

namespace fs = std::filesystem;
using Naming = NamedFileImport::Naming;

/// What is known of a generation.
enum class Known : std::uint8_t {
  kHere,     ///< A record is here.
  kSame,     ///< A record there is here too, or was taken.
  kDiffers,  ///< A record there has other content.
};

/// Whether `lines` begins with all of `beginning`.
bool begins_with(const FeedbackLines& lines, const FeedbackLines& beginning) {
  return beginning.size() <= lines.size() &&
         std::equal(beginning.begin(), beginning.end(), lines.begin());
}

class Import {
 public:
  Import(files::FileSystem& file_system, const fs::path& folder, const ImportSource& source,
         Month now, const ImportOptions& options, const std::stop_token& stop)
      : file_system_(file_system),
        folder_(folder),
        source_(source),
        now_(now),
        options_(options),
        stop_(stop),
        growing_(file_system, folder, options.mode, stop),
        named_files_(file_system, source.folder, folder, options, stop, report_),
        waiting_ply_(source, options, named_files_, report_) {}

  Result<ImportReport> run() {
    RETURN_IF_ERROR(learn_what_is_here());
    RETURN_IF_ERROR(learn_repeated_there());
    for (const fs::path& path : source_.records) {
      RETURN_IF_ERROR(read_there(path, [&](std::string_view line, std::uint64_t number) {
        return take_line(path, line, number);
      }));
    }
    if (source_.journal) RETURN_IF_ERROR(take_journal(*source_.journal));
    RETURN_IF_ERROR(growing_.commit(report_.files));
    RETURN_IF_ERROR(take_feedback());
    RETURN_IF_ERROR(growing_.commit(report_.files));
    RETURN_IF_ERROR(tell_open());
    RETURN_IF_ERROR(waiting_ply_.take());
    std::ranges::sort(report_.files, {}, &GrownFile::path);
    std::ranges::stable_sort(report_.not_taken, {}, &NotTaken::kind);
    return std::move(report_);
  }

 private:
  using OnNumberedLine = std::function<Status(std::string_view line, std::uint64_t number)>;

  void tell(NotTakenKind kind, std::string path, std::string detail) {
    add_not_taken(report_, options_,
                  {.kind = kind, .path = std::move(path), .detail = std::move(detail)});
  }

  Status learn_what_is_here() {
    RETURN_IF_ERROR(named_files_.begin());
    ASSIGN_OR_RETURN(months_, find_month_files(file_system_, folder_));
    std::vector<fs::path> paths;
    for (const auto& [month, found] : months_) {
      paths.insert(paths.end(), found.begin(), found.end());
    }
    ASSIGN_OR_RETURN(const auto current, file_system_.info(folder_ / kCurrentFile));
    if (current) paths.emplace_back(kCurrentFile);
    for (const fs::path& path : paths) {
      const auto read = read_lines(
          file_system_, folder_ / path,
          [&](std::string_view line) -> Status {
            const ScannedLine record = scan_.scan(line);
            if (record.kind != LineKind::kRecord || record.id.empty()) return {};
            known_.emplace(hash_of_line(record.id), Known::kHere);
            lines_.insert(hash_of_line(line));
            return {};
          },
          stop_);
      if (!read) {
        return Error(read.error()).within("nothing was imported, repair this file or move it away");
      }
    }
    return {};
  }

  /// Of several lines of an id the last counts there, as it does for readers.
  Status learn_repeated_there() {
    LineSet ids;
    for (const fs::path& path : source_.records) {
      const auto read = read_lines(
          file_system_, path,
          [&](std::string_view line) -> Status {
            const ScannedLine record = scan_.scan(line);
            if (record.id.empty() || ids.insert(hash_of_line(record.id)).second) return {};
            counting_there_.insert_or_assign(hash_of_line(record.id), hash_of_line(line));
            return {};
          },
          stop_);
      // What else is the matter with a file is told when its lines are taken.
      if (!read && read.error().code == ErrorCode::kCancelled) return Error(read.error());
    }
    return {};
  }

  /// What a file there meets costs the rest of that file.
  Status read_there(const fs::path& path, const OnNumberedLine& on_line) {
    std::uint64_t number = 0;
    Status taken;
    const auto read = read_lines(
        file_system_, path,
        [&](std::string_view line) -> Status {
          taken = on_line(line, ++number);
          return taken;
        },
        stop_);
    RETURN_IF_ERROR(taken);
    if (read) return {};
    if (read.error().code == ErrorCode::kCancelled) return Error(read.error());
    tell(NotTakenKind::kUnreadable, path.native(), read.error().message);
    return {};
  }

  fs::path journal_path() const { return source_.folder / "journal"; }

  /// Records that stand in the journal alone, because the recorder there was killed or is at work.
  Status take_journal(const derivation::JournalReplay& journal) {
    for (const files::JournalDamage& damage : journal.damage) {
      tell(NotTakenKind::kUnreadable, (journal_path() / damage.segment).native(), damage.reason);
    }
    if (journal.num_undecodable > 0) {
      tell(NotTakenKind::kUnreadable, journal_path().native(),
           fmt::format("{} events", journal.num_undecodable));
    }
    std::uint64_t number = 0;
    for (const std::string& line : journal.lines.history) {
      ++number;
      const ScannedLine record = scan_.scan(line);
      const auto known = known_.find(hash_of_line(record.id));
      // A file there had it: it was taken, or told of.
      if (known != known_.end() && known->second != Known::kHere) continue;
      RETURN_IF_ERROR(take_line(journal_path(), line, number));
    }
    return {};
  }

  Status take_line(const fs::path& path, std::string_view line, std::uint64_t number) {
    const ScannedLine record = scan_.scan(line);
    if (record.kind == LineKind::kBlank) return {};
    if (record.kind == LineKind::kUnreadable || record.id.empty()) {
      tell(record.kind == LineKind::kUnreadable ? NotTakenKind::kBadLine : NotTakenKind::kNoId,
           path.native(), fmt::format("line {}", number));
      return {};
    }
    const auto counting = counting_there_.find(hash_of_line(record.id));
    if (counting != counting_there_.end() && counting->second != hash_of_line(line)) {
      tell(NotTakenKind::kOtherRecord, path.native(), record.id);
      return {};
    }
    const auto [known, is_new] = known_.try_emplace(hash_of_line(record.id), Known::kSame);
    if (is_new) {
      lines_.insert(hash_of_line(line));
      RETURN_IF_ERROR(take_named_files(record, Naming::kNew));
      ++report_.num_imported;
      return growing_.add(target_of(record.time), line);
    }
    if (lines_.contains(hash_of_line(line))) {
      known->second = Known::kSame;
      ++report_.num_present;
      return take_named_files(record, Naming::kPresent);
    }
    if (known->second == Known::kHere) known->second = Known::kDiffers;
    tell(NotTakenKind::kOtherRecord, path.native(), record.id);
    return {};
  }

  Status take_named_files(const ScannedLine& record, Naming naming) {
    waiting_ply_.note_record(record);
    for (const NamedBlob& blob : record.blobs) {
      RETURN_IF_ERROR(named_files_.take(blob.path, blob.hash, record.id, naming));
    }
    return {};
  }

  /// The file of the month where there is one, also compressed or archived. What rotate would leave
  /// in the current file goes there.
  fs::path target_of(std::optional<Timestamp> time) const {
    if (!time || month_of(*time) >= now_) return kCurrentFile;
    const Month month = month_of(*time);
    const auto found = months_.find(month);
    if (found == months_.end()) return month_file_name(month, std::nullopt);
    // Of several, which a rotation left when it was killed, the one that it was writing.
    return *std::ranges::max_element(found->second, {}, [](const fs::path& path) {
      return std::pair(path.has_parent_path(), compress::format_of_name(path.native()).has_value());
    });
  }

  Status take_feedback() {
    if (!source_.feedback && !source_.journal && waiting_ply_.is_empty()) return {};
    FeedbackById here;
    ASSIGN_OR_RETURN(const auto present, file_system_.info(folder_ / kFeedbackFile));
    if (present) {
      const auto read = read_lines(
          file_system_, folder_ / kFeedbackFile,
          [&](std::string_view line) -> Status {
            if (!feedback_.scan(line)) return {};
            here[hash_of_line(feedback_.id())].push_back(hash_of_line(line));
            if (feedback_.has_outcome()) waiting_ply_.note_settled(feedback_.id());
            return {};
          },
          stop_);
      if (!read) return Error(read.error());
    }
    FeedbackById there;
    if (source_.feedback) RETURN_IF_ERROR(learn_feedback(*source_.feedback, there));
    // The journal's is the newer one, and belongs behind what the file has.
    std::vector<std::string> newer;
    if (source_.journal) newer = add_newer_feedback(source_.journal->lines.feedback, there);
    return add_feedback(here, there, newer);
  }

  Status learn_feedback(const fs::path& path, FeedbackById& there) {
    return read_there(path, [&](std::string_view line, std::uint64_t number) {
      const bool is_object = feedback_.scan(line);
      if (is_object && !feedback_.id().empty()) {
        there[hash_of_line(feedback_.id())].push_back(hash_of_line(line));
      } else if (!feedback_.is_blank()) {
        tell(is_object ? NotTakenKind::kNoId : NotTakenKind::kBadLine, path.native(),
             fmt::format("line {}", number));
      }
      return Status();
    });
  }

  /// The last line of an id counts: lines are added only behind those that precede them there.
  Status add_feedback(const FeedbackById& here, const FeedbackById& there,
                      const std::vector<std::string>& newer) {
    std::unordered_map<LineHash, std::size_t, LineHashHash> positions;
    const auto take = [&](const fs::path& path, std::string_view line) -> Status {
      if (!feedback_.scan(line) || feedback_.id().empty()) return {};
      const LineHash id = hash_of_line(feedback_.id());
      const auto all = there.find(id);
      const std::size_t position = positions[id]++;
      // Written since they were looked at: the next import takes it.
      if (all == there.end() || position >= all->second.size()) return {};
      const auto found = here.find(id);
      return take_feedback_line(path, line, position, all->second,
                                found == here.end() ? FeedbackLines() : found->second);
    };
    if (source_.feedback) {
      Status taken;
      const auto read = read_lines(
          file_system_, *source_.feedback,
          [&](std::string_view line) -> Status {
            taken = take(*source_.feedback, line);
            return taken;
          },
          stop_);
      RETURN_IF_ERROR(taken);
      // What else is the matter with the file was told when it was read for the first time.
      if (!read && read.error().code == ErrorCode::kCancelled) return Error(read.error());
    }
    for (const std::string& line : newer) RETURN_IF_ERROR(take(journal_path(), line));
    return {};
  }

  Status take_feedback_line(const fs::path& path, std::string_view line, std::size_t position,
                            const FeedbackLines& there, const FeedbackLines& here) {
    const bool continues = begins_with(there, here);
    if (continues ? position < here.size()
                  : std::ranges::find(here, hash_of_line(line)) != here.end()) {
      ++report_.num_feedback_present;
      return take_feedback_files(Naming::kPresent);
    }
    const auto record = known_.find(hash_of_line(feedback_.id()));
    if (!continues || (record != known_.end() && record->second == Known::kDiffers)) {
      tell(NotTakenKind::kOtherFeedback, path.native(), feedback_.id());
      return {};
    }
    RETURN_IF_ERROR(take_feedback_files(Naming::kNew));
    ++report_.num_feedback_imported;
    return growing_.add(kFeedbackFile, line);
  }

  Status take_feedback_files(Naming naming) {
    const std::string id = feedback_.id();
    RETURN_IF_ERROR(named_files_.take(feedback_.text(1), feedback_.text(2), id, naming));
    return named_files_.take(feedback_.text(3), feedback_.text(4), id, naming);
  }

  /// Generations that nobody finished there, and that have no record here either.
  Status tell_open() {
    if (source_.journal) return tell_open(journal_path(), source_.journal->pending_json);
    if (!source_.pending) return {};
    const auto text = files::read_file(file_system_, *source_.pending, kMaxJsonSize);
    if (text) return tell_open(*source_.pending, *text);
    tell(NotTakenKind::kUnreadable, source_.pending->native(), text.error().message);
    return {};
  }

  Status tell_open(const fs::path& path, std::string_view text) {
    const auto pending = json::parse(text);
    if (!pending || pending->object() == nullptr) {
      tell(NotTakenKind::kUnreadable, path.native(), "it is no JSON object");
      return {};
    }
    for (const auto& [id, record] : *pending->object()) {
      waiting_ply_.note_open(id);
      if (known_.contains(hash_of_line(id))) continue;
      tell(NotTakenKind::kOpenGeneration, path.native(), id);
    }
    return {};
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const ImportSource& source_;
  const Month now_;
  const ImportOptions& options_;
  const std::stop_token& stop_;
  ImportReport report_;
  GrowingFiles growing_;
  NamedFileImport named_files_;
  WaitingPlyImport waiting_ply_;
  RecordScan scan_;
  FeedbackScan feedback_;
  std::map<Month, std::vector<fs::path>> months_;
  std::unordered_map<LineHash, Known, LineHashHash> known_;  // by the digest of the id
  // Of ids with several lines there the one that counts, by the digest of the id.
  std::unordered_map<LineHash, LineHash, LineHashHash> counting_there_;
  LineSet lines_;  // records that are here
};

}  // namespace

std::uint64_t ImportReport::num_not_taken() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void add_not_taken(ImportReport& report, const ImportOptions& options, NotTaken not_taken) {
  if (report.counts[static_cast<std::size_t>(not_taken.kind)]++ >= options.max_listed) return;
  report.not_taken.push_back(std::move(not_taken));
}

Result<ImportReport> import_history(files::FileSystem& file_system, const fs::path& folder,
                                    const fs::path& from, Clock& clock,
                                    const ImportOptions& options, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const ImportSource source, find_import_source(file_system, from));
  ASSIGN_OR_RETURN(const auto present, file_system.info(folder));
  if (!present && options.mode == RunMode::kReal) {
    RETURN_IF_ERROR(file_system.create_folders(folder));
  }
  RETURN_IF_ERROR(require_folder(file_system, folder));
  ASSIGN_OR_RETURN(const fs::path here, file_system.resolve(folder));
  ASSIGN_OR_RETURN(const fs::path there, file_system.resolve(from));
  if (here == there) {
    return invalid_input(
        fmt::format("{} is the data folder itself; give the other one", from.native()));
  }
  std::unique_ptr<files::FileLock> lock;
  if (options.mode == RunMode::kReal) {
    ASSIGN_OR_RETURN(lock, lock_data_folder(file_system, folder));
  }
  return Import(file_system, folder, source, month_of(clock.now()), options, stop).run();
}

}  // namespace assay::history
