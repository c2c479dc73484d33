/// \file
/// The lasting record of generation jobs. Format: docs/formats/generation-jobs.md.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "files/group_journal.h"
#include "jobs/job_counts.h"
#include "jobs/job_event.h"
#include "jobs/job_table.h"
#include "protocol/generation_messages.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace assay::jobs {

/// Where the ledger lies in the state folder of a validator.
inline constexpr std::string_view kLedgerFolder = "jobs";

/// What became of a callback.
enum class CallbackOutcome : std::uint8_t {
  kTaken,
  kRepeated,     ///< Word for word what is in the ledger already: the miner may have missed that.
  kContradicts,  ///< The job has ended with other words.
  kTooLate,
  kStranger,  ///< The job is another miner's.
  kUnknown,   ///< No job has this name.
};

struct LedgerOptions {
  /// Segments are small, so that old jobs can go.
  files::GroupJournalOptions journal = {.segment_size = ByteCount(std::uint64_t{4} << 20),
                                        .min_record = kMinLedgerRecord};
};

/// Every fact is on disk before a call that adds it returns: a kill at any moment loses none.
/// Threads: all calls are safe from any thread.
/// Errors: kNoSpace, kDenied, kUnavailable: nothing was changed, but after a failed sync nothing is
///         taken any more until the ledger is opened again.
class JobLedger {
 public:
  /// Open or make the ledger in `folder`. Jobs whose answer was awaited when the last process ended
  /// are closed as kInterrupted. What is damaged is passed over and told by recovery().
  /// Errors: also kInvalidInput (of a later version), kCorrupt (a record that holds no events),
  ///         kUnavailable (another process has it).
  static Result<std::unique_ptr<JobLedger>> open(files::FileSystem& file_system,
                                                 const std::filesystem::path& folder, Timestamp now,
                                                 const LedgerOptions& options = {});
  JobLedger(const JobLedger&) = delete;
  JobLedger& operator=(const JobLedger&) = delete;
  ~JobLedger() = default;

  const files::GroupJournalRecovery& recovery() const { return journal_->recovery(); }

  /// Before the jobs leave.
  Status add_sent(std::span<const JobSent> jobs);
  /// As the miners answer. One that gives the name of an earlier job of its own has refused.
  Status add_answers(std::span<const JobAnswered> answers);
  /// As a miner calls back: at most one callback of a job is taken.
  Result<CallbackOutcome> take_callback(const keys::Hotkey& sender,
                                        const protocol::GenerationCallback& callback,
                                        Timestamp now);
  /// Whether some job awaits the first answer of this miner.
  bool awaits_answer(const keys::Hotkey& miner) const;
  /// Return when no job awaits the first answer of this miner, or after `patience`: a miner may
  /// call back before we have seen that it took the job on.
  void wait_for_answer(const keys::Hotkey& miner, std::chrono::milliseconds patience,
                       const std::stop_token& stop);
  /// Close the jobs whose deadline has passed. How many.
  Result<std::size_t> give_up_late(Timestamp now);
  Status add_check(const JobId& id, const ImageCheck& check);
  /// Forget the jobs that were sent before `time`, but for open ones, and drop the segments on disk
  /// that hold nothing else.
  Status forget_before(Timestamp time);

  bool knows(const keys::Hotkey& miner) const;
  std::optional<Job> find(const JobId& id) const;
  /// The oldest jobs that await a check.
  std::vector<Job> unchecked(std::size_t max_jobs) const;
  /// The earliest job with a sound image that has this content, or a look at most `max_distance`
  /// bits from `look`. Cost: some nanoseconds a job.
  std::optional<JobId> find_twin(const Sha256& content, std::uint64_t look, int max_distance) const;
  /// Jobs sent at or after `since`.
  JobCounter count(Timestamp since = {}) const;
  std::size_t num_open() const;

 private:
  JobLedger() = default;
  Status append(std::span<const JobEvent> events);
  bool awaits_answer_locked(const keys::Hotkey& miner) const;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any answers_came_;
  JobTable table_;
  std::unique_ptr<files::GroupJournal> journal_;
};

/// What read_jobs() found beside the jobs.
struct JobReading {
  std::uint64_t num_records = 0;
  /// What is damaged; facts are lost there.
  std::vector<files::JournalDamage> damage = {};
};

/// Read the jobs of a ledger without its lock and without changing anything, while a validator
/// writes it or not. Order: as sent.
/// Errors: kNotFound (no ledger), kDenied, kUnavailable (its writer dropped a part meanwhile: begin
///         anew), kCorrupt, kInvalidInput (of a later version).
Result<JobReading> read_jobs(files::FileSystem& file_system, const std::filesystem::path& folder,
                             const std::function<void(const Job&)>& visit);

}  // namespace assay::jobs
