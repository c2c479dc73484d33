#include "jobs/job_table.h"

#include <algorithm>
#include <string>
#include <variant>

namespace assay::jobs {

bool JobTable::apply(const JobEvent& event, std::uint64_t sequence) {
  if (const auto* sent = std::get_if<JobSent>(&event)) return take(*sent, sequence);
  if (const auto* answered = std::get_if<JobAnswered>(&event)) return take(*answered);
  if (const auto* reported = std::get_if<JobReported>(&event)) return take(*reported);
  if (const auto* given_up = std::get_if<JobGivenUp>(&event)) return take(*given_up);
  return take(std::get<JobChecked>(event));
}

bool JobTable::take(const JobSent& event, std::uint64_t sequence) {
  if (by_id_.contains(event.id)) return false;
  const std::uint64_t number = next_number_++;
  by_id_.emplace(event.id, number);
  entries_.emplace(number, Entry{.job = {.id = event.id,
                                         .uid = event.uid,
                                         .miner = event.miner,
                                         .validator = event.validator,
                                         .prompt = event.prompt,
                                         .resolution = event.resolution,
                                         .label = event.label,
                                         .sent = event.at,
                                         .deadline = event.deadline},
                                 .sequence = sequence});
  ++num_of_miner_[event.miner];
  open_.insert(number);
  return true;
}

bool JobTable::take(const JobAnswered& event) {
  Job* job = job_of_id(event.id);
  if (job == nullptr || job->state != JobState::kSent) return false;
  if (event.kind == AnswerKind::kAccepted) {
    const bool is_new =
        by_task_.emplace(std::pair(event.text, job->miner), by_id_.at(event.id)).second;
    // Two jobs of one name: which of them a callback means could not be told.
    if (!is_new) return false;
    job->task_id = event.text;
    job->state = JobState::kAccepted;
  } else {
    job->refusal = event.text;
    job->state = event.kind == AnswerKind::kRefused ? JobState::kRefused : JobState::kUnanswered;
    close(event.id);
  }
  job->answered = event.at;
  job->answer_status = event.status;
  return true;
}

bool JobTable::take(const JobReported& event) {
  Job* job = job_of_id(event.id);
  if (job == nullptr || job->state != JobState::kAccepted) return false;
  job->state = event.kind == ReportKind::kCompleted ? JobState::kCompleted : JobState::kFailed;
  job->report = event.report;
  close(event.id);
  if (job->awaits_check()) unchecked_.insert(by_id_.at(event.id));
  return true;
}

bool JobTable::take(const JobGivenUp& event) {
  Job* job = job_of_id(event.id);
  if (job == nullptr || !is_open(job->state)) return false;
  job->state = event.why == GivingUp::kTimedOut ? JobState::kTimedOut : JobState::kInterrupted;
  job->given_up = event.at;
  close(event.id);
  return true;
}

bool JobTable::take(const JobChecked& event) {
  Job* job = job_of_id(event.id);
  if (job == nullptr || !job->awaits_check()) return false;
  job->check = event.check;
  unchecked_.erase(by_id_.at(event.id));
  return true;
}

Job* JobTable::job_of_id(const JobId& id) {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &entries_.at(at->second).job;
}

void JobTable::close(const JobId& id) { open_.erase(by_id_.at(id)); }

const Job* JobTable::find(const JobId& id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &entries_.at(at->second).job;
}

const Job* JobTable::find_task(const keys::Hotkey& miner, std::string_view task_id) const {
  const auto at = by_task_.find(std::pair(std::string(task_id), miner));
  return at == by_task_.end() ? nullptr : &entries_.at(at->second).job;
}

bool JobTable::has_task(std::string_view task_id) const {
  const auto at =
      by_task_.lower_bound(std::pair(std::string(task_id), keys::Hotkey(keys::AccountId{})));
  return at != by_task_.end() && at->first.first == task_id;
}

void JobTable::for_each(const std::function<void(const Job&)>& visit) const {
  for (const auto& [number, entry] : entries_) visit(entry.job);
}

std::vector<const Job*> JobTable::open_jobs() const {
  std::vector<const Job*> jobs;
  jobs.reserve(open_.size());
  for (const std::uint64_t number : open_) jobs.push_back(&entries_.at(number).job);
  return jobs;
}

std::vector<const Job*> JobTable::unchecked_jobs(std::size_t max_jobs) const {
  std::vector<const Job*> jobs;
  for (const std::uint64_t number : unchecked_) {
    if (jobs.size() == max_jobs) break;
    jobs.push_back(&entries_.at(number).job);
  }
  return jobs;
}

void JobTable::forget_before(Timestamp time) {
  for (auto at = entries_.begin(); at != entries_.end() && at->second.job.sent < time;) {
    const Job& job = at->second.job;
    if (is_open(job.state)) {
      ++at;
      continue;
    }
    unchecked_.erase(at->first);
    by_id_.erase(job.id);
    if (!job.task_id.empty()) by_task_.erase(std::pair(job.task_id, job.miner));
    if (--num_of_miner_.at(job.miner) == 0) num_of_miner_.erase(job.miner);
    at = entries_.erase(at);
  }
}

std::optional<std::uint64_t> JobTable::first_sequence() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.begin()->second.sequence;
}

}  // namespace assay::jobs
