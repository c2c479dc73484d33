#include "jobs/job_counts.h"

#include <algorithm>
#include <tuple>

namespace assay::jobs {
namespace {

std::uint64_t& count_of_claim(JobCounts& counts, const Job& job) {
  if (!job.check) return counts.unchecked;
  const ImageVerdict verdict = job.check->verdict;
  if (verdict == ImageVerdict::kSound) return counts.verified;
  if (verdict == ImageVerdict::kAbsent) return counts.missing;
  return is_false_claim(verdict) ? counts.worthless : counts.unchecked;
}

std::uint64_t& count_of(JobCounts& counts, JobState state) {
  switch (state) {
    case JobState::kSent:
    case JobState::kAccepted:
      return counts.open;
    case JobState::kRefused:
      return counts.refused;
    case JobState::kUnanswered:
      return counts.unanswered;
    case JobState::kInterrupted:
      return counts.interrupted;
    case JobState::kCompleted:
      return counts.completed;
    case JobState::kFailed:
      return counts.failed;
    case JobState::kTimedOut:
      break;
  }
  return counts.timed_out;
}

void count(JobCounts& counts, const Job& job) {
  ++counts.sent;
  if (!job.task_id.empty()) ++counts.accepted;
  ++count_of(counts, job.state);
  if (!job.claims_image()) return;
  ++counts.claimed;
  ++count_of_claim(counts, job);
}

}  // namespace

void JobCounter::add(const Job& job) {
  count(total_, job);
  auto at = std::ranges::lower_bound(miners_, job.miner, {}, &MinerJobs::miner);
  if (at == miners_.end() || at->miner != job.miner) {
    at = miners_.insert(at, MinerJobs{.miner = job.miner});
  }
  at->uid = job.uid;
  at->last_sent = job.sent;
  count(at->counts, job);
}

std::vector<MinerJobs> JobCounter::miners() const {
  std::vector<MinerJobs> sorted = miners_;
  std::ranges::stable_sort(sorted, {}, &MinerJobs::uid);
  return sorted;
}

}  // namespace assay::jobs
