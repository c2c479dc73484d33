#include "validator/testing/validator_simulation.h"

#include "protocol/image_messages.h"
#include "protocol/legacy.h"
#include "validator/http_courier.h"
#include "validator/testing/scripted_miner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>
#include <variant>

namespace assay::validator::testing {
namespace {

using namespace std::chrono_literals;
using chain::testing::Fault;
using chain::testing::made_up_hotkey;
using chain::testing::ScriptedChain;
using chain::testing::ScriptedNetwork;
using scoring::Label;

constexpr std::size_t kNumMiners = 9;
constexpr int kMaxDeaths = 400;
constexpr chain::BlockCount kRateLimit = 4;

/// Looks at all that passes between the validator and its courier.
class WatchedCourier final : public Courier {
 public:
  using WrapSource = std::function<Result<NextAsk>(const AskSource&)>;
  using WrapSink = std::function<Status(const ReplySink&, std::uint64_t, const Reply&)>;

  WatchedCourier(Courier& courier, WrapSource wrap_source, WrapSink wrap_sink)
      : courier_(&courier), source_(std::move(wrap_source)), sink_(std::move(wrap_sink)) {}

  Status run(const AskSource& source, const ReplySink& sink) override {
    return courier_->run(
        [&] { return source_(source); },
        [&](std::uint64_t id, const Reply& reply) { return sink_(sink, id, reply); });
  }

 private:
  Courier* courier_;
  WrapSource source_;
  WrapSink sink_;
};

}  // namespace

Simulation::Simulation(std::uint64_t seed, const SimulationOptions& options)
    : simulated_(options),
      random_(seed),
      world_(seed ^ 0x5eedU),
      self_(test_keys(1)),
      scheme_(make_scheme(static_cast<WireProtocol>(seed % 3))),
      state_options_({.formula = static_cast<scoring::Formula>(seed / 3 % 2),
                      .answers_per_snapshot = std::array{30U, 200U, 16'384U}.at(seed % 3)}),
      expected_(state_options_.formula) {
  chain::Hyperparameters rules;
  rules.tempo = 6;
  rules.weights_rate_limit = kRateLimit;
  rules.min_allowed_weights = 1;
  chain_ = std::make_shared<ScriptedChain>(chain::testing::ScriptedChainOptions{.rules = rules});
  add_member(self_.hotkey(), 90'000);
  for (std::size_t i = 0; i < kNumMiners; ++i) add_member(new_hotkey(), 0);
  options_.interval = 4s;
  options_.sample_size = 3 + world_.below(5);
  options_.max_in_flight = 1 + world_.below(4);
  options_.challenge.augmentation.side = 16;
  if (simulated_.only) {
    shelf_.make_all_alike();
    options_.mix.present_share = simulated_.only == Label::kPresent ? 1 : 0;
  }
}

void Simulation::run() {
  while (expected_.num_rounds() < simulated_.num_rounds && !::testing::Test::HasFailure()) {
    ASSERT_LT(tally_.num_deaths, kMaxDeaths) << "no progress";
    plan_death();
    const Status ended = run_once();
    if (ended && expected_.num_rounds() >= simulated_.num_rounds) break;
    if (ended) continue;
    ASSERT_TRUE(simulated_.deaths == SimulationOptions::Deaths::kAnywhere) << ended.error().message;
    ++tally_.num_deaths;
    is_killed_ ? file_system_.kill() : file_system_.crash(world_);
  }
  // Even when it ends well: what it said is done must last.
  file_system_.crash(world_);
  auto state = StateStore::open(file_system_, "/state", state_options_);
  ASSERT_TRUE(state) << state.error().message;
  recover(*state);
  check_submissions();
}

keys::Hotkey Simulation::new_hotkey() {
  return made_up_hotkey(static_cast<std::uint8_t>(10 + num_keys_++));
}

void Simulation::add_member(const keys::Hotkey& hotkey, std::uint64_t stake_tao) {
  chain_->add({.hotkey = hotkey,
               .axon = chain::Axon{.ip = "10.0.0.1", .port = 8000},
               .total_stake_rao = stake_tao * chain::kRaoPerTao,
               .has_validator_permit = stake_tao > 0,
               .last_update = 1000});
}

void Simulation::plan_death() {
  steps_left_ = 0;
  is_killed_ = false;
  stop_ = std::stop_source();
  if (simulated_.deaths == SimulationOptions::Deaths::kNone) return;
  if (world_.below(2) == 0) {
    file_system_.cut_power_at(file_system_.num_operations() + 1 + world_.below(60));
    return;
  }
  constexpr std::array kLongest = {30U, 400U, 3'000U};
  steps_left_ = 1 + world_.below(kLongest.at(world_.below(kLongest.size())));
  is_killed_ = world_.below(2) == 0;
  is_stopped_ = world_.below(4) == 0;
}

Status Simulation::step() {
  if (steps_left_ == 0) return {};
  --steps_left_;
  if (steps_left_ > 0) return {};
  if (!is_stopped_) return cancelled("killed");
  ++tally_.num_stops;
  stop_.request_stop();
  return {};
}

bool Simulation::is_taken_by_miner(const Ask& ask) {
  if (ask.id % 0x1'0000 != 0) return true;
  const auto headers =
      scheme_->sign({.target = "/ImageSynapse", .body = *ask.body, .receiver = ask.miner.hotkey},
                    self_, clock_.now(), random_);
  EXPECT_TRUE(headers);
  constexpr std::array kSkews = {0ms, 900ms, -1'500ms, 3'600'000ms};
  const auto skew = kSkews.at(ask.miner.uid % kSkews.size());
  const auto miner_now = true_clock_.now() + skew;
  const auto verdict = scheme_->verify(
      {.method = "POST", .target = "/ImageSynapse", .headers = *headers, .body = *ask.body},
      ask.miner.hotkey, miner_now);
  const auto* authentic = std::get_if<protocol::Authentic>(&verdict);
  if (clock_.skew == skew) {
    EXPECT_NE(authentic, nullptr) << "clocks agree";
  } else if (authentic != nullptr) {
    EXPECT_LT(std::chrono::abs(clock_.skew - skew), 1min);
  }
  if (authentic == nullptr) {
    ++tally_.num_refused_for_skew;
    return false;
  }
  protocol::ReplayStore& seen = seen_by_[ask.miner.uid];
  const bool is_new = seen.remember(*authentic, miner_now) == protocol::ReplayAnswer::kNew;
  // The legacy headers count upwards: there, a clock that was set back is a repetition.
  EXPECT_TRUE(is_new || scheme_->name() == protocol::Legacy().name());
  EXPECT_EQ(seen.remember(*authentic, miner_now), protocol::ReplayAnswer::kSeen);
  return is_new;
}

Fate Simulation::fate_of(const Ask& ask) {
  ++tally_.num_requests;
  Fate fate = predicts(world_.unit(), std::chrono::milliseconds(world_.below(3'000)));
  switch (world_.below(10)) {
    case 0:
      fate = never_answers();
      break;
    case 1:
      fate.reply = {.kind = ReplyKind::kOutOfRange, .http_status = 200};
      break;
    case 2:
      ++tally_.num_repeated;
      fate.again_after = std::chrono::milliseconds(world_.below(20'000));
      fate.again = predicts(1 - fate.reply.prediction).reply;
      break;
    case 3:
      fate = {.delay = 1ms, .reply = {.kind = ReplyKind::kUnreachable}};
      break;
    case 4:
      fate.delay = std::chrono::milliseconds(8'900 + world_.below(200));
      break;
    default:
      break;
  }
  // One who knows, so that somebody always has a score.
  if (ask.miner.uid == 1 && !simulated_.only) fate.reply = predicts(0.9 * label_ + 0.05).reply;
  if (!is_taken_by_miner(ask)) {
    fate.reply = {.kind = ReplyKind::kRefused, .http_status = 401};
  }
  return fate;
}

void Simulation::let_the_world_go_on() {
  while (true_clock_.monotonic() >= next_block_) {
    next_block_ += 6s;
    chain_->pass_blocks(1);
    change_members();
    const std::uint64_t what = world_.below(30);
    constexpr std::array kFaults = {Fault::kUnavailable,     Fault::kTimeout,
                                    Fault::kRateLimited,     Fault::kOutcomeUnknownLanded,
                                    Fault::kVersionMismatch, Fault::kOutcomeUnknownLost,
                                    Fault::kPermitLost};
    if (what < 6) chain_->fail_next(kFaults.at(world_.below(kFaults.size())));
    if (what == 6) clock_.skew = std::chrono::milliseconds(world_.below(3'000)) - 1'500ms;
    if (what == 7) clock_.skew = world_.below(2) == 0 ? 2h : -2h;
    if (what == 8) clock_.skew = 0ms;
    if (what == 9) shelf_.num_images.at(world_.below(kNumCells)) = world_.below(2);
  }
}

void Simulation::change_members() {
  const auto uid = static_cast<chain::Uid>(2 + world_.below(kNumMiners - 1));
  switch (world_.below(20)) {
    case 0: {  // a newcomer, who begins to serve at once or never
      const keys::Hotkey hotkey = new_hotkey();
      chain_->replace(uid, hotkey);
      if (world_.below(3) > 0) add_member(hotkey, 0);
      ++tally_.num_replaced;
      break;
    }
    case 1:
      if (tally_.num_added == 12) break;
      ++tally_.num_added;
      add_member(new_hotkey(), 0);
      break;
    case 2:  // a miner becomes a validator, or one of these a miner again
      add_member(chain_->metagraph().neurons.at(uid).hotkey, world_.below(2) * 80'000);
      break;
    default:
      break;
  }
}

void Simulation::recover(const StateStore& state) {
  std::string difference = expected_.difference(state.book());
  if (expected_.num_rounds() != state.num_rounds()) difference = "the number of rounds";
  if (maybe_) ++tally_.num_in_doubt;
  if (!difference.empty() && maybe_) {
    ++tally_.num_finished_by_death;
    expected_ = *maybe_;
    EXPECT_EQ(expected_.difference(state.book()), "") << "and not " << difference;
    EXPECT_EQ(expected_.num_rounds(), state.num_rounds()) << difference;
  } else {
    EXPECT_EQ(difference, "");
  }
  maybe_.reset();
  expected_.die();
}

Result<NextAsk> Simulation::watch_source(const AskSource& source) {
  RETURN_IF_ERROR(step());
  handed_out_.reset();
  // A stop ends rounds from here, the oldest first.
  if (stop_.stop_requested()) remember_maybe(expected_.first_to_end());
  auto next = source();
  if (!next && handed_out_) {
    maybe_ = expected_;
    maybe_->follow(handed_out_);
  }
  if (!next) return next;
  maybe_.reset();
  if (handed_out_) expected_.follow(handed_out_);
  const auto* ask = std::get_if<Ask>(&*next);
  if (ask == nullptr) return next;
  if (!expected_.is_out(challenge_of(ask->id))) read_label(*ask);
  expected_.sent(*ask, label_ > 0.5 ? Label::kPresent : Label::kAbsent);
  if (simulated_.only) {
    sights_.emplace_back(true_clock_.monotonic(), ask->id, ask->miner.uid,
                         ask->miner.hotkey.to_ss58(), ask->timeout, *ask->body);
  }
  return next;
}

Status Simulation::watch_sink(const ReplySink& sink, std::uint64_t id, const Reply& reply) {
  RETURN_IF_ERROR(step());
  expected_.replied(id, reply);
  remember_maybe(challenge_of(id));
  RETURN_IF_ERROR(sink(id, reply));
  maybe_.reset();
  return step();
}

void Simulation::read_label(const Ask& ask) {
  if (simulated_.only) {
    label_ = *simulated_.only == Label::kPresent ? 1 : 0;
    return;
  }
  const auto request = protocol::parse_image_request(*ask.body);
  ASSERT_TRUE(request);
  label_ = brightness_of(request->image);
}

void Simulation::remember_maybe(std::uint64_t challenge) {
  in_doubt_ = challenge;
  maybe_.reset();
  if (challenge == 0 || !expected_.is_out(challenge)) return;
  maybe_ = expected_;
  maybe_->count(challenge);
}

Status Simulation::after_round(const RoundRecord& record, const RoundResult& result,
                               const StateStore& state) {
  EXPECT_EQ(record.challenge, in_doubt_) << "no challenge counts before its replies are in";
  expected_.count(record.challenge);
  EXPECT_EQ(result.number, expected_.num_rounds()) << "each round counts once";
  EXPECT_EQ(expected_.difference(state.book()), "");
  for (const scoring::ScoreStep& step : result.steps) {
    EXPECT_GE(step.reward, 0);
    EXPECT_LE(step.reward, 1);
  }
  if (stop_.stop_requested()) remember_maybe(expected_.first_to_end());
  return {};
}

void Simulation::check_new_weights(const ChainDesk& desk) {
  const auto taken = chain_->taken();
  if (taken.size() == tally_.num_submissions) return;
  ASSERT_EQ(taken.size(), ++tally_.num_submissions) << "twice in a step";
  const auto view = desk.state().view;
  const auto weights =
      scoring::weights_of(expected_.scores_in(*view), weight_options({}, view->rules)).weights;
  ASSERT_EQ(taken.back().weights.size(), weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(taken.back().weights[i].uid, weights[i].uid);
    EXPECT_EQ(taken.back().weights[i].weight, weights[i].weight);
  }
  EXPECT_EQ(taken.back().uid, 0) << "for itself";
}

void Simulation::check_submissions() {
  const auto taken = chain_->taken();
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_FALSE(taken[i].weights.empty());
    std::set<chain::Uid> uids;
    std::uint16_t most = 0;
    for (const chain::WeightEntry& entry : taken[i].weights) {
      EXPECT_TRUE(uids.insert(entry.uid).second) << "a uid twice";
      EXPECT_LT(entry.uid, chain_->metagraph().neurons.size());
      EXPECT_GT(entry.weight, 0);
      most = std::max(most, entry.weight);
    }
    EXPECT_EQ(most, 65'535);
    if (i == 0) continue;
    EXPECT_GE(taken[i].block - taken[i - 1].block, kRateLimit) << "too fast";
  }
}

Status Simulation::tend_chain(ChainDesk& desk, const StateStore& state) {
  let_the_world_go_on();
  if (true_clock_.monotonic() < next_desk_step_) return {};
  if (state.num_rounds() > 0) {
    ScoreOffer offer{.scores = state.book().scores()};
    for (const auto& miner : state.book().miners()) offer.hotkeys.push_back(miner.hotkey);
    desk.offer(std::move(offer));
  }
  const auto next = desk.step({});
  check_new_weights(desk);
  if (next) next_desk_step_ = *next;
  return next ? Status() : Status(std::unexpected(next.error()));
}

Status Simulation::run_once() {
  ASSIGN_OR_RETURN(StateStore state, StateStore::open(file_system_, "/state", state_options_));
  recover(state);
  ASSIGN_OR_RETURN(RoundLog log,
                   RoundLog::open(file_system_, "/state", {}, [](const RoundRecord&) {}));
  ScriptedNetwork network(chain_, self_.hotkey());
  ChainDesk desk({.network = network, .clock = clock_, .file_system = file_system_}, "/state",
                 {.block_interval = 6s, .metagraph_interval = 24s, .landing_blocks = 3});
  SimulatedCourier wire(true_clock_, [this](const Ask& ask) { return fate_of(ask); });
  WatchedCourier courier(
      wire, [this](const AskSource& source) { return watch_source(source); },
      [this](const ReplySink& sink, std::uint64_t id, const Reply& reply) {
        return watch_sink(sink, id, reply);
      });
  RoundOptions options = options_;
  if (expected_.num_rounds() >= simulated_.num_rounds) return {};
  options.num_rounds = simulated_.num_rounds - expected_.num_rounds();
  next_desk_step_ = {};
  RoundLoop loop(
      {.clock = clock_, .random = random_, .shelf = shelf_, .state = state, .log = log}, options,
      {.view =
           [&] {
             const auto view = desk.state().view;
             if (view && view != expected_.view()) handed_out_ = view;
             return view;
           },
       .tick = [&] { return tend_chain(desk, state); },
       .on_round = [&](const RoundRecord& record,
                       const RoundResult& result) { return after_round(record, result, state); }});
  return loop.run(courier, stop_.get_token());
}

}  // namespace assay::validator::testing
