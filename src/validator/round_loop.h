/// \file
/// Challenge after challenge: an image is chosen and varied, all chosen miners are asked at once,
/// their answers scored and saved. Rounds overlap, so that a slow miner holds up nobody else.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "validator/challenge.h"
#include "validator/challenge_mix.h"
#include "validator/courier.h"
#include "validator/image_shelf.h"
#include "validator/network_view.h"
#include "validator/round_export.h"
#include "validator/round_log.h"
#include "validator/state_store.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::validator {

struct RoundOptions {
  /// Miners of a round.
  std::size_t sample_size = 10;
  /// Of each request, from when it leaves.
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
  /// From the begin of one round to that of the next: 1,200 an hour.
  std::chrono::milliseconds interval = std::chrono::seconds(3);
  /// 0: without end.
  std::uint64_t num_rounds = 0;
  /// Rounds that wait for replies; the next one begins when one of them ends.
  std::size_t max_in_flight = 8;
  /// After a stop, for the replies that are still out.
  std::chrono::milliseconds stop_grace = std::chrono::seconds(7);
  /// Who has a permit and more stake is a validator, and is not asked.
  double validator_stake_limit = scoring::kValidatorStakeLimit;
  /// The folder of the cache, for messages.
  std::string cache_name = {};
  ChallengeOptions challenge = {};
  MixOptions mix = {};
};

/// Those of them that may change while the loop runs.
struct LiveRoundOptions {
  std::size_t sample_size = 10;
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
  std::chrono::milliseconds interval = std::chrono::seconds(3);
  MixOptions mix = {};
};

/// What the loop works with; all outlive it.
struct RoundTools {
  const Clock& clock;
  RandomSource& random;
  ImageShelf& shelf;
  StateStore& state;
  RoundLog& log;
};

struct RoundCounts {
  std::uint64_t num_begun = 0;
  std::uint64_t num_scored = 0;
  /// Times that a round was due and could not be.
  std::uint64_t num_skipped = 0;
  std::uint64_t num_asked = 0;
  std::uint64_t num_answered = 0;
  std::optional<Timestamp> last_finished = std::nullopt;
};

/// What the loop asks of, and tells, those around it. Called on the thread of run().
struct RoundHooks {
  /// The network as it is now; null while it is not known.
  std::function<std::shared_ptr<const NetworkView>()> view;
  /// Called often, whatever else happens. An error ends the loop with it.
  std::function<Status()> tick = [] { return Status(); };
  /// A round is scored and on disk.
  std::function<Status(const RoundRecord& record, const RoundResult& result)> on_round;
  /// The same round, with what its miners were sent; null: nobody asks for it.
  std::function<void(FinishedRound round)> on_finished = nullptr;
};

/// Threads: one thread at a time.
class RoundLoop {
 public:
  RoundLoop(const RoundTools& tools, const RoundOptions& options, RoundHooks hooks);

  /// Ask until `stop`, or for as many rounds as there are to be. After a stop no round begins, and
  /// those that wait for replies end, at the latest after `stop_grace`: miners that did not answer
  /// by then are not blamed.
  /// Errors: those of the courier, the state, the log and the hooks. Rounds that are on disk count;
  ///         the others never took place.
  Status run(Courier& courier, const std::stop_token& stop);

  /// From the next round on; those that are out keep what they began with.
  void change(const LiveRoundOptions& options);

  const RoundCounts& counts() const { return counts_; }
  const ChallengeMix& mix() const { return mix_; }
  const PerCell<std::uint64_t>& stock() const { return stock_; }
  std::size_t num_in_flight() const { return flights_.size(); }
  /// Why no round could begin when one was due; empty when it could.
  const std::string& problem() const { return problem_; }

 private:
  /// A round that waits for replies.
  struct Flight {
    RoundRecord record;
    std::shared_ptr<const std::string> body;
    std::vector<MinerAddress> miners = {};  // beside record.miners
    std::vector<bool> is_replied = {};
    std::size_t num_sent = 0;
    std::size_t num_replied = 0;
    std::chrono::nanoseconds begun{0};
  };

  /// Errors of all: as run().
  Result<NextAsk> next_ask();
  Status take_reply(std::uint64_t id, Reply reply);
  Result<bool> begin_round();
  Result<std::optional<Flight>> prepare(const NetworkView& view,
                                        std::span<const scoring::Uid> eligible);
  Status follow_members(const std::shared_ptr<const NetworkView>& view);
  Status finish(std::uint64_t challenge);
  Round scored_part(const RoundRecord& record) const;
  void skip(std::string problem);
  void skip_for(const Error& error);
  void tell_of_broken_image(const Error& error);

  RoundTools tools_;
  RoundOptions options_;
  RoundHooks hooks_;
  ChallengeMix mix_;
  PerCell<std::uint64_t> stock_{};
  RoundCounts counts_;
  std::string problem_;
  std::uint64_t num_untold_images_ = 0;  // broken ones, since the last line about them
  std::optional<std::chrono::nanoseconds> next_image_line_;
  std::shared_ptr<const NetworkView> view_;
  std::map<std::uint64_t, Flight> flights_;  // by challenge
  std::uint64_t next_challenge_;
  std::chrono::nanoseconds next_due_{0};
  std::stop_token stop_;
  std::optional<std::chrono::nanoseconds> stop_deadline_;
  bool is_abandoned_ = false;
};

}  // namespace assay::validator
