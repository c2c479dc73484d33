/// \file
/// Who works, who waits and who is sent away: so many requests at once, those with more stake
/// first.

#pragma once

#include "core/clock.h"
#include "keys/ss58.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace assay::miner {

struct WorkQueueOptions {
  /// Requests that are worked on at a time.
  std::size_t max_running = 2;
  /// Requests that wait for that.
  std::size_t max_waiting = 64;
  /// Of one sender, running, waiting or being answered; more is 429.
  std::size_t max_of_sender = 32;
};

/// What became of one who came.
enum class Admission : std::uint8_t {
  kAdmitted,
  kTooManyOfSender,
  kFull,     ///< All places are taken by those with as much stake or more.
  kTooLate,  ///< Nobody waits for the answer any more.
};

struct WorkLoad {
  std::size_t num_waiting = 0;
  std::size_t num_running = 0;
  /// Ended since the start.
  std::uint64_t num_done = 0;
  /// Of what runs, how long the one that began first has been running; 0 when nothing does.
  std::chrono::nanoseconds longest_running{0};
};

/// Threads: all calls are safe from any thread.
class WorkQueue {
 public:
  /// Lifetime: `clock` outlives it.
  WorkQueue(const WorkQueueOptions& options, const Clock& clock)
      : options_(options), clock_(&clock) {}

  struct Caller {
    keys::Hotkey sender;
    double stake = 0;
    std::chrono::milliseconds patience = std::chrono::seconds(9);
  };

  /// A place among the senders, and among those who work until work_is_done(). Given back at its
  /// end.
  class Place {
   public:
    Place(Place&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)),
          sender_(other.sender_),
          running_since_(std::exchange(other.running_since_, std::nullopt)) {}
    Place& operator=(Place&&) = delete;
    ~Place();
    /// What follows costs nothing: let the next one work.
    void work_is_done();

   private:
    friend class WorkQueue;
    Place(WorkQueue& queue, const keys::Hotkey& sender, std::chrono::nanoseconds running_since)
        : queue_(&queue), sender_(sender), running_since_(running_since) {}
    WorkQueue* queue_;
    keys::Hotkey sender_;
    std::optional<std::chrono::nanoseconds> running_since_;
  };

  /// Wait for a turn. Nothing when there is none; `admission` says why.
  struct Turn {
    Admission admission = Admission::kAdmitted;
    std::optional<Place> place = std::nullopt;
  };
  Turn enter(const Caller& caller);

  std::size_t num_waiting() const;
  WorkLoad load() const;

 private:
  /// Where one waits, on its own stack: each is called for itself, because to wake all of them for
  /// one place costs more than their work.
  struct Seat {
    std::condition_variable called;
    std::optional<Admission> outcome = std::nullopt;
    std::chrono::nanoseconds running_since{0};  // of one who is admitted
  };
  struct Waiter {
    double stake = 0;
    std::uint64_t number = 0;
    Seat* seat = nullptr;
    // The next to work first: more stake, then who came earlier.
    bool operator<(const Waiter& other) const {
      return stake != other.stake ? stake > other.stake : number < other.number;
    }
  };
  std::optional<Admission> refuse(const Caller& caller);
  void wait(const Caller& caller, Seat& seat, std::unique_lock<std::mutex>& lock);
  Seat& call(std::set<Waiter>::iterator waiter, Admission outcome);
  std::chrono::nanoseconds begin_running();
  void leave(const keys::Hotkey& sender);
  void stop_running(std::chrono::nanoseconds since);

  const WorkQueueOptions options_;
  const Clock* clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::set<Waiter> waiters_;  // while there are any, as many run as may
  std::unordered_map<keys::Hotkey, std::size_t> num_of_sender_;
  std::multiset<std::chrono::nanoseconds> running_since_;  // of the monotonic clock
  std::uint64_t num_done_ = 0;
  std::uint64_t next_number_ = 0;
};

}  // namespace assay::miner
