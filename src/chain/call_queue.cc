#include "chain/call_queue_internal.h"

#include <algorithm>
#include <utility>

namespace assay::chain {

CallQueue::CallQueue(const Clock& clock, CallQueueOptions options)
    : clock_(clock),
      options_(std::move(options)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

CallQueue::~CallQueue() {
  thread_.request_stop();
  std::shared_ptr<Job> running;
  {
    const std::scoped_lock lock(mutex_);
    running = running_;
  }
  if (running) running->stop.request_stop();
  thread_.join();
}

CallEnd CallQueue::run(const CallOptions& options, Call call) {
  if (options.stop.stop_requested()) return CallEnd::kNotStarted;
  const auto job = std::make_shared<Job>();
  job->call = std::move(call);
  job->deadline = clock_.monotonic() + options.deadline;
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= options_.max_waiting) return CallEnd::kFull;
  waiting_.push_back(job);
  changed_.notify_all();
  const auto is_done = [&] { return job->state == State::kDone; };
  if (changed_.wait_for(lock, options.stop, options.deadline, is_done)) return CallEnd::kDone;
  if (job->state == State::kWaiting) {
    std::erase(waiting_, job);
    return CallEnd::kNotStarted;
  }
  lock.unlock();
  job->stop.request_stop();
  return CallEnd::kLeft;
}

std::optional<std::chrono::nanoseconds> CallQueue::overdue() const {
  const std::scoped_lock lock(mutex_);
  if (!running_) return std::nullopt;
  const auto over = clock_.monotonic() - running_->deadline;
  if (over <= std::chrono::nanoseconds::zero()) return std::nullopt;
  return over;
}

void CallQueue::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      const auto has_job = [&] { return !waiting_.empty(); };
      if (!options_.idle) {
        changed_.wait(lock, stop, has_job);
      } else {
        changed_.wait_for(lock, stop, options_.idle_interval, has_job);
      }
      // What still waits at the end is not made; nobody waits for it by then.
      if (stop.stop_requested()) return;
      if (has_job()) {
        job = waiting_.front();
        waiting_.pop_front();
      } else if (options_.idle) {
        job = std::make_shared<Job>();
        job->call = [this](const CallOptions& options) { options_.idle(options.stop); };
        job->deadline = clock_.monotonic() + options_.idle_deadline;
      } else {
        continue;
      }
      job->state = State::kRunning;
      running_ = job;
    }
    // A stop that came before `running_` was set has not reached the job.
    if (stop.stop_requested()) job->stop.request_stop();
    perform(job);
  }
}

void CallQueue::perform(const std::shared_ptr<Job>& job) {
  const auto left = std::max(job->deadline - clock_.monotonic(), std::chrono::nanoseconds::zero());
  job->call({.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(left),
             .stop = job->stop.get_token()});
  const std::scoped_lock lock(mutex_);
  job->state = State::kDone;
  running_.reset();
  changed_.notify_all();
}

}  // namespace assay::chain
