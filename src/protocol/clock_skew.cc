#include "protocol/clock_skew.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>
#include <vector>

namespace assay::protocol {
namespace {

/// A subnet has at most a few thousand neurons; more senders add nothing to the middle.
constexpr std::size_t kMaxSenders = 4096;
/// The middle of fewer is an opinion.
constexpr std::size_t kMinSenders = 3;
/// So many at once are no accident of a single sender's clock.
constexpr std::uint64_t kManyRefused = 20;
constexpr std::chrono::minutes kTellAgain{10};

}  // namespace

void ClockSkew::add(const Verdict& verdict) {
  const std::scoped_lock guard(mutex_);
  if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
    num_stale_ += refusal->reason == RefusalReason::kStale ? 1 : 0;
    num_future_ += refusal->reason == RefusalReason::kFuture ? 1 : 0;
    const bool is_for_time =
        refusal->reason == RefusalReason::kStale || refusal->reason == RefusalReason::kFuture;
    num_refused_in_a_row_ += is_for_time ? 1 : 0;
    return;
  }
  num_refused_in_a_row_ = 0;
  const auto& authentic = std::get<Authentic>(verdict);
  if (ages_.size() == kMaxSenders && !ages_.contains(authentic.sender)) ages_.erase(ages_.begin());
  ages_[authentic.sender] = authentic.age;
}

ClockSkewReport ClockSkew::report() const {
  const std::scoped_lock guard(mutex_);
  ClockSkewReport report{.num_senders = ages_.size(),
                         .num_stale = num_stale_,
                         .num_future = num_future_,
                         .num_refused_in_a_row = num_refused_in_a_row_};
  std::vector<std::chrono::nanoseconds> ages;
  ages.reserve(ages_.size());
  for (const auto& [sender, age] : ages_) ages.push_back(age);
  if (ages.empty()) return report;
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::ranges::nth_element(ages, middle);
  report.median_age = *middle;
  return report;
}

std::string describe(const ClockSkewReport& report, std::chrono::nanoseconds tolerance) {
  if (report.num_refused_in_a_row >= kManyRefused) {
    return fmt::format(
        "the last {} requests were refused as too old or ahead of time: set this machine's clock "
        "(NTP), unless somebody sends old ones again",
        report.num_refused_in_a_row);
  }
  const double seconds = std::chrono::duration<double>(report.median_age).count();
  if (report.num_senders < kMinSenders || std::chrono::abs(report.median_age) <= tolerance) {
    return {};
  }
  return fmt::format(
      "the clocks of {} senders are {:.1f} s {} ours in the middle: set this machine's clock (NTP)",
      report.num_senders, std::abs(seconds), seconds > 0 ? "behind" : "ahead of");
}

std::string ClockWarning::due(const ClockSkewReport& report, std::chrono::nanoseconds now) {
  std::string text = describe(report);
  if (text.empty() || (told_ && now - *told_ < kTellAgain)) return {};
  told_ = now;
  return text;
}

}  // namespace assay::protocol
