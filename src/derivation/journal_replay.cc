#include "derivation/journal_replay.h"

#include "core/bytes.h"
#include "derivation/checkpoint.h"
#include "derivation/pending_file.h"
#include "files/atomic_file.h"
#include "files/group_journal.h"
#include "records/event.h"
#include "records/generation_table.h"

#include <algorithm>
#include <utility>

// As the recorder opens a folder, without what it would write.

namespace assay::derivation {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxPendingSize{std::uint64_t{1} << 30};

/// What was open in a folder that no recorder has opened yet.
Status adopt_pending(files::FileSystem& file_system, const fs::path& folder,
                     records::GenerationTable& table) {
  const auto content = files::read_file(file_system, folder / kPendingName, kMaxPendingSize);
  if (!content && content.error().code != ErrorCode::kNotFound) return content.error();
  if (!content) return {};
  for (const std::string& record : read_pending(*content).records) {
    // One that is none is left out.
    static_cast<void>(table.adopt_open(record));
  }
  return {};
}

/// The sequence of the last event that the files hold.
Result<std::uint64_t> load(files::FileSystem& file_system, const fs::path& folder,
                           records::GenerationTable& table) {
  const auto checkpoint = read_checkpoint(file_system, folder / "journal" / "checkpoint.json");
  if (!checkpoint && checkpoint.error().code != ErrorCode::kCorrupt) return checkpoint.error();
  if (checkpoint && *checkpoint) {
    records::GenerationTable loaded;
    if (loaded.load_state((*checkpoint)->state)) {
      table = std::move(loaded);
      return (*checkpoint)->last_sequence;
    }
  }
  RETURN_IF_ERROR(adopt_pending(file_system, folder, table));
  return std::uint64_t{0};
}

void add_line(std::vector<std::string>& lines, std::string line) {
  if (!line.empty()) lines.push_back(std::move(line));
}

// One try, and the sequence of the checkpoint that it began with.
struct Try {
  std::optional<JournalReplay> replay;
  std::uint64_t known = 0;
};
Result<Try> try_replay(files::FileSystem& file_system, const fs::path& folder,
                       std::uint64_t through) {
  records::GenerationTable table;
  ASSIGN_OR_RETURN(const std::uint64_t known, load(file_system, folder, table));
  JournalReplay replay;
  const auto on_record = [&](std::uint64_t sequence, std::span<const std::byte> record) -> Status {
    if (sequence <= known || sequence > through) return {};
    auto event = records::decode_event(as_text(record));
    if (!event && event.error().code != ErrorCode::kCorrupt) return event.error();
    if (!event) {
      ++replay.num_undecodable;
      return {};
    }
    event->sequence = sequence;
    records::Applied applied = table.apply(*event);
    add_line(replay.lines.history, std::move(applied.history_line));
    add_line(replay.lines.feedback, std::move(applied.feedback_line));
    add_line(replay.lines.config, std::move(applied.config_line));
    return {};
  };
  ASSIGN_OR_RETURN(auto found, files::read_group_journal(file_system, folder / "journal",
                                                         records::kMinEventSize, on_record));
  if (found.num_segments == 0) return Try{.replay = std::nullopt, .known = known};
  replay.damage = std::move(found.damage);
  replay.pending_json = table.pending_json();
  replay.waiting_ply = table.ply_due(Timestamp::max());
  replay.num_remembered = table.num_remembered();
  replay.num_forgotten = table.num_forgotten();
  return Try{.replay = std::move(replay), .known = known};
}

}  // namespace

Result<std::optional<JournalReplay>> replay_journal(files::FileSystem& file_system,
                                                    const fs::path& folder, std::uint64_t through) {
  ASSIGN_OR_RETURN(const auto present, file_system.info(folder / "journal"));
  if (!present || present->kind != files::FileKind::kFolder) return std::optional<JournalReplay>();
  // A recorder that makes a checkpoint meanwhile removes what was to be read: then it is in files.
  constexpr int kMaxTries = 10;
  for (int i = 1;; ++i) {
    auto tried = try_replay(file_system, folder, through);
    if (!tried && (tried.error().code != ErrorCode::kUnavailable || i == kMaxTries)) {
      return std::move(tried.error());
    }
    if (!tried) continue;
    records::GenerationTable ignored;
    ASSIGN_OR_RETURN(const std::uint64_t known, load(file_system, folder, ignored));
    if (known == tried->known) return std::move(tried->replay);
    if (i == kMaxTries) {
      return unavailable("the journal of " + folder.native() +
                         " changed each time that it was read; run the same command again");
    }
  }
}

Result<std::uint64_t> count_waiting_events(files::FileSystem& file_system, const fs::path& folder) {
  const fs::path journal = folder / "journal";
  ASSIGN_OR_RETURN(const auto present, file_system.info(journal));
  if (!present || present->kind != files::FileKind::kFolder) return std::uint64_t{0};
  // A copy of a folder may lack it.
  ASSIGN_OR_RETURN(const auto lock_file, file_system.info(journal / "lock"));
  if (lock_file) {
    const auto lock = file_system.lock(journal / "lock");
    if (!lock && lock.error().code == ErrorCode::kUnavailable) return std::uint64_t{0};
  }
  ASSIGN_OR_RETURN(const auto checkpoint,
                   read_checkpoint(file_system, journal / "checkpoint.json"));
  const std::uint64_t known = checkpoint ? checkpoint->last_sequence : 0;
  std::uint64_t count = 0;
  RETURN_IF_ERROR(files::read_group_journal(
      file_system, journal, records::kMinEventSize,
      [&](std::uint64_t sequence, std::span<const std::byte> /*record*/) -> Status {
        if (sequence > known) ++count;
        return {};
      }));
  return count;
}

}  // namespace assay::derivation
