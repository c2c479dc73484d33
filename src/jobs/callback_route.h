/// \file
/// The route on which miners call back.

#pragma once

#include "core/clock.h"
#include "jobs/job_ledger.h"
#include "net/http_server.h"
#include "protocol/gate.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>

namespace assay::jobs {

struct CallbackOptions {
  /// How long a callback waits for our own note that the miner took a job on.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
  /// Callbacks that wait so at one time; more are asked to come again (503).
  int max_waiting = 8;
};

/// Since the start. Each callback is counted once.
struct CallbackCounts {
  std::uint64_t taken = 0;
  std::uint64_t repeated = 0;
  std::uint64_t contradicting = 0;
  std::uint64_t late = 0;
  /// Unsigned, wrongly signed, of no miner of ours, or of another miner's job.
  std::uint64_t strangers = 0;
  std::uint64_t unknown = 0;
  std::uint64_t malformed = 0;
  /// Told to come again: too many at once, or a ledger that could not be written.
  std::uint64_t put_off = 0;
};

/// Judges callbacks: signature, sender, repetition, then the message, then the ledger.
///
/// | Answer | When |
/// |---|---|
/// | 200 | it is on disk, or was already, word for word |
/// | 400, 413 | no message, or one that is too long |
/// | 401 | not signed, for another receiver, too old or ahead, or sent before |
/// | 403 | the sender has no job of ours, or the job is another miner's |
/// | 404 | no job has this task id |
/// | 409 | the job was called back with other words |
/// | 410 | it is too late |
/// | 429 | too many requests of one sender |
/// | 503 | try again |
///
/// Threads: all calls are safe from any thread.
class CallbackDesk {
 public:
  /// The gate lets in whom the ledger knows. `on_taken` is told of each callback that was taken.
  /// Lifetime: ledger and clock outlive it.
  CallbackDesk(JobLedger& ledger, Clock& clock, keys::Hotkey self, const CallbackOptions& options,
               std::function<void()> on_taken = {});

  net::ServedResponse answer(const net::ServedRequest& request);
  /// For net::HttpServer. Lifetime: the desk outlives the server.
  net::HttpRoute route();
  /// Let nobody wait any more.
  void stop() { stop_.request_stop(); }

  CallbackCounts counts() const;
  /// Callbacks that wait for our own note now.
  int num_waiting() const { return num_waiting_; }
  protocol::ClockSkewReport clock_skew() const { return gate_.clock_skew(); }

 private:
  net::ServedResponse refuse(const protocol::Refusal& refusal);
  Result<CallbackOutcome> take(const keys::Hotkey& sender,
                               const protocol::GenerationCallback& callback);
  net::ServedResponse answer_to(CallbackOutcome outcome);
  void count(std::uint64_t CallbackCounts::* which);

  JobLedger* ledger_;
  Clock* clock_;
  CallbackOptions options_;
  std::function<void()> on_taken_;
  protocol::Gate gate_;
  std::stop_source stop_;
  std::atomic<int> num_waiting_ = 0;
  mutable std::mutex mutex_;  // guards counts_
  CallbackCounts counts_;
};

}  // namespace assay::jobs
