/// \file
/// Scores that outlive the process: a snapshot, and a journal of the rounds since. Format:
/// docs/formats/validator-state.md.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "files/journal.h"
#include "scoring/deck.h"
#include "scoring/score_book.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace assay::validator {

inline constexpr std::string_view kSnapshotFile = "validator.state";
inline constexpr std::string_view kRoundJournalFile = "validator.journal";

struct StateOptions {
  /// By which rounds are scored. Scores saved under another one are kept as they stand.
  scoring::Formula formula = scoring::Formula::kNatix;
  /// Answers in the journal before it becomes a snapshot: replaying so many takes milliseconds.
  std::size_t answers_per_snapshot = 16'384;
};

/// What one miner answered in a round.
struct RoundAnswer {
  scoring::Uid uid = 0;
  std::string hotkey = {};
  scoring::Answer answer = {};
};

/// One challenge, after its answers are in. A uid that decays was not asked.
struct Round {
  std::vector<RoundAnswer> answers = {};
  std::vector<scoring::Uid> decaying = {};
};

/// What add_round() came to: by answer, in the round's order.
struct RoundResult {
  std::uint64_t number = 0;
  std::vector<scoring::ScoreStep> steps;
};

/// What opening found.
struct StateRecovery {
  bool has_snapshot = false;
  std::uint64_t num_rounds_replayed = 0;
};

/// The scores, the deck, and the number of rounds, on disk. Scores after a kill at any moment are
/// those of every acknowledged round, each counted once, and maybe of one more.
/// Threads: one thread at a time. After an error the store takes nothing more.
/// Errors: kNoSpace, kDenied, kUnavailable (also when another process has it open).
class StateStore {
 public:
  /// Open the state in `folder`, which is made when it is not there; without one it begins empty.
  /// Of a damaged journal the rounds before the damage are kept, and the file is set aside, which
  /// is told by an error in the log.
  /// Errors: also kCorrupt (a snapshot that does not check, or does not belong to the journal) and
  ///         kInvalidInput (of a later version); the message says what to do. Nothing is changed
  ///         then.
  static Result<StateStore> open(files::FileSystem& file_system,
                                 const std::filesystem::path& folder, const StateOptions& options);

  StateStore(StateStore&&) noexcept = default;

  const scoring::ScoreBook& book() const { return book_; }
  const StateRecovery& recovery() const { return recovery_; }
  std::uint64_t num_rounds() const { return num_rounds_; }
  scoring::Deck& deck() { return deck_; }

  /// By which rounds are scored from now on.
  void set_formula(scoring::Formula formula) { book_.set_formula(formula); }
  /// Score a round; on return it is on disk, with the deck as it is now.
  Result<RoundResult> add_round(const Round& round);
  /// Make the slots those of `neurons`; on return a change is on disk.
  Result<scoring::Reconciliation> reconcile(std::span<const scoring::Neuron> neurons);
  /// Put `state` in the place of all that is there, as when an old state is imported.
  Status replace(std::span<const scoring::MinerState> state, std::uint64_t num_rounds);
  /// Write a snapshot and begin the journal anew.
  Status save();

 private:
  StateStore(files::FileSystem& file_system, std::filesystem::path folder,
             const StateOptions& options)
      : file_system_(&file_system),
        folder_(std::move(folder)),
        options_(options),
        book_(options.formula) {}

  /// Errors of all: as the class and open().
  Status load_snapshot();
  Status open_journal();
  /// Keep what is before the damage, in a new snapshot, and the damaged file under another name.
  Status set_journal_aside(const Error& damage);
  Status replay(std::span<const std::byte> record);
  std::vector<scoring::ScoreStep> apply(const Round& round);

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  StateOptions options_;
  scoring::ScoreBook book_;
  scoring::Deck deck_;
  std::uint64_t num_rounds_ = 0;
  std::size_t num_journaled_ = 0;        // answers
  bool is_snapshot_behind_ = false;      // the journal goes on from a later one
  std::vector<files::Journal> journal_;  // one, or none when it failed
  StateRecovery recovery_;
};

}  // namespace assay::validator
