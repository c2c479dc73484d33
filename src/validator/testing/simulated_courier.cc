#include "validator/testing/simulated_courier.h"

#include <algorithm>
#include <variant>

namespace assay::validator::testing {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Fate predicts(double prediction, milliseconds delay) {
  return {.delay = delay,
          .reply = {.kind = ReplyKind::kPrediction, .prediction = prediction, .http_status = 200}};
}

Fate never_answers() { return {.delay = std::chrono::hours(24)}; }

void SimulatedCourier::send(const Ask& ask) {
  sent_.push_back(ask);
  Fate fate = behaviour_(ask);
  if (fate.delay > ask.timeout) {
    fate = {.delay = ask.timeout, .reply = {.kind = ReplyKind::kTimeout}};
  }
  fate.reply.latency = fate.delay;
  arrivals_.emplace(now() + fate.delay, Arrival{.id = ask.id, .reply = fate.reply});
  if (fate.again_after) {
    arrivals_.emplace(now() + fate.delay + *fate.again_after,
                      Arrival{.id = ask.id, .reply = fate.again});
  }
}

Status SimulatedCourier::run(const AskSource& source, const ReplySink& sink) {
  arrivals_.clear();
  while (true) {
    ASSIGN_OR_RETURN(const NextAsk next, source());
    if (const auto* ask = std::get_if<Ask>(&next)) {
      send(*ask);
      continue;
    }
    const bool is_done = std::holds_alternative<NothingMore>(next);
    if (is_done && arrivals_.empty()) return {};
    nanoseconds until = arrivals_.empty() ? nanoseconds::max() : arrivals_.begin()->first;
    if (const auto* wait = std::get_if<WaitUntil>(&next)) until = std::min(until, wait->monotonic);
    if (until > now()) {
      clock_->advance(std::chrono::ceil<std::chrono::microseconds>(until - now()));
    }
    while (!arrivals_.empty() && arrivals_.begin()->first <= now()) {
      const Arrival arrival = arrivals_.begin()->second;
      arrivals_.erase(arrivals_.begin());
      RETURN_IF_ERROR(sink(arrival.id, arrival.reply));
    }
  }
}

}  // namespace assay::validator::testing
