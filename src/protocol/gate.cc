#include "protocol/gate.h"

#include "core/check.h"

#include <algorithm>
#include <utility>

namespace assay::protocol {

Gate::Gate(keys::Hotkey self, std::vector<std::unique_ptr<Scheme>> schemes, Policy policy,
           ReplayLimits limits)
    : self_(self), schemes_(std::move(schemes)), policy_(std::move(policy)), replays_(limits) {
  CHECK(!schemes_.empty(), "a gate without a scheme lets nobody in");
}

Verdict Gate::check(const ReceivedRequest& request, Instant now) {
  Verdict verdict = judge(request, now);
  clock_skew_.add(verdict);
  return verdict;
}

Verdict Gate::judge(const ReceivedRequest& request, Instant now) {
  const auto scheme = std::ranges::find_if(
      schemes_, [&](const auto& candidate) { return candidate->is_used_by(request.headers); });
  if (scheme == schemes_.end()) {
    return Refusal{.reason = RefusalReason::kMalformed,
                   .status = 401,
                   .message = "the request is not signed in a way that is taken here"};
  }
  Verdict verdict = (*scheme)->verify(request, self_, now);
  const auto* authentic = std::get_if<Authentic>(&verdict);
  if (authentic == nullptr) return verdict;
  if (auto why = policy_(authentic->sender)) {
    return Refusal{.reason = RefusalReason::kUnwelcome, .status = 403, .message = std::move(*why)};
  }
  switch (replays_.remember(*authentic, now)) {
    case ReplayAnswer::kNew:
      return verdict;
    case ReplayAnswer::kSeen:
      return Refusal{.reason = RefusalReason::kReplayed,
                     .status = 401,
                     .message = "the request was taken already; sign each try anew"};
    case ReplayAnswer::kSenderFull:
      return Refusal{.reason = RefusalReason::kTooMany,
                     .status = 429,
                     .message = "too many requests of this sender within some seconds"};
    case ReplayAnswer::kFull:
      return Refusal{.reason = RefusalReason::kOverloaded,
                     .status = 503,
                     .message = "too many requests within some seconds"};
  }
  CHECK(false, "a ReplayAnswer outside its enumerators");
}

}  // namespace assay::protocol
