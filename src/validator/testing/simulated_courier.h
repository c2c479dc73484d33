/// \file
/// Miners and the way to them on a clock that a test moves: nothing waits, everything repeats.

#pragma once

#include "core/testing/fake_clock.h"
#include "validator/courier.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace assay::validator::testing {

/// What becomes of one request.
struct Fate {
  /// When the reply arrives, from the sending; later than the timeout it is one.
  std::chrono::milliseconds delay{10};
  Reply reply = {};
  /// Another one arrives so long after it, and says `again`.
  std::optional<std::chrono::milliseconds> again_after = std::nullopt;
  Reply again = {};
};

Fate predicts(double prediction, std::chrono::milliseconds delay = std::chrono::milliseconds(10));
Fate never_answers();

class SimulatedCourier final : public Courier {
 public:
  /// Decides what becomes of each request.
  using Behaviour = std::function<Fate(const Ask&)>;

  SimulatedCourier(assay::testing::FakeClock& clock, Behaviour behaviour)
      : clock_(&clock), behaviour_(std::move(behaviour)) {}

  Status run(const AskSource& source, const ReplySink& sink) override;

  /// All that was sent. Order: of sending.
  const std::vector<Ask>& sent() const { return sent_; }

 private:
  struct Arrival {
    std::uint64_t id = 0;
    Reply reply = {};
  };
  void send(const Ask& ask);
  std::chrono::nanoseconds now() const { return clock_->monotonic(); }

  assay::testing::FakeClock* clock_;
  Behaviour behaviour_;
  std::vector<Ask> sent_;
  std::multimap<std::chrono::nanoseconds, Arrival> arrivals_;
};

}  // namespace assay::validator::testing
