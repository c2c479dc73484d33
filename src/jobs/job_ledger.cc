#include "jobs/job_ledger.h"

#include "images/perceptual_hash.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

namespace assay::jobs {
namespace {

Status apply_record(JobTable& table, std::uint64_t sequence, std::span<const std::byte> record) {
  ASSIGN_OR_RETURN(const auto events, decode_events(record));
  for (const JobEvent& event : events) table.apply(event, sequence);
  return {};
}

bool says_the_same(const Job& job, const protocol::GenerationCallback& callback) {
  const bool is_completed = callback.outcome == protocol::JobOutcome::kCompleted;
  return job.report && is_completed == (job.state == JobState::kCompleted) &&
         job.report->has_image == callback.has_image &&
         job.report->image_uri == callback.image_uri && job.report->reason == callback.reason;
}

}  // namespace

Result<std::unique_ptr<JobLedger>> JobLedger::open(files::FileSystem& file_system,
                                                   const std::filesystem::path& folder,
                                                   Timestamp now, const LedgerOptions& options) {
  std::unique_ptr<JobLedger> ledger(new JobLedger());
  JobTable& table = ledger->table_;
  ASSIGN_OR_RETURN(ledger->journal_,
                   files::GroupJournal::open(
                       file_system, folder, options.journal,
                       [&table](std::uint64_t sequence, std::span<const std::byte> record) {
                         return with_context(apply_record(table, sequence, record),
                                             "the ledger of jobs");
                       }));
  std::vector<JobEvent> interrupted;
  for (const Job* job : table.open_jobs()) {
    if (job->state != JobState::kSent) continue;
    interrupted.emplace_back(JobGivenUp{.id = job->id, .at = now, .why = GivingUp::kInterrupted});
  }
  RETURN_IF_ERROR(ledger->append(interrupted));
  return ledger;
}

Status JobLedger::append(std::span<const JobEvent> events) {
  // A record has its limit: prompts of 8 KiB fit a thousand at a time.
  constexpr std::size_t kMaxEventsOfRecord = 512;
  while (!events.empty()) {
    const auto part = events.first(std::min(events.size(), kMaxEventsOfRecord));
    events = events.subspan(part.size());
    // The journal hands the record back to the table once it is on disk.
    ASSIGN_OR_RETURN([[maybe_unused]] const auto sequence,
                     journal_->append(as_bytes(encode_events(part))));
  }
  return {};
}

Status JobLedger::add_sent(std::span<const JobSent> jobs) {
  const std::vector<JobEvent> events(jobs.begin(), jobs.end());
  const std::scoped_lock lock(mutex_);
  return append(events);
}

Status JobLedger::add_answers(std::span<const JobAnswered> answers) {
  {
    const std::scoped_lock lock(mutex_);
    std::vector<JobEvent> events;
    std::set<std::pair<keys::Hotkey, std::string>> new_tasks;
    for (const JobAnswered& answer : answers) {
      const Job* job = table_.find(answer.id);
      if (job == nullptr) continue;
      JobAnswered event = answer;
      if (answer.kind == AnswerKind::kAccepted &&
          (table_.find_task(job->miner, answer.text) != nullptr ||
           !new_tasks.emplace(job->miner, answer.text).second)) {
        event.kind = AnswerKind::kRefused;
        event.text = "it gave the task_id of another job";
      }
      events.emplace_back(std::move(event));
    }
    RETURN_IF_ERROR(append(events));
  }
  answers_came_.notify_all();
  return {};
}

Result<CallbackOutcome> JobLedger::take_callback(const keys::Hotkey& sender,
                                                 const protocol::GenerationCallback& callback,
                                                 Timestamp now) {
  const std::scoped_lock lock(mutex_);
  const Job* job = table_.find_task(sender, callback.task_id);
  if (job == nullptr) {
    return table_.has_task(callback.task_id) ? CallbackOutcome::kStranger
                                             : CallbackOutcome::kUnknown;
  }
  if (job->report) {
    return says_the_same(*job, callback) ? CallbackOutcome::kRepeated
                                         : CallbackOutcome::kContradicts;
  }
  if (job->state != JobState::kAccepted || now >= job->deadline) return CallbackOutcome::kTooLate;
  const bool is_completed = callback.outcome == protocol::JobOutcome::kCompleted;
  const JobEvent event =
      JobReported{.id = job->id,
                  .kind = is_completed ? ReportKind::kCompleted : ReportKind::kFailed,
                  .report = {.at = now,
                             .has_image = callback.has_image,
                             .image_uri = callback.image_uri,
                             .reason = callback.reason}};
  RETURN_IF_ERROR(append({&event, 1}));
  return CallbackOutcome::kTaken;
}

void JobLedger::wait_for_answer(const keys::Hotkey& miner, std::chrono::milliseconds patience,
                                const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  answers_came_.wait_for(lock, stop, patience, [&] { return !awaits_answer_locked(miner); });
}

bool JobLedger::awaits_answer(const keys::Hotkey& miner) const {
  const std::scoped_lock lock(mutex_);
  return awaits_answer_locked(miner);
}

bool JobLedger::awaits_answer_locked(const keys::Hotkey& miner) const {
  return std::ranges::any_of(table_.open_jobs(), [&](const Job* job) {
    return job->state == JobState::kSent && job->miner == miner;
  });
}

Result<std::size_t> JobLedger::give_up_late(Timestamp now) {
  const std::scoped_lock lock(mutex_);
  std::vector<JobEvent> events;
  for (const Job* job : table_.open_jobs()) {
    if (job->state != JobState::kAccepted || now < job->deadline) continue;
    events.emplace_back(JobGivenUp{.id = job->id, .at = now, .why = GivingUp::kTimedOut});
  }
  RETURN_IF_ERROR(append(events));
  return events.size();
}

Status JobLedger::add_check(const JobId& id, const ImageCheck& check) {
  const JobEvent event = JobChecked{.id = id, .check = check};
  const std::scoped_lock lock(mutex_);
  return append({&event, 1});
}

Status JobLedger::forget_before(Timestamp time) {
  const std::scoped_lock lock(mutex_);
  const std::size_t num_before = table_.size();
  table_.forget_before(time);
  if (table_.size() == num_before) return {};
  // With no job left the open segment stays: it is closed when it is full.
  const std::uint64_t needed = table_.first_sequence().value_or(journal_->last_sequence());
  return needed < 2 ? Status() : journal_->drop_through(needed - 1);
}

bool JobLedger::knows(const keys::Hotkey& miner) const {
  const std::scoped_lock lock(mutex_);
  return table_.has_miner(miner);
}

std::optional<Job> JobLedger::find(const JobId& id) const {
  const std::scoped_lock lock(mutex_);
  const Job* job = table_.find(id);
  return job == nullptr ? std::nullopt : std::optional(*job);
}

std::vector<Job> JobLedger::unchecked(std::size_t max_jobs) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Job> jobs;
  for (const Job* job : table_.unchecked_jobs(max_jobs)) jobs.push_back(*job);
  return jobs;
}

std::optional<JobId> JobLedger::find_twin(const Sha256& content, std::uint64_t look,
                                          int max_distance) const {
  const std::scoped_lock lock(mutex_);
  std::optional<JobId> twin;
  table_.for_each([&](const Job& job) {
    if (twin || !job.check || job.check->verdict != ImageVerdict::kSound) return;
    if (job.check->content == content ||
        images::hash_distance(job.check->look, look) <= max_distance) {
      twin = job.id;
    }
  });
  return twin;
}

JobCounter JobLedger::count(Timestamp since) const {
  JobCounter counter;
  const std::scoped_lock lock(mutex_);
  table_.for_each([&](const Job& job) {
    if (job.sent >= since) counter.add(job);
  });
  return counter;
}

std::size_t JobLedger::num_open() const {
  const std::scoped_lock lock(mutex_);
  return table_.open_jobs().size();
}

Result<JobReading> read_jobs(files::FileSystem& file_system, const std::filesystem::path& folder,
                             const std::function<void(const Job&)>& visit) {
  JobTable table;
  JobReading reading;
  ASSIGN_OR_RETURN(
      files::GroupJournalRecovery recovery,
      files::read_group_journal(file_system, folder, kMinLedgerRecord,
                                [&](std::uint64_t sequence, std::span<const std::byte> record) {
                                  return apply_record(table, sequence, record);
                                }));
  reading.num_records = recovery.num_records;
  reading.damage = std::move(recovery.damage);
  table.for_each(visit);
  return reading;
}

}  // namespace assay::jobs
