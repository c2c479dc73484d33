/// \file
/// The end of a process that was asked to stop and does not.

#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace assay::app {

/// More than whoever stops as it should ever needs, and less than supervisors wait before they
/// kill without a word.
inline constexpr std::chrono::seconds kStopLimit{25};

/// Ends the process with exit code 1 and the reason when it lives for longer than its limit after a
/// stop was asked for: a thread that hangs is waited for by whoever joins it. Make it before all
/// that is to end.
class StopDeadline {
 public:
  explicit StopDeadline(std::stop_token stop, std::chrono::milliseconds limit = kStopLimit);
  StopDeadline(const StopDeadline&) = delete;
  StopDeadline& operator=(const StopDeadline&) = delete;
  ~StopDeadline() = default;

 private:
  void begin();
  void run(const std::stop_token& ended);

  std::chrono::milliseconds limit_;
  std::mutex mutex_;  // guards has_begun_
  std::condition_variable_any wake_;
  bool has_begun_ = false;
  std::stop_callback<std::function<void()>> on_stop_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace assay::app
