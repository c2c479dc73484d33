#include "core/thread_pool.h"

#include "core/check.h"
#include "core/limits.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace assay {
namespace {

void run_guarded(ThreadPool::Task& task) {
  try {
    task();
  } catch (const std::exception& exception) {
    fail_check("a task ends without an exception", exception.what());
  } catch (...) {
    fail_check("a task ends without an exception", "an exception of unknown type");
  }
}

std::size_t chosen_num_threads(std::size_t wanted) {
  // The standard allows 0 for "not known".
  if (wanted == 0) wanted = std::max(1U, std::thread::hardware_concurrency());
  return std::min(wanted, kMaxThreads);
}

/// What the threads of one parallel_for() share. A helper may start after the call has returned, so
/// it may touch `body` only between a counted entry and its exit, while `closed` is not set.
struct SharedLoop {
  SharedLoop(std::size_t indices, const std::function<Status(std::size_t)>& called,
             std::stop_token stop_asked)
      : count(indices), body(called), stop(std::move(stop_asked)) {}

  const std::size_t count;
  const std::function<Status(std::size_t)>& body;
  const std::stop_token stop;
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> num_inside = 0;
  std::atomic<bool> closed = false;
  std::atomic<bool> failed = false;
  std::mutex mutex;  // guards error and error_index
  std::optional<Error> error;
  std::size_t error_index = 0;

  void run() {
    while (!failed && !stop.stop_requested()) {
      const std::size_t index = next.fetch_add(1);
      if (index >= count) return;
      if (Status status = body(index); !status) note(index, std::move(status.error()));
    }
  }

  void note(std::size_t index, Error&& found) {
    const std::scoped_lock lock(mutex);
    if (!error || index < error_index) {
      error = std::move(found);
      error_index = index;
    }
    failed = true;
  }

  void enter_and_run() {
    num_inside.fetch_add(1);
    if (!closed) run();
    if (num_inside.fetch_sub(1) == 1) num_inside.notify_all();
  }

  void close_and_wait() {
    closed = true;
    while (const std::size_t inside = num_inside.load()) num_inside.wait(inside);
  }
};

}  // namespace

ThreadPool::ThreadPool(const ThreadPoolOptions& options) : queue_(options.queue_capacity) {
  const std::size_t num_threads = chosen_num_threads(options.num_threads);
  threads_.reserve(num_threads);
  for (std::size_t i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this] {
      while (auto task = queue_.pop()) run_guarded(*task);
    });
  }
}

ThreadPool::~ThreadPool() {
  queue_.close();
  // Joined here, not by the members' order, so that no thread outlives the queue.
  threads_.clear();
}

void ThreadPool::submit(Task task) { queue_.push(std::move(task)); }

PushOutcome ThreadPool::try_submit(Task&& task) { return queue_.try_push(std::move(task)); }

Status parallel_for(ThreadPool& pool, std::size_t count,
                    const std::function<Status(std::size_t)>& body, const std::stop_token& stop) {
  const auto loop = std::make_shared<SharedLoop>(count, body, stop);
  const std::size_t num_helpers = std::min(pool.num_threads(), count > 0 ? count - 1 : 0);
  for (std::size_t i = 0; i < num_helpers; ++i) {
    // A full pool is no failure: the calling thread does the work.
    if (pool.try_submit([loop] { loop->enter_and_run(); }) != PushOutcome::kPushed) break;
  }
  loop->enter_and_run();
  loop->close_and_wait();
  if (loop->error) return std::move(*loop->error);
  if (loop->next < count) return cancelled("stopped before the end of the work");
  return {};
}

}  // namespace assay
