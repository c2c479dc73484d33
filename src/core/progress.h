/// \file
/// How far long work has come, for a person who waits: a bar on a terminal, a line now and then
/// elsewhere.

#pragma once

#include "core/clock.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

enum class ProgressStyle : std::uint8_t {
  kBar,    ///< One line, drawn over and over: for a terminal.
  kLines,  ///< A line each interval: for a log file.
  kQuiet,
};

/// kBar on a terminal, else kLines.
ProgressStyle progress_style_of_stderr();

/// How long something will take: `1h 05m`, `2m 05s`, `12s`.
std::string remaining_text(double seconds);

struct ProgressOptions {
  ProgressStyle style = ProgressStyle::kQuiet;
  /// Units of work when it is known; without it there is no share and no remaining time.
  std::optional<std::uint64_t> total = std::nullopt;
  /// Units done before, by a run that this one resumes: counted, but not in the rate.
  std::uint64_t already_done = 0;
  /// What one unit is called, in the plural.
  std::string unit = "items";
  /// The time between two lines.
  std::chrono::milliseconds line_interval = std::chrono::seconds(30);
  /// The time between two drawings of the bar.
  std::chrono::milliseconds bar_interval = std::chrono::milliseconds(100);
  /// Longest bar line in characters, so that it never wraps.
  std::size_t width = 80;
  /// Where the text goes; stderr when empty.
  std::function<void(std::string_view)> sink = {};
};

/// Counts units of work and shows them. The destructor finishes.
/// Threads: all calls are safe from any thread. Cost: advance() is one atomic addition and one
/// reading of the clock.
class Progress {
 public:
  /// Lifetime: `clock` outlives the progress.
  Progress(std::string title, Clock& clock, ProgressOptions options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Count `units` as done, and show it when it is time. advance(0) only does the latter.
  void advance(std::uint64_t units = 1);
  /// Show `note` behind the numbers, such as counts by verdict.
  void set_note(std::string note);
  /// Show the final state, once. Nothing is shown afterwards.
  void finish();

  std::uint64_t done() const { return done_.load(std::memory_order_relaxed); }

 private:
  void show_if_due();
  void show(std::chrono::nanoseconds now);
  void measure_rate(std::chrono::nanoseconds now, std::uint64_t done);
  std::string numbers(std::uint64_t done) const;

  const std::string title_;
  Clock& clock_;
  const ProgressOptions options_;
  const std::chrono::nanoseconds start_;
  std::atomic<std::uint64_t> done_;
  std::atomic<std::int64_t> next_show_;  // monotonic nanoseconds

  std::mutex mutex_;  // guards what follows
  std::string note_;
  double rate_ = 0;  // units a second
  std::chrono::nanoseconds measured_at_;
  std::uint64_t measured_done_;
  bool finished_ = false;
};

}  // namespace assay
