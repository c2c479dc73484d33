/// \file
/// A file that is written again and again while a process is well, for who supervises it.

#pragma once

#include "core/result.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

namespace assay::app {

struct HeartbeatOptions {
  std::filesystem::path file;
  /// A supervisor that asks for 60 s allows for a machine under load.
  std::chrono::milliseconds interval = std::chrono::seconds(5);
};

/// Beats from its construction to its destruction, from a thread of its own.
class Heartbeat {
 public:
  /// `is_well` is asked from that thread before each beat; one that does not come back stops it.
  Heartbeat(HeartbeatOptions options, std::function<bool()> is_well);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat() = default;

 private:
  void run(const std::stop_token& stop);

  HeartbeatOptions options_;
  std::function<bool()> is_well_;
  std::mutex mutex_;  // for waiting
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace assay::app
