/// \file
/// A fixed number of threads that run what they are given.

#pragma once

#include "core/bounded_queue.h"
#include "core/result.h"

#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

namespace assay {

struct ThreadPoolOptions {
  /// Threads; 0 means one for each core this process may use.
  std::size_t num_threads = 0;
  /// Tasks that may wait; submit() waits for room beyond that.
  std::size_t queue_capacity = 1024;
};

/// The destructor runs what was submitted, then joins. A task that throws is a bug of ours and ends
/// the process.
/// Threads: all calls are safe from any thread.
class ThreadPool {
 public:
  using Task = std::move_only_function<void()>;

  explicit ThreadPool(const ThreadPoolOptions& options = {});
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const { return threads_.size(); }

  /// Run `task` on some thread. Pre: not called by a task of this pool, which could wait for
  /// itself.
  void submit(Task task);
  /// As submit(), but refuse when the queue is full: safe within a task.
  PushOutcome try_submit(Task&& task);

 private:
  BoundedQueue<Task> queue_;
  std::vector<std::jthread> threads_;
};

/// Call `body` for each index below `count`, on the pool and on the calling thread, and return when
/// all calls have ended. The first error or a stop ends the handing out of indices; of several
/// errors the one of the lowest index is returned.
/// Order: none between the calls. Threads: may be called within a task of the pool.
/// Errors: those of `body`; kCancelled when `stop` came before the last index was handed out.
Status parallel_for(ThreadPool& pool, std::size_t count,
                    const std::function<Status(std::size_t)>& body,
                    const std::stop_token& stop = {});

}  // namespace assay
