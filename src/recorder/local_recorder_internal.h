/// \file
/// The recorder that holds the data folder itself.

#pragma once

#include "derivation/checkpoint.h"
#include "derivation/derivation.h"
#include "media/image_store.h"
#include "media/ply_store.h"
#include "record_files/data_folder.h"
#include "recorder/finished_lookup_internal.h"
#include "recorder/hand_over_internal.h"
#include "recorder/recorder.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>

namespace assay::recorder {

class LocalRecorder final : public Recorder {
 public:
  LocalRecorder(files::FileSystem& file_system, Clock& clock, RandomSource& random,
                std::filesystem::path folder, const RecorderOptions& options);
  ~LocalRecorder() override;

  /// Errors: as Recorder::open().
  Status start_up();

  Result<Receipt> start(const NewGeneration& generation, std::string_view key) override;
  Result<Receipt> log_prompt(std::string_view generation_id, const records::EnhancedPrompt& prompt,
                             std::string_view key) override;
  Result<Receipt> log_timing(std::string_view generation_id, std::string_view timing,
                             std::string_view key) override;
  Result<Receipt> log_output(std::string_view generation_id, const NewOutput& output,
                             std::string_view key) override;
  Result<Receipt> log_submission(std::string_view generation_id,
                                 const std::optional<std::string>& rejection_reason,
                                 std::string_view key) override;
  Result<Receipt> log_feedback(std::string_view generation_id,
                               const records::FeedbackReceived& feedback,
                               std::string_view key) override;
  Result<Receipt> log_failure(std::string_view generation_id, const records::Failed& failure,
                              std::string_view key) override;
  Result<Receipt> finish(std::string_view generation_id, std::string_view key) override;
  Result<Receipt> log_config_change(std::string_view changes, std::string_view reason,
                                    std::string_view key) override;
  Result<rotation::RotateReport> rotate(Timestamp now,
                                        const rotation::RotateOptions& options) override;
  Status flush() override;
  Status checkpoint() override;
  Status close() override;
  const RecorderRecovery& recovery() const override { return recovery_; }
  RecorderStatus status() const override;

 private:
  /// What append() hands back of an event that was applied.
  struct Outcome {
    records::Verdict verdict = records::Verdict::kApplied;
    std::string generation_id;
    std::optional<records::PlyDue> ply_due;
  };
  /// What the record holds of a prompt.
  struct Prompt {
    std::string text;
    std::uint64_t num_code_points = 0;
    std::optional<std::string> image_hash;
    std::optional<std::string> image_file_path;
  };

  // Whether this is a child of the process that opened it: it has neither the threads nor a
  // journal of its own.
  bool is_forked() const;
  Status check_usable() const;

  Result<Receipt> record(std::string_view generation_id, std::string_view key,
                         records::EventBody body);
  Result<Receipt> append(const records::Event& event);
  /// What the files say of a generation that is not in the table: for Event::known.
  records::JsonObjectText find_forgotten(const std::string& generation_id,
                                         const records::FeedbackReceived& feedback);
  void find_waiting_ply(records::KnownGeneration& known) const;
  void find_waiting_of_adopted();
  std::string new_generation_id();

  Result<Prompt> take_prompt(std::string_view prompt);
  Result<records::OutputLogged> take_output(const records::GenerationId& generation_id,
                                            const NewOutput& output);
  void settle(const records::PlyDue& due);
  void settle_due();
  void discard_superseded();
  void discard_unnamed();

  // The journal's callback, at replay and live.
  Status on_record(std::uint64_t sequence, std::span<const std::byte> record);
  Status replay(std::uint64_t sequence, std::span<const std::byte> record);
  records::Verdict apply(const records::Event& event);
  void tell_of_line(std::uint64_t sequence, const records::Applied& applied) const;
  void queue_lines(records::Applied& applied);
  void count_finished();

  // Recovery.
  Status open_journal();
  Status check_against_checkpoint();
  Status note_missing(std::string_view name, files::JournalDamage damage);
  Status load_checkpoint();
  void choose_ply_rules();
  Status adopt();
  Status adopt_history_tail();
  Status adopt_pending();
  Status quarantine(std::string_view name, std::string_view content);
  Status open_derived();

  // The derived files; with derive_mutex_ held.
  enum class Pending : std::uint8_t { kWhenDue, kNow };
  Status derive(Pending pending);
  Status write_checkpoint_now();
  Result<rotation::RotateReport> rotate_current(Timestamp now,
                                                const rotation::RotateOptions& options);
  Status finish_rotation();
  Status check_folder();
  Status complete_files();
  // These take derive_mutex_.
  Status derive_in_passing();
  bool is_rotation_due();
  void rotate_when_due();
  void rotate_in_background();
  void rotate_by_itself();
  void update_index();
  void run(const std::stop_token& stop);
  void note_trouble(const Status& status);
  void note_refusal(const Status& appended);
  void watch_space();
  void watch_queue();
  /// `first`: where the first of them stands.
  void note_corrupt_lines(std::uint64_t count, const std::string& first);
  void check_lines_in_background();

  files::FileSystem* file_system_;
  Clock* clock_;
  RandomSource* random_;
  const std::filesystem::path folder_;
  const RecorderOptions options_;
  const std::int64_t process_;
  RecorderRecovery recovery_;
  derivation::PlyRules ply_rules_;
  std::optional<derivation::PlyRules> told_ply_rules_;  // for the next recorder
  FinishedLookup lookup_;

  std::unique_ptr<media::ImageStore> images_;
  std::unique_ptr<media::PlyStore> ply_files_;
  // Shared by those who store PLY bytes until their event is in the journal.
  std::shared_mutex ply_mutex_;

  std::mutex random_mutex_;  // guards random_

  mutable std::mutex state_mutex_;  // guards what follows, to the next blank line
  records::GenerationTable table_;
  derivation::DerivedLines lines_;  // not yet taken by derive()
  std::uint64_t behind_bytes_ = 0;
  std::uint64_t last_applied_ = 0;
  std::uint64_t bytes_since_checkpoint_ = 0;
  std::unordered_map<std::uint64_t, Outcome>
      outcomes_;  // of events whose append() has not returned
  std::array<std::uint64_t, records::kNumVerdicts> num_by_verdict_{};
  std::string trouble_;
  bool is_disk_low_ = false;
  bool is_ply_large_ = false;
  bool is_journal_damaged_ = false;
  bool is_queue_full_ = false;
  std::uint64_t num_queue_full_ = 0;  // as the journal counts them, when it was looked at
  std::chrono::nanoseconds queue_full_at_{};
  std::optional<std::uint64_t> num_corrupt_lines_;
  std::vector<records::SupersededPly> superseded_;  // not yet discarded

  std::mutex rotate_mutex_;  // guards the files of months; taken before derive_mutex_

  std::mutex
      derive_mutex_;  // guards what follows, to the next blank line; taken before state_mutex_
  std::unique_ptr<derivation::Derivation> derivation_;
  derivation::DerivedLines unwritten_;
  std::optional<std::uint64_t> pending_version_;  // of the table, that the file shows
  std::chrono::nanoseconds pending_written_{};
  std::optional<record_files::Month> rotated_month_;  // earlier months are in files of their own
  std::chrono::nanoseconds next_rotation_try_{};      // not before
  std::optional<derivation::Checkpoint> before_rotation_;  // until one knows the new current file

  // Set while replaying, in one thread.
  bool is_replaying_ = true;
  bool has_loaded_ = false;
  bool must_checkpoint_ = false;
  std::optional<derivation::Checkpoint> loaded_;
  bool has_gap_ = false;
  std::string without_start_;  // events whose generation began in the gap, as lines

  std::chrono::nanoseconds opened_{};  // by the monotonic clock, at the end of start_up()
  std::atomic<bool> is_open_ = false;  // from the end of start_up() on
  std::atomic<bool> is_closed_ = false;
  std::atomic<bool> is_folder_gone_ = false;
  std::atomic<bool> is_refusing_ = false;
  std::atomic<std::uint64_t> num_ply_lost_ = 0;
  std::unique_ptr<files::GroupJournal> journal_;
  std::stop_source stop_rotating_;
  std::mutex wake_mutex_;
  std::unique_ptr<std::condition_variable_any> wake_ =
      std::make_unique<std::condition_variable_any>();
  std::atomic<bool> is_rotating_ = false;  // by rotating_thread_, which thread_ starts
  std::jthread rotating_thread_;
  std::jthread checking_thread_;
  std::jthread thread_;
  std::unique_ptr<HandOverServer> hand_over_;
};

}  // namespace assay::recorder
