#include "app/stop_deadline.h"

#include "app/runtime.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <utility>

namespace assay::app {

StopDeadline::StopDeadline(std::stop_token stop, std::chrono::milliseconds limit)
    : limit_(limit),
      on_stop_(std::move(stop), [this] { begin(); }),
      thread_([this](const std::stop_token& ended) { run(ended); }) {}

void StopDeadline::begin() {
  const std::scoped_lock lock(mutex_);
  has_begun_ = true;
  wake_.notify_all();
}

void StopDeadline::run(const std::stop_token& ended) {
  std::unique_lock lock(mutex_);
  if (!wake_.wait(lock, ended, [this] { return has_begun_; })) return;
  wake_.wait_for(lock, ended, limit_, [] { return false; });
  if (ended.stop_requested()) return;
  end_stuck_process(
      fmt::format("it was asked to stop, and is still there after {}", to_string(limit_)));
}

}  // namespace assay::app
