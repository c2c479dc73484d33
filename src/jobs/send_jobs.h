/// \file
/// Jobs go to their miners, all at once.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "jobs/job_event.h"
#include "keys/sr25519.h"
#include "net/http_pool.h"
#include "protocol/scheme.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::jobs {

/// Who may get a job, as the metagraph tells it.
struct JobMiner {
  Uid uid = 0;
  keys::Hotkey hotkey = keys::Hotkey(keys::AccountId{});
  /// Of the axon, in numbers: `203.0.113.7`, `::1`.
  std::string ip = {};
  std::uint16_t port = 0;
};

struct OutgoingJob {
  JobSent job;
  JobMiner miner;
};

struct SendJobsOptions {
  /// For the answer, which only says whether the miner takes the job on.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  /// Where callbacks go.
  std::string callback_url = {};
};

/// Lifetime: all outlive the call.
struct SendJobsEnvironment {
  net::HttpPool* pool = nullptr;
  const protocol::Scheme* scheme = nullptr;
  const keys::KeyPair* signer = nullptr;
  Clock* clock = nullptr;
  RandomSource* random = nullptr;
};

/// Takes answers, some at a time, on a thread of its own. An error ends the sending.
using OnAnswers = std::function<Status(std::span<const JobAnswered>)>;

/// Sign and send each job, and hand over one answer for each: an address that cannot be asked, no
/// answer in time and an answer that is none are kUnanswered or kRefused, never an error.
/// Errors: kCancelled (some have no answer then), kInternal, kMissing, and what `on_answers`
///         returns.
Status send_jobs(const std::vector<OutgoingJob>& jobs, const SendJobsOptions& options,
                 const SendJobsEnvironment& environment, const OnAnswers& on_answers,
                 std::stop_token stop);

}  // namespace assay::jobs
