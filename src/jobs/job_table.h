/// \file
/// The jobs that follow from the facts of a ledger.

#pragma once

#include "core/timestamp.h"
#include "jobs/job.h"
#include "jobs/job_event.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::jobs {

/// Jobs in the order in which they were sent. A fact that cannot follow (of a job that is not
/// known, or that has ended already) changes nothing, so that any part of a ledger gives one table.
/// Threads: one thread at a time.
class JobTable {
 public:
  /// Take in a fact; `sequence` is that of its record. Whether it changed anything.
  bool apply(const JobEvent& event, std::uint64_t sequence);

  std::size_t size() const { return entries_.size(); }
  const Job* find(const JobId& id) const;
  /// The job that this miner took on under this name.
  const Job* find_task(const keys::Hotkey& miner, std::string_view task_id) const;
  /// Whether any miner took on a job under this name.
  bool has_task(std::string_view task_id) const;
  bool has_miner(const keys::Hotkey& miner) const { return num_of_miner_.contains(miner); }

  /// Order: as sent. The job is valid during the call.
  void for_each(const std::function<void(const Job&)>& visit) const;
  /// Those of which something may still come, oldest first.
  std::vector<const Job*> open_jobs() const;
  /// Those with a claim that nobody has looked at, oldest first.
  std::vector<const Job*> unchecked_jobs(std::size_t max_jobs) const;

  /// Forget the jobs that were sent before `time`, but for open ones.
  void forget_before(Timestamp time);
  /// The first record that a job of the table needs; nothing when it is empty.
  std::optional<std::uint64_t> first_sequence() const;

 private:
  struct Entry {
    Job job;
    std::uint64_t sequence = 0;  // of its first record
  };

  bool take(const JobSent& event, std::uint64_t sequence);
  bool take(const JobAnswered& event);
  bool take(const JobReported& event);
  bool take(const JobGivenUp& event);
  bool take(const JobChecked& event);
  Job* job_of_id(const JobId& id);
  void close(const JobId& id);

  std::map<std::uint64_t, Entry> entries_;  // by number, in order
  std::uint64_t next_number_ = 0;
  std::unordered_map<JobId, std::uint64_t> by_id_;
  std::map<std::pair<std::string, keys::Hotkey>, std::uint64_t, std::less<>> by_task_;
  std::unordered_map<keys::Hotkey, std::size_t> num_of_miner_;
  std::set<std::uint64_t> open_;
  std::set<std::uint64_t> unchecked_;
};

}  // namespace assay::jobs
