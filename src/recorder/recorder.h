/// \file
/// The recorder: takes the events of generations, from any thread, and loses none that it has
/// acknowledged. Files: docs/formats/history.md.

#pragma once

#include "core/bytes.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"
#include "files/group_journal.h"
#include "records/event.h"
#include "records/generation_table.h"
#include "rotation/rotate.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::recorder {

enum class HandOver : std::uint8_t {
  kNever,  ///< A second process is refused: kUnavailable.
  /// A second process hands its calls to the first over a local socket, gets the same receipts, and
  /// takes its place when it is gone. The options of the one that has the folder count, but for
  /// `miner_uid`, `miner_version` and `network`, which are those of the one that is called.
  kToFirst,
};

enum class LineKind : std::uint8_t {
  kRecord,        ///< Of generation_history.jsonl.
  kFeedback,      ///< Of generation_feedback.jsonl.
  kConfigChange,  ///< Of miner_config_history.jsonl.
};

enum class OptionSource : std::uint8_t {
  kGiven,
  /// Not given: that of the recorder before counts, as the checkpoint of the folder has it. The
  /// option says what counts where there is none.
  kAsBefore,
};

/// A line that an event adds to a file of the history, without LF.
struct NewLine {
  LineKind kind = LineKind::kRecord;
  std::uint64_t sequence = 0;  ///< Of the event, which adds no other.
  std::string_view text = {};  ///< Lifetime: of the call.
};

struct RecorderOptions {
  std::optional<std::int64_t> miner_uid;
  std::string miner_version = "unknown";
  std::string network = "mainnet";
  /// Written with each generation, so that "not stored by choice" is told from "lost".
  bool stores_images = true;
  bool stores_ply_files = true;
  /// Durability, the bounded queue and what happens when it is full; what happens to a folder whose
  /// journal is damaged: opened all the same, with what can be read, or refused. `min_record` is
  /// set by the recorder.
  files::GroupJournalOptions journal;
  /// The derived files follow the journal after this long, pending_generations.json within a
  /// second. 0: no thread; they follow at flush() and close() only.
  std::chrono::milliseconds derive_interval{250};
  /// Accepted with a lower score than this: the PLY bytes count as rejected.
  double ply_min_score = 0.0;
  OptionSource ply_min_score_source = OptionSource::kGiven;
  /// PLY bytes without feedback count as rejected after this long, at the minute; nothing for
  /// never.
  std::optional<std::chrono::milliseconds> feedback_timeout = std::chrono::hours(24);
  OptionSource feedback_timeout_source = OptionSource::kGiven;
  /// Without it PLY bytes go on waiting, whatever the timeout says.
  bool expires_ply = true;
  /// An alert is raised when less of the disk is free, or more PLY bytes are there; it is over at a
  /// tenth of that on the other side, so that it does not come and go.
  double min_free_share = 0.2;
  ByteCount max_ply_files{std::uint64_t{300'000'000'000}};
  /// After so much journal the derived files are synced and the old journal goes.
  ByteCount checkpoint_after{std::uint64_t{64} << 20};
  /// Lines that wait for the derived files; beyond it (a disk that refuses them) events are
  /// refused.
  ByteCount max_behind{std::uint64_t{256} << 20};
  HandOver hand_over = HandOver::kToFirst;
  /// When the month of the clock changes, also when that was while nobody recorded, the records of
  /// earlier months go to files of their own. Without a thread (derive_interval) at checkpoint();
  /// what is due is done at close() at the latest.
  bool rotates_monthly = true;
  rotation::RotateOptions rotate;
  /// To recognise late feedback of a generation that the table has forgotten, so much of a file is
  /// read through; of what is before, the ids are indexed on disk: journal/ids.
  ByteCount max_unindexed{std::uint64_t{8} << 20};
  records::GenerationTableOptions table;
  /// Called for each line, in order of sequence and never twice at once, when its event is as
  /// lasting as `durability` asks and before its caller hears of it. Not for what opening replays,
  /// and not while another process has the folder. All callers wait for it: it must be short, and
  /// not call the recorder.
  std::function<void(const NewLine& line)> on_line = {};
};

/// Who makes a generation.
struct Miner {
  std::optional<std::int64_t> uid;
  std::string version;
  std::string network;
};

struct NewGeneration {
  /// Empty: the recorder makes a UUID.
  std::string generation_id;
  std::string task_type;
  /// Text, or an image as a data URL or in base64: that is stored, and the record holds its hash.
  std::string prompt;
  std::optional<std::int64_t> validator_uid;
  std::string validator_hotkey;
  records::JsonObjectText miner_config = "{}";
  /// Nothing: as the options say. Of a process that hands over it is what its own options say.
  std::optional<Miner> miner = std::nullopt;
};

struct NewOutput {
  /// num_gaussians, file_size_mb, quality_metrics, gaussian_stats and any other.
  records::JsonObjectText output = "{}";
  /// The PLY file, as bytes or as a file that is there: hashed, stored when the recorder does so,
  /// and read for file_size_mb, num_gaussians and gaussian_stats where `output` lacks them. One
  /// that does not parse is stored all the same, with `ply_defect` in gaussian_stats saying why.
  /// Lifetime: read during the call.
  std::span<const std::byte> ply;
  std::filesystem::path ply_file;
};

/// What became of an event. It is on disk, as far as `durability` asks.
struct Receipt {
  std::string generation_id;
  std::uint64_t sequence = 0;
  records::Verdict verdict = records::Verdict::kApplied;
};

/// What opening did, in one line for people: empty when there was nothing to do.
struct RecorderRecovery {
  std::uint64_t num_replayed = 0;
  ByteCount torn_journal_tail;
  std::uint64_t num_completed_lines = 0;  ///< Of derived files, that a crash had kept back.
  std::uint64_t num_adopted_open = 0;     ///< From another program's pending_generations.json.
  std::uint64_t num_adopted_finished = 0;
  std::uint64_t num_quarantined = 0;  ///< Copied to `quarantine/`: they did not check.
  /// Where the journal was whole once and is not any more: files of it, and the events that cannot
  /// be read, by their sequence. All else in these files was replayed.
  std::uint64_t num_damaged_segments = 0;
  std::vector<files::LostRecords> lost;
  bool misses_end = false;  ///< The last files of the journal are gone, with what came later.
  /// Events of generations whose start is among the lost: copied to `quarantine/`.
  std::uint64_t num_without_start = 0;
  std::string to_text() const;
};

struct RecorderStatus {
  /// Another process has the folder and knows all that follows.
  bool is_handed_over = false;
  files::GroupJournalCounts journal;
  std::array<std::uint64_t, records::kNumVerdicts> num_by_verdict{};  ///< Since opening.
  std::uint64_t num_finished = 0;                                     ///< Ever.
  std::size_t num_open = 0;
  ByteCount images;
  ByteCount ply_files;
  std::uint64_t num_ply_lost = 0;  ///< Accepted since opening, and their bytes were gone.
  ByteCount behind;                ///< Lines that wait for the derived files.
  bool is_disk_low = false;
  bool is_ply_large = false;
  bool is_journal_damaged = false;  ///< Notes of damage are in `journal/quarantine/`.
  /// The last event was refused by the journal: a full or a broken disk.
  bool is_refusing = false;
  /// Within the last minute the queue was full: events were refused or waited, as `when_full` says.
  bool is_queue_full = false;
  /// Lines that are no JSON object, in the files that are appended to, as they were when the folder
  /// was opened, or when a rotation came upon them. Nothing until the thread has looked through
  /// all.
  std::optional<std::uint64_t> num_corrupt_lines;
  /// Why the derived files do not follow; else empty.
  std::string trouble;
};

/// One writer a data folder, held by a lock; see HandOver for further processes. An event is first
/// appended to the journal; only what is there changes the state, and the same way when it is
/// replayed. In a process that was forked from the one that opened it every call fails: open it
/// again there.
///
/// Threads: all calls but close() and destruction are safe from any thread.
/// Errors: kInvalidInput (an event that is none), kExhausted (queue full, derived files far
///         behind), kNoSpace, kDenied, kUnavailable (broken disk, folder gone, closed, forked). An
///         event that got an error is not recorded, unless it is kUnavailable after a failed sync,
///         or of a process that handed it over and got no answer: then it may be, now or later, and
///         the message says so. The same call again, with the same id or key, records it once.
class Recorder {
 public:
  /// Open the data folder at `folder`, made when absent: one of the old program too. Replays,
  /// mends and completes what a crash left. `file_system`, `clock` and `random` outlive it.
  /// Errors: also kUnavailable when another process has the folder and none can be reached,
  ///         kCorrupt when the journal is damaged where it was once whole and
  ///         `options.journal.when_damaged` refuses that.
  static Result<std::unique_ptr<Recorder>> open(files::FileSystem& file_system, Clock& clock,
                                                RandomSource& random,
                                                const std::filesystem::path& folder,
                                                const RecorderOptions& options);
  /// As close(), errors to the log.
  virtual ~Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Each call takes an idempotency key: of two of one kind with one key the second changes nothing
  /// and gets the first one's generation. Empty for none.
  virtual Result<Receipt> start(const NewGeneration& generation, std::string_view key = {}) = 0;
  virtual Result<Receipt> log_prompt(std::string_view generation_id,
                                     const records::EnhancedPrompt& prompt,
                                     std::string_view key = {}) = 0;
  /// `timing` is a JSON object of seconds; they are rounded to 3 places.
  virtual Result<Receipt> log_timing(std::string_view generation_id, std::string_view timing,
                                     std::string_view key = {}) = 0;
  virtual Result<Receipt> log_output(std::string_view generation_id, const NewOutput& output,
                                     std::string_view key = {}) = 0;
  /// With a `rejection_reason`, that it was not submitted.
  virtual Result<Receipt> log_submission(std::string_view generation_id,
                                         const std::optional<std::string>& rejection_reason,
                                         std::string_view key = {}) = 0;
  virtual Result<Receipt> log_feedback(std::string_view generation_id,
                                       const records::FeedbackReceived& feedback,
                                       std::string_view key = {}) = 0;
  virtual Result<Receipt> log_failure(std::string_view generation_id,
                                      const records::Failed& failure,
                                      std::string_view key = {}) = 0;
  /// The record goes to generation_history.jsonl and stays as it is.
  virtual Result<Receipt> finish(std::string_view generation_id, std::string_view key = {}) = 0;
  /// `changes` is a JSON object {name: {old, new}}.
  virtual Result<Receipt> log_config_change(std::string_view changes, std::string_view reason,
                                            std::string_view key = {}) = 0;

  /// Return once the derived files hold all that was acknowledged before.
  virtual Status flush() = 0;
  /// flush(), sync the derived files and drop the journal behind them.
  virtual Status checkpoint() = 0;
  /// Move the records of months before that of `now` out of the current file, as rotate() does.
  /// Events are taken meanwhile; the derived files follow when it is done. Errors: also those of
  /// rotate_locked(), with kCancelled when the recorder is closed meanwhile.
  virtual Result<rotation::RotateReport> rotate(Timestamp now,
                                                const rotation::RotateOptions& options) = 0;
  /// checkpoint(), then let the folder go. Nothing may follow. A rotation that is due comes first;
  /// one that is under way is given up, but for that of a recorder that was opened within a minute.
  virtual Status close() = 0;

  virtual const RecorderRecovery& recovery() const = 0;
  virtual RecorderStatus status() const = 0;

 protected:
  Recorder() = default;
};

}  // namespace assay::recorder
