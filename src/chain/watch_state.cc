#include "chain/watch_state_internal.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::chain {
namespace {

/// A span for a person: whole seconds.
std::string shown(std::chrono::nanoseconds span) {
  return assay::to_string(
      std::chrono::milliseconds(std::chrono::duration_cast<std::chrono::seconds>(span)));
}

}  // namespace

WatchState::WatchState(const WatchOptions& options, const Clock& clock, RandomSource& random)
    : options_(options),
      clock_(clock),
      random_(random),
      started_at_(clock.monotonic()),
      block_rose_at_(started_at_),
      refresh_due_at_(started_at_),
      block_due_at_(started_at_),
      retry_wait_(options.retry_interval) {}

void WatchState::keep(const Metagraph& metagraph) {
  {
    const std::scoped_lock lock(mutex_);
    metagraph_ = {std::make_shared<const Metagraph>(metagraph), clock_.monotonic()};
  }
  note_block(metagraph.block);
}

void WatchState::keep(const Hyperparameters& rules) {
  const std::scoped_lock lock(mutex_);
  rules_ = {std::make_shared<const Hyperparameters>(rules), clock_.monotonic()};
}

void WatchState::note_block(BlockNumber block) {
  const std::scoped_lock lock(mutex_);
  if (block_ && block <= *block_) return;
  block_ = block;
  block_rose_at_ = clock_.monotonic();
}

void WatchState::note_refreshed() {
  const std::scoped_lock lock(mutex_);
  retry_wait_ = options_.retry_interval;
  last_error_.clear();
  refresh_due_at_ = clock_.monotonic() + jittered(options_.refresh_interval);
}

void WatchState::note_failure(const Error& error) {
  const std::scoped_lock lock(mutex_);
  last_error_ = error.message;
  refresh_due_at_ =
      clock_.monotonic() + jittered(std::max(retry_wait_, error.retry_after.value_or(retry_wait_)));
  retry_wait_ = std::min(retry_wait_ * 2, options_.refresh_interval);
}

std::chrono::nanoseconds WatchState::jittered(std::chrono::milliseconds wait) {
  const double factor = 1 + (2 * random_.unit() - 1) * options_.jitter_share;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(wait * factor);
}

bool WatchState::is_refresh_due() const {
  const std::scoped_lock lock(mutex_);
  return clock_.monotonic() >= refresh_due_at_;
}

bool WatchState::take_block_turn() {
  const std::scoped_lock lock(mutex_);
  if (clock_.monotonic() < block_due_at_) return false;
  block_due_at_ = clock_.monotonic() + options_.block_interval;
  return true;
}

std::chrono::milliseconds WatchState::since(std::chrono::nanoseconds then) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - then);
}

template <typename T>
Aged<T> WatchState::aged(const Copy<T>& copy) const {
  if (!copy.value) return {};
  return {copy.value, since(copy.read_at)};
}

Aged<Metagraph> WatchState::metagraph() const {
  const std::scoped_lock lock(mutex_);
  return aged(metagraph_);
}

Aged<Hyperparameters> WatchState::rules() const {
  const std::scoped_lock lock(mutex_);
  return aged(rules_);
}

std::optional<BlockNumber> WatchState::block() const {
  const std::scoped_lock lock(mutex_);
  return block_;
}

std::chrono::milliseconds WatchState::block_age() const {
  const std::scoped_lock lock(mutex_);
  return since(block_rose_at_);
}

std::string WatchState::last_error_text() const {
  return last_error_.empty() ? "" : "; the last error: " + last_error_;
}

std::vector<Alarm> WatchState::alarms(std::optional<std::chrono::nanoseconds> overdue) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Alarm> alarms;
  const auto age = since(metagraph_.value ? metagraph_.read_at : started_at_);
  if (age > options_.stale_after) {
    alarms.push_back(
        {.kind = AlarmKind::kMetagraphStale,
         .message = metagraph_.value
                        ? fmt::format("the metagraph is {} old{}", shown(age), last_error_text())
                        : fmt::format("no metagraph was read since the start {} ago{}", shown(age),
                                      last_error_text())});
  }
  const auto stalled = since(block_rose_at_);
  if (stalled > options_.stalled_after) {
    alarms.push_back({.kind = AlarmKind::kBlockStalled,
                      .message = block_ ? fmt::format("block {} has been the newest for {}{}",
                                                      *block_, shown(stalled), last_error_text())
                                        : fmt::format("no block was seen since the start {} ago{}",
                                                      shown(stalled), last_error_text())});
  }
  if (overdue) {
    alarms.push_back(
        {.kind = AlarmKind::kCallStuck,
         .message = fmt::format("a call is {} over its deadline and not back", shown(*overdue))});
  }
  return alarms;
}

}  // namespace assay::chain
