#include "validator/validator_run.h"

#include "chain/local_network.h"
#include "chain/testing/scripted_network.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/testing/temporary_folder.h"
#include "validator/http_courier.h"
#include "validator/round_log.h"
#include "validator/status.h"
#include "validator/testing/memory_shelf.h"
#include "validator/testing/scripted_miner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;
using net::testing::http_reply;
using testing::brightness_of;
using testing::MemoryShelf;
using testing::prediction_reply;
using testing::ScriptedMiner;
using testing::test_keys;

constexpr std::uint64_t kManyRao = 50'000 * chain::kRaoPerTao;

/// A network in a file, a validator with uid 0, and miners behind it.
class ValidatorRun : public ::testing::Test {
 protected:
  ValidatorRun() {
    chain::Hyperparameters rules;
    rules.tempo = 5;
    rules.weights_rate_limit = 3;
    EXPECT_TRUE(chain::create_local_network(network_path(), {.block_time = 20ms, .rules = rules},
                                            system_clock()));
    join(keys_.hotkey(), kManyRao, true);
    options_.folder = folder_.path() / "state";
    options_.rounds.interval = 30ms;
    // Long enough for a machine that has much else to do.
    options_.rounds.timeout = 3s;
    options_.rounds.num_rounds = 12;
    options_.chain.block_interval = 10ms;
    options_.chain.metagraph_interval = 30ms;
    options_.chain.landing_blocks = 0;
  }

  void TearDown() override { EXPECT_EQ(stuck_, ""); }

  std::filesystem::path network_path() const { return folder_.path() / "net.db"; }

  void join(const keys::Hotkey& hotkey, std::uint64_t stake, bool permit) const {
    EXPECT_TRUE(chain::register_neuron(
        network_path(), {.hotkey = hotkey, .stake_rao = stake, .has_validator_permit = permit},
        system_clock()));
  }

  void announce(const keys::Hotkey& hotkey, std::uint16_t port) const {
    auto network = chain::LocalNetwork::open(network_path(), hotkey, system_clock()).value();
    const auto outcome =
        network->serve_axon(chain::Netuid{1}, {.ip = "127.0.0.1", .port = port}, {});
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->result, chain::WriteResult::kAccepted) << outcome->message;
  }

  ScriptedMiner& add_miner(std::uint8_t number, ScriptedMiner::Behaviour behaviour) {
    miners_.push_back(
        std::make_unique<ScriptedMiner>(test_keys(number), keys_.hotkey(), std::move(behaviour)));
    join(miners_.back()->hotkey(), 0, false);
    announce(miners_.back()->hotkey(), miners_.back()->port());
    return *miners_.back();
  }

  Status run(const std::stop_token& stop = {}) {
    SeededRandom random(7);
    auto network =
        chain::LocalNetwork::open(network_path(), keys_.hotkey(), system_clock()).value();
    auto courier =
        HttpCourier::create({.sender = keys_, .clock = system_clock(), .random = random}).value();
    return run_validator({.file_system = files::posix_file_system(),
                          .clock = system_clock(),
                          .random = random,
                          .network = *network,
                          .courier = *courier,
                          .shelf = shelf_,
                          .jobs = jobs_,
                          .proxy = proxy_,
                          .stuck = what_is_stuck_},
                         options_, stop, [this](std::string_view reason) { stuck_ = reason; });
  }

  ValidatorStatus status() const {
    auto status = read_status(files::posix_file_system(), options_.folder);
    EXPECT_TRUE(status && *status) << (status ? "there is none" : status.error().message);
    return status && *status ? **status : ValidatorStatus();
  }

  std::vector<RoundRecord> records() const {
    std::vector<RoundRecord> records;
    EXPECT_TRUE(RoundLog::open(files::posix_file_system(), options_.folder, {},
                               [&](const RoundRecord& record) { records.push_back(record); }));
    return records;
  }

  files::testing::TemporaryFolder folder_;
  keys::KeyPair keys_ = test_keys(200);
  MemoryShelf shelf_;
  GenerationJobs* jobs_ = nullptr;
  OrganicProxy* proxy_ = nullptr;
  std::function<std::string(std::chrono::milliseconds)> what_is_stuck_;
  std::string stuck_;  // what the process would have ended for
  ValidatorOptions options_;
  std::vector<std::unique_ptr<ScriptedMiner>> miners_;
};

void wait_until(const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!is_so() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(is_so());
}

ScriptedMiner::Behaviour honest() {
  return [](std::span<const std::byte> image) { return prediction_reply(brightness_of(image)); };
}

TEST_F(ValidatorRun, ScoresMinersByWhatTheyDo) {
  add_miner(1, honest());
  add_miner(2, [](auto) { return prediction_reply(1); });
  add_miner(4, [](auto) { return ScriptedMiner::Reply{http_reply(200, R"({"prediction": 7})")}; });
  add_miner(5, [](auto) { return ScriptedMiner::Reply{http_reply(503, "busy")}; });
  join(test_keys(6).hotkey(), 0, false);
  announce(test_keys(6).hotkey(), 1);  // nobody listens there
  options_.rounds.timeout = 100s;      // none is late, however busy the machine
  const Status ended = run();
  ASSERT_TRUE(ended) << ended.error().message;

  const ValidatorStatus seen = status();
  EXPECT_EQ(seen.state, RunState::kStopped);
  EXPECT_EQ(seen.uid, 0);
  EXPECT_EQ(seen.rounds.num_scored, 12U);
  EXPECT_EQ(seen.rounds.num_asked, 12U * 5);
  ASSERT_EQ(seen.miners.size(), 5U);
  const auto count = [&](std::size_t miner, ReplyKind kind) {
    return seen.miners[miner].num_silent.at(static_cast<std::size_t>(kind));
  };
  EXPECT_EQ(seen.miners[0].num_answered, 12U);
  EXPECT_EQ(seen.miners[0].accuracy, 1);
  EXPECT_EQ(seen.miners[0].false_alarm_share, 0);
  EXPECT_GT(seen.miners[0].score, 0.2);
  EXPECT_EQ(seen.miners[1].false_alarm_share, 1);
  EXPECT_EQ(seen.miners[1].miss_share, 0);
  EXPECT_LT(seen.miners[1].score, seen.miners[0].score / 2);
  EXPECT_EQ(count(2, ReplyKind::kOutOfRange), 12U);
  EXPECT_EQ(count(3, ReplyKind::kRefused), 12U);
  EXPECT_EQ(count(4, ReplyKind::kUnreachable), 12U);
  for (std::size_t silent = 2; silent < 5; ++silent) EXPECT_EQ(seen.miners[silent].score, 0);
  EXPECT_EQ(seen.miners[0].weight, 65'535);
  for (const auto& miner : miners_) EXPECT_EQ(miner->num_refused(), 0);

  // Weights went to the chain, and it shows them.
  EXPECT_TRUE(seen.weights.result == "confirmed" || seen.weights.result == "pending")
      << seen.weights.result;
  auto network = chain::LocalNetwork::open(network_path(), keys_.hotkey(), system_clock()).value();
  const auto weights = network->weights_state(chain::Netuid{1}, {});
  ASSERT_TRUE(weights);
  EXPECT_FALSE(weights->weights.empty());
}

/// Has looked for the images of one miner, and found none.
class AbsentImages final : public GenerationJobs {
 public:
  explicit AbsentImages(const keys::Hotkey& liar) : liar_(liar.to_ss58()) {}
  Status between_rounds(const std::shared_ptr<const NetworkView>&) override { return {}; }
  std::map<std::string, JobCounts, std::less<>> counts() const override {
    return {{liar_, {.num_sent = 9, .num_claimed = 9, .num_missing = 9}}};
  }

 private:
  std::string liar_;
};

TEST_F(ValidatorRun, ClaimsOfAbsentImagesCostWeightButNoScore) {
  add_miner(1, honest());
  add_miner(2, honest());
  AbsentImages jobs(miners_[1]->hotkey());
  jobs_ = &jobs;
  options_.rounds.timeout = 100s;  // none is late, however busy the machine
  options_.formula = scoring::Formula::kCalibrated;
  // On a busy machine the last weights of a run may be of its first rounds, when nobody had earned
  // anything: the next run begins with the scores of this one.
  std::vector<chain::WeightEntry> set;
  for (int i = 0; i < 5 && set.size() != 2; ++i) {
    const Status ended = run();
    ASSERT_TRUE(ended) << ended.error().message;
    auto network =
        chain::LocalNetwork::open(network_path(), keys_.hotkey(), system_clock()).value();
    set = network->weights_state(chain::Netuid{1}, {}).value().weights;
  }
  const ValidatorStatus seen = status();
  ASSERT_EQ(seen.miners.size(), 2U);
  EXPECT_GT(seen.miners[0].score, 0.1);
  EXPECT_EQ(seen.miners[0].score, seen.miners[1].score);
  // 1 less the lower bound of nine of nine.
  EXPECT_NEAR(seen.miners[1].weight / 65'535.0, 0.231, 0.001);
  ASSERT_EQ(set.size(), 2U);
  EXPECT_EQ(set[1].weight, seen.miners[1].weight);
}

/// A chain of which this validator is a member, until it falls silent or stands still.
class FailingChain : public ValidatorRun {
 protected:
  FailingChain() {
    chain_->add(
        {.hotkey = keys_.hotkey(), .total_stake_rao = kManyRao, .has_validator_permit = true});
    options_.rounds.num_rounds = 0;
  }
  Status run_on_it(const std::function<void()>& when_it_runs) {
    chain::testing::ScriptedNetwork network(chain_, keys_.hotkey());
    auto courier =
        HttpCourier::create({.sender = keys_, .clock = system_clock(), .random = system_random()})
            .value();
    bool has_begun = false;
    return run_validator({.file_system = files::posix_file_system(),
                          .clock = system_clock(),
                          .random = system_random(),
                          .network = network,
                          .courier = *courier,
                          .shelf = shelf_,
                          .changes =
                              [&] {
                                if (!std::exchange(has_begun, true)) when_it_runs();
                                return std::optional<LiveOptions>();
                              }},
                         options_, {}, [this](std::string_view reason) { stuck_ = reason; });
  }

  std::shared_ptr<chain::testing::ScriptedChain> chain_ =
      std::make_shared<chain::testing::ScriptedChain>();
};

TEST_F(FailingChain, OneThatWasSilentForTooLongEndsTheValidator) {
  options_.max_chain_silence = 200ms;
  const Status ended =
      run_on_it([&] { chain_->fail_next(chain::testing::Fault::kUnavailable, 1'000'000); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(ended.error().message.starts_with("no block was read since"))
      << ended.error().message;
  EXPECT_EQ(status().problem, ended.error().message);
}

TEST_F(FailingChain, OneThatStandsStillForTooLongEndsTheValidator) {
  options_.max_chain_stall = 300ms;
  std::jthread blocks;
  const Status ended = run_on_it([&] {
    blocks = std::jthread([&](const std::stop_token& stop) {
      for (int i = 0; i < 20 && !stop.stop_requested(); ++i) {
        chain_->pass_blocks(1);
        std::this_thread::sleep_for(50ms);
      }
    });
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(ended.error().message.starts_with("the chain has stood still at block 1020"))
      << ended.error().message;
}

/// A thread of it hangs.
class HangingJobs final : public GenerationJobs {
 public:
  Status between_rounds(const std::shared_ptr<const NetworkView>&) override { return {}; }
  std::string stuck(std::chrono::milliseconds limit) const override {
    return limit == 77s ? "the sender hangs" : "";
  }
  std::map<std::string, JobCounts, std::less<>> counts() const override { return {}; }
};

TEST_F(ValidatorRun, EndsForJobsThatAreStuck) {
  add_miner(1, honest());
  HangingJobs jobs;
  jobs_ = &jobs;
  options_.rounds.num_rounds = 0;
  options_.stuck_after = 77s;
  EXPECT_FALSE(run());
  EXPECT_EQ(std::exchange(stuck_, ""), "the sender hangs");
}

TEST_F(ValidatorRun, EndsForAnyOtherPartThatIsStuck) {
  add_miner(1, honest());
  what_is_stuck_ = [](std::chrono::milliseconds limit) {
    return std::string(limit == 77s ? "a call hangs" : "");
  };
  options_.rounds.num_rounds = 0;
  options_.stuck_after = 77s;
  EXPECT_FALSE(run());
  EXPECT_EQ(std::exchange(stuck_, ""), "a call hangs");
}

class HangingProxy final : public OrganicProxy {
 public:
  void between_rounds(const std::shared_ptr<const NetworkView>&) override {}
  ProxyStatus status() const override { return {}; }
  std::string stuck(std::chrono::milliseconds limit) const override {
    return limit == 77s ? "the proxy hangs" : "";
  }
};

TEST_F(ValidatorRun, EndsForAProxyThatIsStuck) {
  add_miner(1, honest());
  HangingProxy proxy;
  proxy_ = &proxy;
  options_.rounds.num_rounds = 0;
  options_.stuck_after = 77s;
  EXPECT_FALSE(run());
  EXPECT_EQ(std::exchange(stuck_, ""), "the proxy hangs");
}

TEST_F(ValidatorRun, AMinerThatIsTooLateHasNotAnswered) {
  add_miner(1, [](auto) {
    return ScriptedMiner::Reply{.bytes = prediction_reply(1).bytes, .delay = 600s};
  });
  options_.rounds.timeout = 300ms;
  const Status ended = run();
  ASSERT_TRUE(ended) << ended.error().message;
  const ValidatorStatus seen = status();
  ASSERT_EQ(seen.miners.size(), 1U);
  EXPECT_EQ(seen.miners[0].num_answered, 0U);
  EXPECT_EQ(seen.miners[0].num_silent.at(static_cast<std::size_t>(ReplyKind::kTimeout)), 12U);
  EXPECT_EQ(seen.miners[0].score, 0);
}

TEST_F(ValidatorRun, GoesOnWhereItEndedAndCountsNothingTwice) {
  add_miner(1, honest());
  options_.rounds.num_rounds = 5;
  ASSERT_TRUE(run());
  const ValidatorStatus first = status();
  ASSERT_TRUE(run());
  const ValidatorStatus second = status();
  EXPECT_EQ(second.rounds.num_scored_ever, 10U);
  EXPECT_EQ(second.rounds.num_scored, 5U);
  EXPECT_GT(second.miners[0].score, first.miners[0].score);
  const auto all = records();
  ASSERT_EQ(all.size(), 10U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].round, i + 1);
}

TEST_F(ValidatorRun, WhatItSentCanBeMadeAgain) {
  ScriptedMiner& miner = add_miner(1, honest());
  options_.rounds.num_rounds = 6;
  ASSERT_TRUE(run());
  const auto all = records();
  ASSERT_EQ(all.size(), 6U);
  for (const RoundRecord& record : all) {
    const auto wire =
        replay_challenge(shelf_.read(record.recipe.image_name).value(), record.recipe);
    ASSERT_TRUE(wire) << wire.error().message;
  }
  EXPECT_EQ(miner.requests().size(), 6U);
  const auto found = find_round(files::posix_file_system(), options_.folder, all[3].challenge);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->recipe.wire_hash, all[3].recipe.wire_hash);
}

TEST_F(ValidatorRun, ASlowMinerHoldsUpNobody) {
  add_miner(1, honest());
  add_miner(2, [](auto) {
    return ScriptedMiner::Reply{.bytes = prediction_reply(1).bytes, .delay = 60s};
  });
  options_.rounds.timeout = 3s;
  options_.rounds.interval = 20ms;
  options_.rounds.num_rounds = 16;
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(run());
  // One after the other they would take 48 s.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 40s);
  EXPECT_EQ(status().miners[0].num_answered, 16U);
}

TEST_F(ValidatorRun, AStopBlamesNobodyAndEndsSoon) {
  ScriptedMiner& miner = add_miner(1, honest());
  add_miner(2, [](auto) {
    return ScriptedMiner::Reply{.bytes = prediction_reply(1).bytes, .delay = 60s};
  });
  options_.rounds.timeout = 50s;
  options_.rounds.stop_grace = 200ms;
  options_.rounds.num_rounds = 0;
  std::stop_source stop;
  std::jthread stopper([&] {
    wait_until([&] { return !miner.requests().empty(); });
    std::this_thread::sleep_for(1500ms);  // for its reply to be taken
    stop.request_stop();
  });
  const auto begun = std::chrono::steady_clock::now();
  const Status ended = run(stop.get_token());
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 40s);
  const ValidatorStatus seen = status();
  EXPECT_GT(seen.rounds.num_scored, 0U);
  EXPECT_EQ(seen.miners[0].num_answered, seen.rounds.num_scored);
  EXPECT_EQ(seen.miners[1].num_asked, 0U);
  EXPECT_FALSE(seen.miners[1].accuracy);
}

TEST_F(ValidatorRun, AnEmptyCacheIsOneProblemAndNoRound) {
  ScriptedMiner& miner = add_miner(1, honest());
  shelf_.num_images.fill(0);
  options_.rounds.num_rounds = 0;
  std::stop_source stop;
  std::jthread stopper([&] {
    wait_until([&] {
      const auto seen = read_status(files::posix_file_system(), options_.folder);
      return seen && *seen && !(**seen).problem.empty();
    });
    stop.request_stop();
  });
  ASSERT_TRUE(run(stop.get_token()));
  const ValidatorStatus seen = status();
  EXPECT_EQ(seen.rounds.num_scored, 0U);
  EXPECT_TRUE(seen.problem.contains("No images available in cache: nothing was put there."));
  EXPECT_TRUE(seen.problem.contains("Challenge skipped"));
  EXPECT_TRUE(miner.requests().empty());
}

TEST_F(ValidatorRun, SaysWhenItsHotkeyIsNotRegistered) {
  keys_ = test_keys(201);
  const Status ended = run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kDenied);
  EXPECT_TRUE(ended.error().message.contains("not registered in network 1"));
}

TEST_F(ValidatorRun, OneAtATime) {
  const auto held = StateStore::open(files::posix_file_system(), options_.folder, {});
  ASSERT_TRUE(held);
  const Status ended = run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::validator
