/// \file
/// What is worth an alert about a history, and its way to the webhook while a recorder runs.

#pragma once

#include "app/alerts.h"
#include "core/result.h"
#include "recorder/recorder.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::app {

/// The alerts that hold for a recorder, by the names that /metrics has for them.
std::vector<Alert> alerts_of(const recorder::RecorderStatus& status,
                             const std::filesystem::path& folder);

/// Looks every so often at what alerts there are, and posts them when one has come, changed or
/// gone. At first all are posted, so that those of the run before can be cleared. Threads: one of
/// its own; all calls are for the thread that made it.
class AlertWatch {
 public:
  /// Nothing: another process knows, and tells.
  using Look = std::function<std::optional<std::vector<Alert>>()>;
  using Post =
      std::function<Result<AlertOutcome>(const std::vector<Alert>&, const std::stop_token&)>;
  struct Options {
    std::chrono::milliseconds look_interval{2000};
    /// After a post that failed, or was not accepted.
    std::chrono::milliseconds retry_interval{60'000};
  };

  AlertWatch(Look look, Post post, Options options);
  /// What is being posted is given up.
  ~AlertWatch();
  AlertWatch(const AlertWatch&) = delete;
  AlertWatch& operator=(const AlertWatch&) = delete;

  /// End the thread, once what it is posting is posted, and post what has changed since it looked:
  /// for a run that is over. `stop` gives both up.
  void finish(const std::stop_token& stop);

 private:
  using States = std::vector<std::pair<std::string, std::string>>;

  void run(const std::stop_token& stop);
  /// Whether everybody knows now.
  bool tell(const std::stop_token& stop);

  Look look_;
  Post post_;
  Options options_;
  // These two are the thread's, and of finish() once it has ended.
  std::optional<States> told_;
  bool has_failed_ = false;
  std::mutex mutex_;
  std::condition_variable_any wakes_;
  // Not the thread's own: a post that its end cut off might have arrived, and be sent again.
  std::stop_source post_stop_;
  std::jthread thread_;
};

/// Watch `recorder`, which has the data folder `folder`; nothing when `webhook` is empty.
/// Lifetime: the recorder outlives the watch. Errors: kInvalidInput (`webhook` is no address).
Result<std::unique_ptr<AlertWatch>> watch_recorder(const std::string& webhook,
                                                   const recorder::Recorder& recorder,
                                                   const std::filesystem::path& folder);

/// Tell the webhook, if there is one, how many lines of the history in `folder` cannot be read: who
/// has read all of it knows. A failure is warned of, and fails nothing.
void post_corrupt_lines(const std::string& webhook, const std::filesystem::path& folder,
                        std::uint64_t num_lines, const std::stop_token& stop);

}  // namespace assay::app
