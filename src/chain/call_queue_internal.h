/// \file
/// One thread that makes all calls, so that a caller can leave at its deadline.

#pragma once

#include "chain/network.h"
#include "core/clock.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace assay::chain {

/// How the wait for a call ended.
enum class CallEnd : std::uint8_t {
  kDone,
  kNotStarted,  ///< Deadline or stop came first; it will not be made.
  kLeft,        ///< It was made and is not back: nobody knows what comes of it.
  kFull,        ///< Too many calls wait already.
};

struct CallQueueOptions {
  std::size_t max_waiting = 64;
  /// Done again and again while no call waits, as a call of its own; nothing for never.
  std::function<void(std::stop_token)> idle = {};
  std::chrono::milliseconds idle_interval = std::chrono::seconds(1);
  /// What is done while idle keeps its own deadlines; after this it counts as overdue.
  std::chrono::milliseconds idle_deadline = std::chrono::minutes(5);
};

/// Threads: all calls are safe from any thread. The destructor asks the call in hand to stop, and
/// waits for it.
class CallQueue {
 public:
  /// `options` are those of the caller, with what is left of the deadline, and a stop that also
  /// comes when the caller has left. It must own what it uses: it may run on after run() is back.
  using Call = std::function<void(const CallOptions& options)>;

  CallQueue(const Clock& clock, CallQueueOptions options);
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;
  ~CallQueue();

  CallEnd run(const CallOptions& options, Call call);

  /// For how long the call in hand has been over its deadline; nothing when none is.
  std::optional<std::chrono::nanoseconds> overdue() const;

 private:
  enum class State : std::uint8_t { kWaiting, kRunning, kDone };
  struct Job {
    Call call;
    std::chrono::nanoseconds deadline{};  // by the monotonic clock
    std::stop_source stop = {};
    State state = State::kWaiting;
  };

  void work(const std::stop_token& stop);
  void perform(const std::shared_ptr<Job>& job);

  const Clock& clock_;
  const CallQueueOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> running_;
  std::jthread thread_;  // last: begins when all else is there
};

}  // namespace assay::chain
