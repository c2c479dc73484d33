/// \file
/// The threads on which handlers of the HTTP server run.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace assay::net::http_server {

/// So many threads at most, each begun when it is first needed. The one that went idle last works
/// next: what it has in its caches is of use again, and a server that may have many threads,
/// because handlers wait, has the memory of those few that it keeps busy. Threads: submit() is safe
/// from any; join() is called by one.
class HandlerPool {
 public:
  using Task = std::move_only_function<void()>;

  /// Pre: at least one thread.
  explicit HandlerPool(std::size_t max_threads);
  HandlerPool(const HandlerPool&) = delete;
  HandlerPool& operator=(const HandlerPool&) = delete;
  ~HandlerPool() { join(); }

  /// Order: tasks begin in that of their submission. Pre: before join().
  void submit(Task task);

  /// Wait until all that was submitted is done, and end the threads.
  void join();

 private:
  struct Worker {
    std::condition_variable called;
    bool is_called = true;
    std::thread thread = {};
  };
  void work(Worker& self);
  Worker* find_idle();
  void begin_thread();

  const std::size_t max_threads_;
  std::mutex mutex_;  // guards what follows
  std::deque<Task> tasks_;
  std::vector<std::unique_ptr<Worker>> workers_;
  /// Those without work: the last went idle last.
  std::vector<Worker*> idle_;
  /// Those that were called and have not looked for a task yet.
  std::size_t num_called_ = 0;
  bool is_ending_ = false;
};

}  // namespace assay::net::http_server
