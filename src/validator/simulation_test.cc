// A validator on simulated time, disk, miners and chain: whatever goes wrong, and wherever it is
// killed, each round counts once, weights are always valid, and scores are those of the answers.

#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "validator/chain_desk.h"
#include "validator/round_loop.h"
#include "validator/testing/memory_shelf.h"
#include "validator/testing/simulated_courier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;
using chain::testing::Fault;
using chain::testing::made_up_hotkey;
using chain::testing::ScriptedChain;
using chain::testing::ScriptedNetwork;
using testing::Fate;
using testing::never_answers;
using testing::predicts;

constexpr std::size_t kNumMiners = 9;
constexpr std::uint64_t kNumRounds = 80;

using Picture = std::vector<std::tuple<std::string, float, std::size_t>>;

/// The scores and answers of all slots, as far as they can be told from outside.
Picture picture_of(const scoring::ScoreBook& book) {
  Picture picture;
  for (const scoring::MinerState& miner : book.miners()) {
    picture.emplace_back(miner.hotkey, miner.score, miner.windows.recent.size());
  }
  return picture;
}

/// A slot that has changed hands since the last look begins with nothing; all others are as before.
void expect_same(const Picture& seen, const Picture& before) {
  for (std::size_t uid = 0; uid < seen.size(); ++uid) {
    const auto& [hotkey, score, num_answers] = seen[uid];
    const bool is_same = uid < before.size() && std::get<0>(before[uid]) == hotkey;
    EXPECT_EQ(score, is_same ? std::get<1>(before[uid]) : 0) << uid;
    EXPECT_EQ(num_answers, is_same ? std::get<2>(before[uid]) : 0) << uid;
  }
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), world_(seed ^ 0x5eedU) {
    chain::Hyperparameters rules;
    rules.tempo = 6;
    rules.weights_rate_limit = 4;
    rules.min_allowed_weights = 1;
    chain_ = std::make_shared<ScriptedChain>(chain::testing::ScriptedChainOptions{.rules = rules});
    for (std::uint8_t i = 0; i <= kNumMiners; ++i) add_member(i, i == 0);
    options_.interval = 4s;
    options_.sample_size = 5;
    options_.challenge.augmentation.side = 16;
  }

  /// Run, die, and start again until all rounds are done. Returns how often it died.
  int run() {
    int num_deaths = 0;
    while (num_scored_ < kNumRounds) {
      if (world_.below(3) > 0) {
        file_system_.cut_power_at(file_system_.num_operations() + 1 + world_.below(400));
      }
      const Status ended = run_once();
      if (ended) break;
      EXPECT_TRUE(num_deaths < 500) << "no progress: " << ended.error().message;
      if (num_deaths >= 500) break;
      ++num_deaths;
      file_system_.crash(world_);
    }
    // Even when it ends well: what it said is done must last.
    file_system_.crash(world_);
    return num_deaths;
  }

  void check_end() {
    auto state = StateStore::open(file_system_, "/state", {});
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_GE(state->num_rounds(), kNumRounds);
    for (const chain::testing::TakenWeights& taken : chain_->taken()) {
      EXPECT_FALSE(taken.weights.empty());
      std::set<chain::Uid> uids;
      std::uint16_t most = 0;
      for (const chain::WeightEntry& entry : taken.weights) {
        EXPECT_TRUE(uids.insert(entry.uid).second) << "a uid twice";
        EXPECT_GT(entry.weight, 0);
        most = std::max(most, entry.weight);
      }
      EXPECT_EQ(most, 65'535);
    }
    const auto taken = chain_->taken();
    for (std::size_t i = 1; i < taken.size(); ++i) {
      EXPECT_GE(taken[i].block - taken[i - 1].block, 4U) << "faster than the chain lets";
    }
  }

  std::size_t num_submissions() const { return chain_->taken().size(); }
  std::uint64_t num_requests() const { return num_requests_; }

 private:
  void add_member(std::uint8_t number, bool is_validator) {
    chain_->add({.hotkey = made_up_hotkey(number),
                 .axon = chain::Axon{.ip = "10.0.0.1", .port = 8000},
                 .total_stake_rao = is_validator ? 90'000 * chain::kRaoPerTao : 0,
                 .has_validator_permit = is_validator,
                 .last_update = 1000});
  }

  Fate fate_of(const Ask& ask) {
    ++num_requests_;
    Fate fate = predicts(world_.unit(), std::chrono::milliseconds(world_.below(3'000)));
    switch (world_.below(10)) {
      case 0:
        fate = never_answers();
        break;
      case 1:
        fate.reply = {.kind = ReplyKind::kOutOfRange, .http_status = 200};
        break;
      case 2:
        fate.again_after = std::chrono::milliseconds(world_.below(20'000));
        break;
      case 3:
        fate = {.delay = 1ms, .reply = {.kind = ReplyKind::kUnreachable}};
        break;
      default:
        break;
    }
    if (ask.miner.uid == 1) fate.reply = predicts(0.75).reply;
    return fate;
  }

  /// What the chain and its members do meanwhile.
  void let_the_world_go_on() {
    const auto now = clock_.monotonic();
    while (now >= next_block_) {
      next_block_ += 12s;
      chain_->pass_blocks(1);
      const std::uint64_t what = world_.below(60);
      if (what == 0)
        chain_->replace(static_cast<chain::Uid>(1 + world_.below(kNumMiners)),
                        made_up_hotkey(static_cast<std::uint8_t>(100 + num_new_++)));
      if (what == 1 && num_grown_ < 3)
        add_member(static_cast<std::uint8_t>(50 + num_grown_++), false);
      constexpr std::array kFaults = {Fault::kUnavailable,     Fault::kTimeout,
                                      Fault::kRateLimited,     Fault::kOutcomeUnknownLanded,
                                      Fault::kVersionMismatch, Fault::kOutcomeUnknownLost,
                                      Fault::kPermitLost};
      if (what >= 2 && what < 12) chain_->fail_next(kFaults.at(world_.below(kFaults.size())));
    }
  }

  Status run_once() {
    ASSIGN_OR_RETURN(StateStore state, StateStore::open(file_system_, "/state", {}));
    // What was acknowledged is there, once; and maybe the one round that was being written.
    EXPECT_GE(state.num_rounds(), num_scored_);
    EXPECT_LE(state.num_rounds(), num_scored_ + 1);
    if (state.num_rounds() == num_scored_ && picture_) {
      expect_same(picture_of(state.book()), *picture_);
    }
    num_scored_ = state.num_rounds();
    picture_ = picture_of(state.book());
    ASSIGN_OR_RETURN(RoundLog log,
                     RoundLog::open(file_system_, "/state", {}, [](const RoundRecord&) {}));
    ScriptedNetwork network(chain_, made_up_hotkey(0));
    ChainDesk desk({.network = network, .clock = clock_, .file_system = file_system_}, "/state",
                   {.block_interval = 6s, .metagraph_interval = 24s, .landing_blocks = 3});
    testing::SimulatedCourier courier(clock_, [this](const Ask& ask) { return fate_of(ask); });
    RoundOptions options = options_;
    options.num_rounds = kNumRounds - std::min(kNumRounds, num_scored_);
    if (options.num_rounds == 0) return {};
    std::chrono::nanoseconds next_step{0};
    RoundLoop loop(
        {.clock = clock_, .random = random_, .shelf = shelf_, .state = state, .log = log}, options,
        {.view = [&] { return desk.state().view; },
         .tick = [&] -> Status {
           let_the_world_go_on();
           picture_ = picture_of(state.book());
           if (clock_.monotonic() < next_step) return {};
           if (state.num_rounds() > 0) desk.offer(offer_of(state));
           ASSIGN_OR_RETURN(next_step, desk.step({}));
           return {};
         },
         .on_round = [&](const RoundRecord& record, const RoundResult& result) -> Status {
           EXPECT_EQ(result.number, num_scored_ + 1);
           num_scored_ = result.number;
           picture_ = picture_of(state.book());
           EXPECT_LE(result.steps.size(), record.miners.size());
           for (const scoring::ScoreStep& step : result.steps) {
             EXPECT_GE(step.reward, 0);
             EXPECT_LE(step.reward, 1);
           }
           return {};
         }});
    return loop.run(courier, {});
  }

  static ScoreOffer offer_of(const StateStore& state) {
    ScoreOffer offer{.scores = state.book().scores()};
    for (const scoring::MinerState& miner : state.book().miners()) {
      offer.hotkeys.push_back(miner.hotkey);
    }
    return offer;
  }

  assay::testing::FakeClock clock_;
  SeededRandom random_;  // of the validator
  SeededRandom world_;   // of all that happens to it
  files::testing::SimulatedFileSystem file_system_;
  testing::MemoryShelf shelf_;
  std::shared_ptr<ScriptedChain> chain_;
  RoundOptions options_;
  std::uint64_t num_scored_ = 0;
  std::uint64_t num_requests_ = 0;
  std::optional<Picture> picture_;
  std::chrono::nanoseconds next_block_ = clock_.monotonic();
  std::uint8_t num_new_ = 0;
  std::uint8_t num_grown_ = 0;
};

std::uint64_t num_seeds() {
  const char* const given = std::getenv("ASSAY_SIMULATION_SEEDS");
  return given == nullptr ? 12 : std::strtoull(given, nullptr, 10);
}

TEST(Simulation, EveryRoundCountsOnceWhateverHappens) {
  int num_deaths = 0;
  std::size_t num_submissions = 0;
  for (std::uint64_t seed = 1; seed <= num_seeds(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed);
    num_deaths += simulation.run();
    simulation.check_end();
    num_submissions += simulation.num_submissions();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(num_deaths, 0);
  EXPECT_GT(num_submissions, 0U);
}

TEST(Simulation, TheSameSeedIsTheSameWorld) {
  Simulation first(5);
  Simulation second(5);
  EXPECT_EQ(first.run(), second.run());
  EXPECT_EQ(first.num_requests(), second.num_requests());
  EXPECT_EQ(first.num_submissions(), second.num_submissions());
}

}  // namespace
}  // namespace assay::validator
