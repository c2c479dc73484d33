/// \file
/// The pipe to a chain sidecar: started, greeted, asked, and killed when it is silent.

#pragma once

#include "chain/network.h"
#include "core/clock.h"
#include "core/error.h"
#include "json/value.h"
#include "process/child_process.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace assay::chain {

struct SidecarLinkOptions {
  process::ChildOptions child = {};
  /// Until the event `ready`; an import of the SDK takes seconds on a slow disk.
  std::chrono::milliseconds start_deadline = std::chrono::seconds(60);
  /// The first wait before a new start; it doubles up to the last one.
  std::chrono::milliseconds first_restart_wait = std::chrono::seconds(1);
  std::chrono::milliseconds last_restart_wait = std::chrono::minutes(1);
  /// Whether the event `ready` is what we need.
  std::function<Status(const json::Value&)> check_greeting = {};
};

/// How a question to the sidecar ended.
struct SidecarReply {
  enum class Kind : std::uint8_t {
    kResult,
    kError,     ///< The sidecar answered so.
    kNotSent,   ///< It was not asked.
    kNoAnswer,  ///< It was asked, and deadline, stop or its death came first.
  };
  Kind kind = Kind::kNotSent;
  json::Value content = {};  ///< Of kResult and kError.
  Error why = {};            ///< Of kNotSent and kNoAnswer.
};

/// Keeps one sidecar running. Threads: all calls are safe from any thread.
class SidecarLink {
 public:
  SidecarLink(SidecarLinkOptions options, const Clock& clock);
  SidecarLink(const SidecarLink&) = delete;
  SidecarLink& operator=(const SidecarLink&) = delete;
  /// Kills the sidecar.
  ~SidecarLink();

  /// Ask, and wait for the answer until the deadline; a sidecar that has said nothing at all by
  /// then is killed and started anew. `params` is a JSON object.
  SidecarReply call(std::string_view method, std::string_view params, const CallOptions& options);

  /// How often it was started.
  std::uint64_t num_starts() const { return num_starts_; }

 private:
  enum class State : std::uint8_t {
    kStarting,  ///< To be waited for.
    kUp,
    kDown,  ///< It cannot work here, by all that is known.
  };
  using Slots = std::map<std::int64_t, std::optional<SidecarReply>*>;

  void keep_running(const std::stop_token& stop);
  /// One life of the sidecar, and why it ended.
  Error live(const std::stop_token& stop);
  Status greet(process::ChildProcess& child, const std::stop_token& stop) const;
  Error serve(process::ChildProcess& child, const std::stop_token& stop);
  void note_up();
  /// Why the last one ended; those who wait for an answer get none.
  void note_end(const Error& why);
  /// Have it killed. Pre: `mutex_` is held.
  void give_up_on_it();
  /// Pre: `mutex_` is held.
  Error not_up() const;
  Status send(const std::string& line, std::chrono::milliseconds timeout);

  const SidecarLinkOptions options_;
  const Clock& clock_;
  std::atomic<std::uint64_t> num_starts_ = 0;
  std::atomic<bool> is_silent_ = false;         // somebody has waited in vain
  std::atomic<std::int64_t> last_line_at_ = 0;  // nanoseconds of the monotonic clock

  std::mutex write_mutex_;  // guards the input of the child, and the pointer
  std::shared_ptr<process::ChildProcess> child_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  State state_ = State::kStarting;
  std::optional<Error> last_end_;
  Slots waiting_;
  std::int64_t last_id_ = 0;
  std::jthread thread_;  // last: begins when all else is there
};

}  // namespace assay::chain
