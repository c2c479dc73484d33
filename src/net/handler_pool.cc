#include "core/check.h"
#include "core/log.h"
#include "net/handler_pool_internal.h"

#include <system_error>
#include <utility>

namespace assay::net::http_server {

HandlerPool::HandlerPool(std::size_t max_threads) : max_threads_(max_threads) {
  CHECK(max_threads_ > 0, "a server without a thread for its handlers");
  const std::scoped_lock lock(mutex_);
  // Where not even one can be had, that is known at once.
  begin_thread();
}

void HandlerPool::submit(Task task) {
  Worker* idle = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    CHECK(!is_ending_, "a task for a pool that ends");
    tasks_.push_back(std::move(task));
    // Who was called and comes too late for one task takes the next.
    if (num_called_ >= tasks_.size()) return;
    idle = find_idle();
    if (idle == nullptr && workers_.size() < max_threads_) {
      try {
        begin_thread();
      } catch (const std::system_error& error) {
        log_warning("no more threads for requests, which wait for those that there are",
                    {{"reason", error.what()}});
      }
    }
  }
  // Without the lock, which it takes first.
  if (idle != nullptr) idle->called.notify_one();
}

void HandlerPool::begin_thread() {
  workers_.push_back(std::make_unique<Worker>());
  Worker& worker = *workers_.back();
  try {
    worker.thread = std::thread([this, &worker] { work(worker); });
  } catch (...) {
    workers_.pop_back();
    throw;
  }
  ++num_called_;
}

HandlerPool::Worker* HandlerPool::find_idle() {
  if (idle_.empty()) return nullptr;
  Worker* const last = idle_.back();
  idle_.pop_back();
  last->is_called = true;
  ++num_called_;
  return last;
}

void HandlerPool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  while (true) {
    self.called.wait(lock, [&] { return self.is_called; });
    self.is_called = false;
    --num_called_;
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // with what it holds
      lock.lock();
    }
    if (is_ending_) return;
    idle_.push_back(&self);
  }
}

void HandlerPool::join() {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
    while (Worker* const idle = find_idle()) idle->called.notify_one();
    workers.swap(workers_);
  }
  for (const auto& worker : workers) worker->thread.join();
}

}  // namespace assay::net::http_server
