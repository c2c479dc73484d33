#include "miner/work_queue.h"

#include <iterator>

namespace assay::miner {

WorkQueue::Place::~Place() {
  if (queue_ == nullptr) return;
  work_is_done();
  queue_->leave(sender_);
}

void WorkQueue::Place::work_is_done() {
  if (std::exchange(is_running_, false)) queue_->stop_running();
}

WorkQueue::Turn WorkQueue::enter(const Caller& caller) {
  std::unique_lock lock(mutex_);
  if (const auto refused = refuse(caller)) return {.admission = *refused};
  ++num_of_sender_[caller.sender];
  if (num_running_ < options_.max_running && waiters_.empty()) {
    ++num_running_;
  } else if (const Admission waited = wait(caller, lock); waited != Admission::kAdmitted) {
    lock.unlock();
    leave(caller.sender);
    return {.admission = waited};
  }
  return {.admission = Admission::kAdmitted, .place = Place(*this, caller.sender)};
}

std::optional<Admission> WorkQueue::refuse(const Caller& caller) {
  const auto count = num_of_sender_.find(caller.sender);
  if (count != num_of_sender_.end() && count->second >= options_.max_of_sender) {
    return Admission::kTooManyOfSender;
  }
  if (waiters_.size() < options_.max_waiting) return std::nullopt;
  if (waiters_.empty()) {
    return num_running_ < options_.max_running ? std::nullopt : std::optional(Admission::kFull);
  }
  const auto last = std::prev(waiters_.end());
  if (last->stake >= caller.stake) return Admission::kFull;
  call(last, Admission::kFull);
  return std::nullopt;
}

Admission WorkQueue::wait(const Caller& caller, std::unique_lock<std::mutex>& lock) {
  Seat seat;
  const auto mine =
      waiters_.insert({.stake = caller.stake, .number = next_number_++, .seat = &seat}).first;
  seat.called.wait_for(lock, caller.patience, [&] { return seat.outcome.has_value(); });
  if (seat.outcome) return *seat.outcome;
  waiters_.erase(mine);
  return Admission::kTooLate;
}

void WorkQueue::call(std::set<Waiter>::iterator waiter, Admission outcome) {
  Seat& seat = *waiter->seat;
  waiters_.erase(waiter);
  seat.outcome = outcome;
  // Under the lock: without it the seat could be gone.
  seat.called.notify_one();
}

void WorkQueue::leave(const keys::Hotkey& sender) {
  const std::scoped_lock guard(mutex_);
  const auto count = num_of_sender_.find(sender);
  if (--count->second == 0) num_of_sender_.erase(count);
}

void WorkQueue::stop_running() {
  const std::scoped_lock guard(mutex_);
  ++num_done_;
  if (waiters_.empty()) {
    --num_running_;
  } else {
    call(waiters_.begin(), Admission::kAdmitted);  // in the same place
  }
}

std::size_t WorkQueue::num_waiting() const {
  const std::scoped_lock guard(mutex_);
  return waiters_.size();
}

WorkLoad WorkQueue::load() const {
  const std::scoped_lock guard(mutex_);
  return {.num_waiting = waiters_.size(), .num_running = num_running_, .num_done = num_done_};
}

}  // namespace assay::miner
