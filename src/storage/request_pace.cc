#include "storage/request_pace_internal.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::storage {
namespace {

using namespace std::chrono_literals;

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// Requests that may start together after a pause: as many as belong to this stretch of time.
constexpr double kBurstSeconds = 0.01;
// Throttled answers count as the service's complaint when they are more than one in this many...
constexpr std::size_t kThrottledShare = 20;
// ...and there are at least so many of them.
constexpr std::size_t kMinThrottled = 4;
// Answers that are looked back on.
constexpr std::size_t kRecentAnswers = 200;
// Requests that were under way at a cut still bring complaints: they are of the old speed.
constexpr auto kMinBetweenCuts = 1s;
constexpr auto kPauseAfterCut = 500ms;
constexpr auto kMaxPause = 60s;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

RequestPace::RequestPace(const PaceOptions& options, Time now)
    : options_(options),
      start_(now),
      refilled_(now),
      window_(static_cast<double>(std::max<std::size_t>(options.max_in_flight, 1))),
      last_cut_(now - kMinBetweenCuts),
      paused_until_(now) {
  const double rate = allowed_rate(now);
  if (rate < kInfinite) budget_ = std::max(1.0, rate * kBurstSeconds);
}

double RequestPace::allowed_rate(Time now) const {
  double rate = options_.requests_per_second.value_or(kInfinite);
  if (options_.ramp_start) {
    const double doublings = seconds(now - start_) / seconds(options_.ramp_doubling);
    rate = std::min(rate, *options_.ramp_start * std::exp2(doublings));
  }
  return rate;
}

RequestPace::Time RequestPace::next_start(Time now) {
  if (paused_until_ > now) return paused_until_;
  const double rate = allowed_rate(now);
  if (rate == kInfinite) return now;
  const double most = std::max(1.0, rate * kBurstSeconds);
  budget_ = std::min(most, budget_ + seconds(now - refilled_) * rate);
  refilled_ = now;
  if (budget_ >= 1) return now;
  return now + std::chrono::ceil<Time>(std::chrono::duration<double>((1 - budget_) / rate));
}

void RequestPace::started() { budget_ -= 1; }

void RequestPace::answered_well() {
  if (++recent_answers_ >= kRecentAnswers) {
    recent_answers_ /= 2;
    recent_throttled_ /= 2;
  }
  const auto most = static_cast<double>(options_.max_in_flight);
  if (window_ < most) window_ = std::min(most, window_ + 1 / window_);
}

void RequestPace::answered_throttled(Time now, std::optional<Time> retry_after) {
  ++recent_answers_;
  ++recent_throttled_;
  if (recent_throttled_ < kMinThrottled || recent_throttled_ * kThrottledShare < recent_answers_)
    return;
  if (now - last_cut_ < kMinBetweenCuts) return;
  last_cut_ = now;
  recent_answers_ = 0;
  recent_throttled_ = 0;
  window_ = std::max(1.0, window_ / 2);
  const Time pause = std::min<Time>(retry_after.value_or(kPauseAfterCut), kMaxPause);
  paused_until_ = std::max(paused_until_, now + pause);
}

}  // namespace assay::storage
