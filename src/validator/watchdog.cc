#include "validator/watchdog.h"

#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::validator {

Watchdog::Watchdog(std::chrono::milliseconds limit, const Clock& clock, OnStuck on_stuck)
    : limit_(limit),
      clock_(&clock),
      on_stuck_(std::move(on_stuck)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Heart& Watchdog::watch(std::string name) {
  const std::scoped_lock lock(mutex_);
  return hearts_.emplace_back(std::move(name), *clock_);
}

void Watchdog::run(const std::stop_token& stop) {
  const auto pause = std::clamp<std::chrono::milliseconds>(
      limit_ / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(1'000));
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, pause, [] { return false; });
    for (const Heart& heart : hearts_) {
      if (heart.silence() < limit_ || stop.stop_requested()) continue;
      on_stuck_(fmt::format("{} has not gone on for {}", heart.name(),
                            assay::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                heart.silence()))));
      return;
    }
  }
}

}  // namespace assay::validator
