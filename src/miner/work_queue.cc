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
  // It finds itself gone from the list.
  waiters_.erase(last);
  changed_.notify_all();
  return std::nullopt;
}

Admission WorkQueue::wait(const Caller& caller, std::unique_lock<std::mutex>& lock) {
  const Waiter mine{.stake = caller.stake, .number = next_number_++};
  waiters_.insert(mine);
  const auto is_over = [&] {
    if (!waiters_.contains(mine)) return true;
    return num_running_ < options_.max_running && waiters_.begin()->number == mine.number;
  };
  const bool in_time = changed_.wait_for(lock, caller.patience, is_over);
  if (waiters_.erase(mine) == 0) return Admission::kFull;
  if (!in_time) {
    changed_.notify_all();
    return Admission::kTooLate;
  }
  ++num_running_;
  // There may be room for another.
  changed_.notify_all();
  return Admission::kAdmitted;
}

void WorkQueue::leave(const keys::Hotkey& sender) {
  const std::scoped_lock guard(mutex_);
  const auto count = num_of_sender_.find(sender);
  if (--count->second == 0) num_of_sender_.erase(count);
}

void WorkQueue::stop_running() {
  {
    const std::scoped_lock guard(mutex_);
    --num_running_;
    ++num_done_;
  }
  changed_.notify_all();
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
