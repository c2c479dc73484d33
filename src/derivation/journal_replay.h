/// \file
/// What the journal of a data folder says beyond its files, for one who only reads the folder.

#pragma once

#include "core/result.h"
#include "derivation/derivation.h"
#include "files/file_system.h"
#include "files/journal_damage.h"
#include "records/generation_table.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace assay::derivation {

struct JournalReplay {
  /// Of the events behind the checkpoint: each stands in its file, or will when a recorder opens
  /// the folder.
  DerivedLines lines;
  std::string pending_json;  ///< The generations that are open at its end.
  /// PLY bytes that no feedback or timeout settled, of the generations that are open or remembered.
  std::vector<records::PlyDue> waiting_ply;
  std::uint64_t num_remembered = 0;  ///< Finished generations: the newest, and whose bytes wait.
  /// Those before them, of an earlier version: whether their bytes wait is not known.
  std::uint64_t num_forgotten = 0;
  std::uint64_t num_undecodable = 0;  ///< Records that are no events.
  std::vector<files::JournalDamage> damage;
};

/// Replay the journal of the data folder `folder` as far as the event `through`; nothing when it
/// has none, or an empty one. A damaged checkpoint counts as none. Threads: a recorder may be at
/// work there. Errors: those of files::read_group_journal() but kNotFound, of reading a file, and
/// kInvalidInput
///         (an event, or the checkpoint, of a later version).
Result<std::optional<JournalReplay>> replay_journal(
    files::FileSystem& file_system, const std::filesystem::path& folder,
    std::uint64_t through = std::numeric_limits<std::uint64_t>::max());

/// How many events in the journal of the data folder `folder` no checkpoint covers: those that a
/// killed recorder left. 0 while a process has the folder, which sees to them itself.
/// Errors: as replay_journal().
Result<std::uint64_t> count_waiting_events(files::FileSystem& file_system,
                                           const std::filesystem::path& folder);

}  // namespace assay::derivation
