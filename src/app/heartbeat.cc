#include "app/heartbeat.h"

#include "core/clock.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <utility>

namespace assay::app {

Heartbeat::Heartbeat(HeartbeatOptions options, std::function<bool()> is_well)
    : options_(std::move(options)),
      is_well_(std::move(is_well)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Heartbeat::run(const std::stop_token& stop) {
  bool was_written = true;
  while (!stop.stop_requested()) {
    if (is_well_()) {
      const Status written = files::write_file(files::posix_file_system(), options_.file,
                                               to_rfc3339(system_clock().now()) + "\n");
      if (!written && was_written) {
        log_warning("the heartbeat cannot be written", {{"reason", written.error().message}});
      }
      was_written = written.has_value();
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, options_.interval, [] { return false; });
  }
}

}  // namespace assay::app
