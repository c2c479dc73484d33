#include "miner/work_queue.h"

#include <iterator>

namespace assay::miner {

WorkQueue::Place::~Place() {
  if (queue_ == nullptr) return;
  work_is_done();
  queue_->leave(sender_);
}

void WorkQueue::Place::work_is_done() {
  if (const auto since = std::exchange(running_since_, std::nullopt)) queue_->stop_running(*since);
}

WorkQueue::Turn WorkQueue::enter(const Caller& caller) {
  std::unique_lock lock(mutex_);
  if (const auto refused = refuse(caller)) return {.admission = *refused};
  ++num_of_sender_[caller.sender];
  if (running_since_.size() < options_.max_running && waiters_.empty()) {
    return {.place = Place(*this, caller.sender, begin_running())};
  }
  Seat seat;
  wait(caller, seat, lock);
  if (seat.outcome == Admission::kAdmitted) {
    return {.place = Place(*this, caller.sender, seat.running_since)};
  }
  lock.unlock();
  leave(caller.sender);
  return {.admission = seat.outcome.value_or(Admission::kTooLate)};
}

std::optional<Admission> WorkQueue::refuse(const Caller& caller) {
  const auto count = num_of_sender_.find(caller.sender);
  if (count != num_of_sender_.end() && count->second >= options_.max_of_sender) {
    return Admission::kTooManyOfSender;
  }
  if (waiters_.size() < options_.max_waiting) return std::nullopt;
  if (waiters_.empty()) {
    return running_since_.size() < options_.max_running ? std::nullopt
                                                        : std::optional(Admission::kFull);
  }
  const auto last = std::prev(waiters_.end());
  if (last->stake >= caller.stake) return Admission::kFull;
  call(last, Admission::kFull);
  return std::nullopt;
}

void WorkQueue::wait(const Caller& caller, Seat& seat, std::unique_lock<std::mutex>& lock) {
  const auto mine =
      waiters_.insert({.stake = caller.stake, .number = next_number_++, .seat = &seat}).first;
  seat.called.wait_for(lock, caller.patience, [&] { return seat.outcome.has_value(); });
  if (!seat.outcome) waiters_.erase(mine);
}

WorkQueue::Seat& WorkQueue::call(std::set<Waiter>::iterator waiter, Admission outcome) {
  Seat& seat = *waiter->seat;
  waiters_.erase(waiter);
  seat.outcome = outcome;
  // Under the lock: without it the seat could be gone.
  seat.called.notify_one();
  return seat;
}

std::chrono::nanoseconds WorkQueue::begin_running() {
  const auto now = clock_->monotonic();
  running_since_.insert(now);
  return now;
}

void WorkQueue::leave(const keys::Hotkey& sender) {
  const std::scoped_lock guard(mutex_);
  const auto count = num_of_sender_.find(sender);
  if (--count->second == 0) num_of_sender_.erase(count);
}

void WorkQueue::stop_running(std::chrono::nanoseconds since) {
  const std::scoped_lock guard(mutex_);
  ++num_done_;
  running_since_.erase(running_since_.find(since));
  if (waiters_.empty()) return;
  call(waiters_.begin(), Admission::kAdmitted).running_since = begin_running();
}

std::size_t WorkQueue::num_waiting() const {
  const std::scoped_lock guard(mutex_);
  return waiters_.size();
}

WorkLoad WorkQueue::load() const {
  const std::scoped_lock guard(mutex_);
  return {.num_waiting = waiters_.size(),
          .num_running = running_since_.size(),
          .num_done = num_done_,
          .longest_running = running_since_.empty()
                                 ? std::chrono::nanoseconds(0)
                                 : clock_->monotonic() - *running_since_.begin()};
}

}  // namespace assay::miner
