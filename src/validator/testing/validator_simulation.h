/// \file
/// A validator on simulated time, disk, miners, network and chain, all from one seed. It dies
/// anywhere and starts again, and at each step what it has is compared with what it should have.

#pragma once

#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "keys/sr25519.h"
#include "protocol/replay_store.h"
#include "validator/chain_desk.h"
#include "validator/round_loop.h"
#include "validator/testing/expected_scores.h"
#include "validator/testing/memory_shelf.h"
#include "validator/testing/simulated_courier.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>

namespace assay::validator::testing {

/// A clock that somebody sets, over one that only goes on.
class SkewedClock final : public Clock {
 public:
  explicit SkewedClock(const Clock& true_clock) : true_clock_(&true_clock) {}

  Timestamp now() const override { return true_clock_->now() + skew; }
  std::chrono::nanoseconds monotonic() const override { return true_clock_->monotonic(); }

  std::chrono::milliseconds skew{0};

 private:
  const Clock* true_clock_;
};

/// What a network sees of the validator.
using Sight = std::tuple<std::chrono::nanoseconds, std::uint64_t, scoring::Uid, std::string,
                         std::chrono::milliseconds, std::string>;

struct SimulationOptions {
  enum class Deaths : std::uint8_t { kAnywhere, kNone };
  Deaths deaths = Deaths::kAnywhere;
  std::uint64_t num_rounds = 200;
  /// All images look the same, and only these labels are asked about.
  std::optional<scoring::Label> only = std::nullopt;
};

/// What came of it: who proves nothing has nothing here.
struct SimulationTally {
  std::uint64_t num_deaths = 0;
  std::uint64_t num_in_doubt = 0;           // deaths while a change was written
  std::uint64_t num_finished_by_death = 0;  // it was found on disk
  std::uint64_t num_stops = 0;
  std::uint64_t num_submissions = 0;
  std::uint64_t num_requests = 0;
  std::uint64_t num_repeated = 0;
  std::uint64_t num_refused_for_skew = 0;
  std::uint64_t num_replaced = 0;
  std::uint64_t num_added = 0;

  bool operator==(const SimulationTally&) const = default;
};

/// A failed comparison is a failure of the test that runs it.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, const SimulationOptions& options = {});

  /// Run, die, and start again until all rounds are done.
  void run();

  const SimulationTally& tally() const { return tally_; }
  /// All that was sent before its replies were in. Order: of sending.
  const std::vector<Sight>& sights() const { return sights_; }

 private:
  keys::Hotkey new_hotkey();
  void add_member(const keys::Hotkey& hotkey, std::uint64_t stake_tao);
  /// Power lost at a step of the disk; a kill, a loss of power or a stop at a step of the courier.
  void plan_death();
  /// Whether the planned death comes here.
  Status step();
  /// Of the first request of a round only: whether the miner, by its own clock, takes it, and not
  /// once more.
  bool is_taken_by_miner(const Ask& ask);
  Fate fate_of(const Ask& ask);
  /// What the chain, its members and the clock do meanwhile.
  void let_the_world_go_on();
  void change_members();
  /// What is on disk is what was expected, or this and the step that was under way.
  void recover(const StateStore& state);
  Result<NextAsk> watch_source(const AskSource& source);
  Status watch_sink(const ReplySink& sink, std::uint64_t id, const Reply& reply);
  void read_label(const Ask& ask);
  /// Should it die now, this challenge may count.
  void remember_maybe(std::uint64_t challenge);
  Status after_round(const RoundRecord& record, const RoundResult& result, const StateStore& state);
  /// The weights that landed during a step are those of the expected scores.
  void check_new_weights(const ChainDesk& desk);
  void check_submissions();
  Status tend_chain(ChainDesk& desk, const StateStore& state);
  Status run_once();

  SimulationOptions simulated_;
  assay::testing::FakeClock true_clock_;
  SkewedClock clock_{true_clock_};
  SeededRandom random_;  // of the validator
  SeededRandom world_;   // of all that happens to it
  keys::KeyPair self_;
  std::unique_ptr<protocol::Scheme> scheme_;
  std::map<scoring::Uid, protocol::ReplayStore> seen_by_;
  files::testing::SimulatedFileSystem file_system_;
  MemoryShelf shelf_;
  std::shared_ptr<chain::testing::ScriptedChain> chain_;
  RoundOptions options_;
  StateOptions state_options_;
  ExpectedScores expected_;
  std::optional<ExpectedScores> maybe_;  // if the step under way is on disk
  std::uint64_t in_doubt_ = 0;
  std::shared_ptr<const NetworkView> handed_out_;
  double label_ = 0;  // of the challenge that is being sent
  std::uint64_t steps_left_ = 0;
  bool is_killed_ = false;
  bool is_stopped_ = false;
  std::stop_source stop_;
  std::chrono::nanoseconds next_block_ = true_clock_.monotonic();
  std::chrono::nanoseconds next_desk_step_{0};
  std::size_t num_keys_ = 0;
  std::vector<Sight> sights_;
  SimulationTally tally_;
};

}  // namespace assay::validator::testing
