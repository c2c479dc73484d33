#include "validator/chain_desk.h"

#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;
using chain::SubmitResult;
using chain::testing::Fault;
using chain::testing::made_up_hotkey;
using chain::testing::ScriptedChain;
using chain::testing::ScriptedNetwork;

/// A validator (uid 0) and three miners; a block takes 12 s.
class ChainDeskTest : public ::testing::Test {
 protected:
  ChainDeskTest() {
    chain::Hyperparameters rules;
    rules.tempo = 20;
    rules.weights_rate_limit = 10;
    chain_ = std::make_shared<ScriptedChain>(
        chain::testing::ScriptedChainOptions{.block = 1000, .rules = rules});
    for (std::uint8_t i = 0; i < 4; ++i) {
      chain_->add({.hotkey = made_up_hotkey(i),
                   .axon = chain::Axon{.ip = "10.0.0.1", .port = 8000},
                   .total_stake_rao = i == 0 ? 90'000 * chain::kRaoPerTao : 0,
                   .has_validator_permit = i == 0,
                   .last_update = 1000});
    }
    network_ = std::make_unique<ScriptedNetwork>(chain_, made_up_hotkey(0));
    restart();
  }

  void restart() {
    desk_ = std::make_unique<ChainDesk>(
        ChainDeskTools{.network = *network_, .clock = clock_, .file_system = file_system_},
        "/state", options_);
    offer();
  }

  void offer() {
    ScoreOffer offer{.scores = {0, 0.5F, 0.25F, 0}};
    for (std::uint8_t i = 0; i < 4; ++i) offer.hotkeys.push_back(made_up_hotkey(i).to_ss58());
    desk_->offer(std::move(offer));
  }

  ChainState pass_blocks(int count) {
    for (int i = 0; i < count; ++i) {
      chain_->pass_blocks(1);
      clock_.advance(12s);
      EXPECT_TRUE(desk_->step({}));
    }
    return desk_->state();
  }

  std::string weight_log() const {
    return file_system_.content("/state/weights.jsonl").value_or("");
  }

  assay::testing::FakeClock clock_;
  files::testing::SimulatedFileSystem file_system_;
  ChainDeskOptions options_;
  std::shared_ptr<ScriptedChain> chain_;
  std::unique_ptr<ScriptedNetwork> network_;
  std::unique_ptr<ChainDesk> desk_;
};

TEST_F(ChainDeskTest, SetsWeightsEachTempoAndWritesThemDown) {
  const ChainState state = pass_blocks(100);
  const auto taken = chain_->taken();
  ASSERT_GE(taken.size(), 4U);
  ASSERT_LE(taken.size(), 5U);
  for (std::size_t i = 1; i < taken.size(); ++i) {
    EXPECT_GE(taken[i].block - taken[i - 1].block, 20U);
  }
  EXPECT_EQ(taken[0].weights, (std::vector<chain::WeightEntry>{{1, 65'535}, {2, 32'768}}));
  ASSERT_TRUE(state.weights);
  EXPECT_EQ(state.weights->result, SubmitResult::kConfirmed);
  EXPECT_FALSE(state.is_overdue);
  EXPECT_TRUE(weight_log().contains("\"event\":\"submission\""));
  EXPECT_TRUE(weight_log().contains("\"result\":\"confirmed\""));
}

TEST_F(ChainDeskTest, ALargeRecordBecomesAnOlderOneAndTheOldestGoes) {
  options_.max_weight_log = ByteCount(1);
  restart();
  pass_blocks(200);
  ASSERT_GE(chain_->taken().size(), 8U);
  const auto lines_of = [&](const std::string& path) {
    const std::string text = file_system_.content("/state/" + path).value_or("");
    return std::ranges::count(text, '\n');
  };
  // Each has one submission and its answer, which are never parted.
  for (const char* path : {"weights.jsonl", "weights.1.jsonl", "weights.4.jsonl"}) {
    EXPECT_EQ(lines_of(path), 2) << path;
  }
  EXPECT_FALSE(file_system_.content("/state/weights.5.jsonl"));
}

TEST_F(ChainDeskTest, SendsNothingWhenItIsSwitchedOff) {
  options_.weights = WeightSetting::kOff;
  restart();
  pass_blocks(60);
  EXPECT_TRUE(chain_->taken().empty());
  EXPECT_EQ(weight_log(), "");
}

TEST_F(ChainDeskTest, AnOutcomeThatNobodyKnowsIsLookedForAndNotSentTwice) {
  pass_blocks(15);
  chain_->fail_next(Fault::kOutcomeUnknownLanded);
  const ChainState state = pass_blocks(10);
  EXPECT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(state.weights->result, SubmitResult::kConfirmed);
}

TEST_F(ChainDeskTest, WeightsThatWereLostAreSentAgainOnceTheyCannotLandAnyMore) {
  options_.landing_blocks = 8;
  restart();
  pass_blocks(15);
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  pass_blocks(8);
  EXPECT_TRUE(chain_->taken().empty());
  const ChainState state = pass_blocks(14);
  EXPECT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(state.weights->result, SubmitResult::kConfirmed);
  EXPECT_TRUE(weight_log().contains("\"event\":\"lost\""));
}

TEST_F(ChainDeskTest, ARestartLooksForWhatIsUnderWay) {
  options_.landing_blocks = 30;
  restart();
  pass_blocks(15);
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  pass_blocks(8);
  restart();
  // As far as the new process can tell, they may still land.
  pass_blocks(10);
  EXPECT_TRUE(chain_->taken().empty());
  pass_blocks(20);
  EXPECT_EQ(chain_->taken().size(), 1U);
}

TEST_F(ChainDeskTest, TooEarlyIsWaitedForAndARefusalIsTold) {
  pass_blocks(15);
  chain_->fail_next(Fault::kRateLimited);
  ChainState state = pass_blocks(6);
  ASSERT_TRUE(state.weights);
  EXPECT_EQ(state.weights->result, SubmitResult::kNotDue);
  state = pass_blocks(20);
  EXPECT_EQ(state.weights->result, SubmitResult::kConfirmed);

  chain_->fail_next(Fault::kPermitLost);
  state = pass_blocks(40);
  EXPECT_TRUE(weight_log().contains("\"error\":\"NeuronNoValidatorPermit\""));
  EXPECT_EQ(state.weights->result, SubmitResult::kConfirmed);
}

TEST_F(ChainDeskTest, AMinerWhoLeftItsSlotGetsNothing) {
  pass_blocks(2);
  chain_->replace(1, made_up_hotkey(50));
  pass_blocks(25);
  ASSERT_FALSE(chain_->taken().empty());
  EXPECT_EQ(chain_->taken()[0].weights, (std::vector<chain::WeightEntry>{{2, 65'535}}));
}

TEST_F(ChainDeskTest, SilenceIsAProblemAndNotTheEnd) {
  pass_blocks(3);
  chain_->fail_next(Fault::kUnavailable, 30);
  ChainState state = pass_blocks(3);
  EXPECT_FALSE(state.problem.empty());
  EXPECT_TRUE(state.view != nullptr);
  state = pass_blocks(40);
  EXPECT_EQ(state.problem, "");
}

TEST_F(ChainDeskTest, TwoTemposWithoutWeightsAreAnAlarm) {
  pass_blocks(2);
  chain_->fail_next(Fault::kPermitLost, 50);
  EXPECT_TRUE(pass_blocks(60).is_overdue);
}

TEST_F(ChainDeskTest, AChainThatStandsStillIsAProblem) {
  pass_blocks(2);
  for (int i = 0; i < 30; ++i) {
    clock_.advance(12s);
    ASSERT_TRUE(desk_->step({}));
  }
  EXPECT_TRUE(desk_->state().problem.contains("stood still at block"));
}

TEST_F(ChainDeskTest, NoWeightsWithoutTheirRecord) {
  file_system_.set_capacity(ByteCount(0));
  Status outcome;
  for (int i = 0; i < 40 && outcome; ++i) {
    chain_->pass_blocks(1);
    clock_.advance(12s);
    const auto step = desk_->step({});
    if (!step) outcome = step.error();
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(chain_->taken().empty());
}

}  // namespace
}  // namespace assay::validator
