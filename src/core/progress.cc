#include "core/progress.h"

#include "core/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace assay {
namespace {

using Seconds = std::chrono::duration<double>;

/// The rate follows a change within some such time, and smooths over what is shorter.
constexpr Seconds kRateMemory(15);

constexpr std::size_t kBarCells = 20;

/// `1234567` -> `1,234,567`.
std::string grouped(std::uint64_t count) {
  std::string digits = fmt::to_string(count);
  for (std::size_t from_end = 3; from_end < digits.size(); from_end += 4) {
    digits.insert(digits.size() - from_end, ",");
  }
  return digits;
}

std::string rate_text(double rate) {
  return rate < 10 ? fmt::format("{:.1f}/s", rate)
                   : fmt::format("{}/s", grouped(static_cast<std::uint64_t>(rate)));
}

void write_to_stderr(std::string_view text) {
  // A line that cannot be written is no reason to stop the work.
  [[maybe_unused]] const auto written = std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

/// Cut to `width` characters at most, never within a character of UTF-8.
std::string_view fitted(std::string_view text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
    if (starts_character && characters++ == width) return text.substr(0, i);
  }
  return text;
}

ProgressOptions with_sink(ProgressOptions options) {
  if (!options.sink) options.sink = write_to_stderr;
  return options;
}

}  // namespace

std::string remaining_text(double seconds) {
  // Above this nobody waits by the second, and the number stays an integer.
  if (!(seconds < 100 * 3600.0)) return "days";
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  if (whole >= 3600) return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

ProgressStyle progress_style_of_stderr() {
  return stderr_is_terminal() ? ProgressStyle::kBar : ProgressStyle::kLines;
}

Progress::Progress(std::string title, Clock& clock, ProgressOptions options)
    : title_(std::move(title)),
      clock_(clock),
      options_(with_sink(std::move(options))),
      start_(clock.monotonic()),
      done_(options_.already_done),
      // A bar stands at once; a log gets its first line when the work proves long.
      next_show_(options_.style == ProgressStyle::kBar ? start_.count()
                                                       : (start_ + options_.line_interval).count()),
      measured_at_(start_),
      measured_done_(options_.already_done) {}

Progress::~Progress() { finish(); }

void Progress::advance(std::uint64_t units) {
  done_.fetch_add(units, std::memory_order_relaxed);
  if (options_.style != ProgressStyle::kQuiet) show_if_due();
}

void Progress::set_note(std::string note) {
  const std::scoped_lock lock(mutex_);
  note_ = std::move(note);
}

void Progress::show_if_due() {
  const std::chrono::nanoseconds now = clock_.monotonic();
  std::int64_t due = next_show_.load(std::memory_order_relaxed);
  if (now.count() < due) return;
  const std::chrono::nanoseconds interval =
      options_.style == ProgressStyle::kBar ? options_.bar_interval : options_.line_interval;
  // Of several threads one wins and draws; the others go on with their work.
  if (!next_show_.compare_exchange_strong(due, (now + interval).count())) return;
  const std::scoped_lock lock(mutex_);
  if (!finished_) show(now);
}

void Progress::finish() {
  const std::scoped_lock lock(mutex_);
  if (finished_) return;
  finished_ = true;
  if (options_.style == ProgressStyle::kQuiet) return;
  const std::chrono::nanoseconds now = clock_.monotonic();
  // Short work leaves nothing in a log.
  if (options_.style == ProgressStyle::kLines && now < start_ + options_.line_interval) return;
  const Seconds took = now - start_;
  // Short work leaves no line in a log: its command says what was done.
  if (options_.style == ProgressStyle::kLines && took < options_.line_interval) return;
  const std::uint64_t done = this->done();
  const auto fresh = static_cast<double>(done - options_.already_done);
  const std::string line = fmt::format(
      "{}: {} {} in {}{}{}{}", title_, grouped(done), options_.unit,
      took.count() < 10 ? fmt::format("{:.1f}s", took.count()) : remaining_text(took.count()),
      took.count() > 0 ? fmt::format(", {}", rate_text(fresh / took.count())) : "",
      note_.empty() ? "" : "; ", note_);
  const std::string_view wipe = options_.style == ProgressStyle::kBar ? "\r\x1b[K" : "";
  options_.sink(fmt::format("{}{}\n", wipe, line));
}

void Progress::measure_rate(std::chrono::nanoseconds now, std::uint64_t done) {
  const Seconds passed = now - measured_at_;
  if (passed.count() <= 0) return;
  const double latest = static_cast<double>(done - measured_done_) / passed.count();
  // The mean of all until the memory is full, then an exponentially fading one.
  const Seconds age = now - start_;
  const double weight = std::max(passed / age, 1 - std::exp(-(passed / kRateMemory)));
  rate_ += weight * (latest - rate_);
  measured_at_ = now;
  measured_done_ = done;
}

std::string Progress::numbers(std::uint64_t done) const {
  std::string text;
  if (options_.total) {
    const double share =
        *options_.total == 0
            ? 1.0
            : std::min(1.0, static_cast<double>(done) / static_cast<double>(*options_.total));
    if (options_.style == ProgressStyle::kBar) {
      const auto cells = static_cast<std::size_t>(share * kBarCells);
      text += fmt::format("[{:<{}}] ", std::string(cells, '#'), kBarCells);
    }
    // Rounded down: 100% is said when it is.
    text += fmt::format("{}% {}/{} {}", static_cast<int>(share * 100), grouped(done),
                        grouped(*options_.total), options_.unit);
  } else {
    text += fmt::format("{} {}", grouped(done), options_.unit);
  }
  text += fmt::format(", {}", rate_text(rate_));
  if (options_.total && *options_.total > done && rate_ > 0) {
    text += fmt::format(", {} left",
                        remaining_text(static_cast<double>(*options_.total - done) / rate_));
  }
  return text;
}

void Progress::show(std::chrono::nanoseconds now) {
  const std::uint64_t done = this->done();
  measure_rate(now, done);
  const std::string line =
      fmt::format("{}: {}{}{}", title_, numbers(done), note_.empty() ? "" : "; ", note_);
  if (options_.style == ProgressStyle::kBar) {
    options_.sink(fmt::format("\r\x1b[K{}", fitted(line, options_.width)));
  } else {
    options_.sink(line + "\n");
  }
}

}  // namespace assay
