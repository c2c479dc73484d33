/// \file
/// What the events so far make of each generation: a deterministic state machine, the same while
/// the recorder runs and when the journal is replayed.

#pragma once

#include "core/result.h"
#include "records/event.h"
#include "records/known_generation.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::records {

/// What an event did.
enum class Verdict : std::uint8_t {
  kApplied,   ///< It is in the record, or will be when the record is written.
  kReplaced,  ///< Feedback again, and other than before: the latest counts.
  kLate,      ///< Feedback after the record was written: kept beside it and merged in.
  kRepeated,  ///< Nothing new: the same feedback again, or a key whose first event counted.
  kUnknownGeneration,  ///< Never started here. Feedback is kept all the same; all else is not.
  kAlreadyStarted,     ///< Started before: nothing changed.
  kAlreadyFinished,    ///< The record is written and stays as it is.
};
inline constexpr std::size_t kNumVerdicts = 7;

/// `applied`, `replaced`, `late`, `repeated`, `unknown_generation`, `already_started`,
/// `already_finished`.
std::string_view to_string(Verdict verdict);
std::optional<Verdict> verdict_of(std::string_view name);

enum class PlyFate : std::uint8_t {
  kAccepted,
  kRejected,
  kExpired,  ///< No feedback came in time.
};

/// PLY bytes that wait, and whose fate is known.
struct PlyDue {
  std::string generation_id;
  std::string pending_path;  ///< Relative to the data folder.
  std::string hash;          ///< `sha256:` and hex, or empty when it was never given.
  PlyFate fate = PlyFate::kRejected;
  double score = 0.0;  ///< Of the feedback; 0 without one.
};

/// PLY bytes that waited, of which the record says nothing any more: other ones came.
struct SupersededPly {
  std::string generation_id;
  std::string pending_path;  ///< Relative to the data folder.
};

/// What follows from an event, beside the changed state. Lines are without LF; empty for none.
struct Applied {
  Verdict verdict = Verdict::kApplied;
  /// That of the event; for a key that came again, that of the first event of the key.
  std::string generation_id;
  std::string history_line;   ///< For generation_history.jsonl.
  std::string feedback_line;  ///< For generation_feedback.jsonl.
  std::string config_line;    ///< For miner_config_history.jsonl.
  std::optional<PlyDue> ply_due;
  std::optional<SupersededPly> superseded;
};

struct GenerationTableOptions {
  /// Finished generations, the newest, whose late feedback is recognised as theirs. Older ones
  /// whose PLY bytes wait are remembered beyond these, until the bytes are settled.
  std::size_t max_remembered = 32'768;
  /// Idempotency keys, the newest, that are recognised.
  std::size_t max_keys = 16'384;
};

/// Threads: one thread at a time.
class GenerationTable {
 public:
  explicit GenerationTable(const GenerationTableOptions& options = {}) : options_(options) {}

  /// Every event is legal at any time: what it does then is its verdict.
  Applied apply(const Event& event);

  /// Take over a record that another program wrote and did not finish, or finished. One whose id is
  /// known already is left alone. Errors: kCorrupt (no object, or without a usable id).
  Status adopt_open(std::string_view record);
  Status adopt_finished(std::string_view record);
  /// The generations of which the hash of a PLY file is known and not what became of its bytes:
  /// records of another program, which do not say that bytes wait, are among them.
  std::vector<KnownGeneration> without_ply_path() const;
  /// Take over what else was found out of such a generation. Pre: it is one of those.
  void correct(KnownGeneration known);

  /// The state as JSON text of one object; load_state() gives the same table.
  std::string state() const;
  /// Pre: the table is new. Errors: kCorrupt.
  Status load_state(std::string_view state);

  std::size_t num_open() const { return open_.size(); }
  std::uint64_t num_finished() const { return num_finished_; }
  /// Finished generations that it remembers, those that another program wrote among them.
  std::uint64_t num_remembered() const { return finished_.size(); }
  /// Finished generations that an earlier version forgot, perhaps while their PLY bytes waited.
  std::uint64_t num_forgotten() const { return num_forgotten_; }
  bool knows(const std::string& generation_id) const;
  bool is_open(const std::string& generation_id) const { return open_.contains(generation_id); }

  /// Changes whenever pending_json() does.
  std::uint64_t open_version() const { return open_version_; }
  /// pending_generations.json: one object of ids and records, in order of id, one a line.
  std::string pending_json() const;

  /// PLY bytes that wait although their feedback is there, and those of generations that began
  /// before `expired_before` and have none.
  std::vector<PlyDue> ply_due(std::optional<Timestamp> expired_before) const;
  /// Whether these PLY bytes wait for the feedback of this generation.
  bool is_waiting(const SupersededPly& ply) const;
  /// The ids of all generations that it knows, each with the path of the bytes that wait, or none.
  std::vector<SupersededPly> known_ply() const;

 private:
  struct Open {
    std::string record;  // the line of the history as it would be now
    KnownGeneration known;
  };

  Applied apply_body(const Event& event);
  Applied start(const Event& event, const Started& body);
  static Applied update(const Event& event, Open& open);
  Applied receive_feedback(const Event& event, const FeedbackReceived& body);
  Applied settle_ply(const Event& event, const PlySettled& body);
  Applied finish(const Event& event);
  KnownGeneration* find_known(const std::string& generation_id);
  void remember(KnownGeneration known);
  /// The first event of an idempotency key and its kind.
  struct FirstOfKey {
    std::string generation_id;
    Verdict verdict = Verdict::kApplied;
  };
  const FirstOfKey* first_of_key(const Event& event) const;
  void remember_key(std::string scoped_key, FirstOfKey first);

  GenerationTableOptions options_;
  std::map<std::string, Open, std::less<>> open_;
  std::unordered_map<std::string, KnownGeneration> finished_;
  std::deque<std::string> finished_order_;            // the oldest first
  std::set<std::string> waiting_beyond_;              // older ones whose PLY bytes wait
  std::unordered_map<std::string, FirstOfKey> keys_;  // by kind of event, LF, key
  std::deque<std::string> key_order_;                 // the oldest first
  std::uint64_t num_finished_ = 0;
  std::uint64_t num_forgotten_ = 0;
  std::uint64_t open_version_ = 0;
};

}  // namespace assay::records
