#include "chain/weight_setter.h"

#include "chain/testing/conformance_fixture.h"
#include "chain/testing/scripted_network.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

namespace assay::chain {
namespace {

using testing::Fault;
using testing::kConformanceNetuid;
using testing::kConformanceWeights;
using testing::made_up_hotkey;

class WeightSetterTest : public ::testing::Test {
 protected:
  SubmitReport submit() {
    const auto report = setter_.submit(kConformanceWeights, 2004, {});
    EXPECT_TRUE(report) << report.error().message;
    return report.value_or(SubmitReport{});
  }

  std::shared_ptr<testing::ScriptedChain> chain_ = testing::conformance_chain();
  testing::ScriptedNetwork network_{chain_, made_up_hotkey(1)};
  WeightSetter setter_{network_, {.netuid = kConformanceNetuid, .landing_blocks = 64}};
};

TEST_F(WeightSetterTest, ConfirmsByLastUpdate) {
  const SubmitReport report = submit();
  EXPECT_EQ(report.result, SubmitResult::kConfirmed);
  EXPECT_EQ(report.state.last_update, 5000U);
  EXPECT_EQ(report.answer->result, WriteResult::kAccepted);
  EXPECT_EQ(setter_.pending(), std::nullopt);
}

TEST_F(WeightSetterTest, AnUnknownOutcomeThatLandedIsNotSentAgain) {
  chain_->fail_next(Fault::kOutcomeUnknownLanded);
  EXPECT_EQ(submit().result, SubmitResult::kConfirmed);
  EXPECT_EQ(chain_->taken().size(), 1U);
}

TEST_F(WeightSetterTest, AnUnknownOutcomeWaitsUntilItCannotLandAnyMore) {
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  EXPECT_EQ(submit().result, SubmitResult::kPending);
  const PendingWeights expected{.sent_at = 5000, .last_update_before = 1000};
  EXPECT_EQ(setter_.pending(), expected);
  chain_->pass_blocks(63);
  EXPECT_EQ(submit().result, SubmitResult::kPending);
  EXPECT_EQ(setter_.confirm({}).value().result, SubmitResult::kPending);
  EXPECT_TRUE(chain_->taken().empty());
  chain_->pass_blocks(1);
  EXPECT_TRUE(setter_.confirm({}).value().has_lost_earlier);
  const SubmitReport report = submit();
  EXPECT_EQ(report.result, SubmitResult::kConfirmed);
  EXPECT_TRUE(report.has_lost_earlier);
  EXPECT_EQ(chain_->taken().size(), 1U);
}

TEST_F(WeightSetterTest, WhatLandsLateIsSeenAndNothingIsSentTwice) {
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  EXPECT_EQ(submit().result, SubmitResult::kPending);
  // It lands some blocks later, as if the node had kept it.
  chain_->pass_blocks(5);
  ASSERT_TRUE(network_.set_weights(
      {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004}, {}));
  const SubmitReport report = submit();
  EXPECT_EQ(report.result, SubmitResult::kLandedEarlier);
  EXPECT_EQ(report.answer, std::nullopt);
  EXPECT_EQ(setter_.pending(), std::nullopt);
  EXPECT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(setter_.confirm({}).value().result, SubmitResult::kConfirmed);
}

TEST_F(WeightSetterTest, GoesOnWithWhatWasPendingBeforeARestart) {
  WeightSetter setter(network_, {.netuid = kConformanceNetuid},
                      PendingWeights{.sent_at = 4990, .last_update_before = 1000});
  EXPECT_EQ(setter.submit(kConformanceWeights, 2004, {}).value().result, SubmitResult::kPending);
  EXPECT_TRUE(chain_->taken().empty());
}

TEST_F(WeightSetterTest, ANodeThatLagsBehindSaysNothingYet) {
  WeightSetter setter(network_, {.netuid = kConformanceNetuid, .landing_blocks = 1},
                      PendingWeights{.sent_at = 5010, .last_update_before = 1000});
  EXPECT_EQ(setter.submit(kConformanceWeights, 2004, {}).value().result, SubmitResult::kPending);
}

TEST_F(WeightSetterTest, AnAnswerThatCannotBeConfirmedYetStaysPending) {
  // The read before, the write, then no read after.
  chain_->fail_next(Fault::kOutcomeUnknownLanded);
  class DeafAfterWrite final : public Network {
   public:
    explicit DeafAfterWrite(Network& inner) : inner_(inner) {}
    const std::string& name() const override { return inner_.name(); }
    const std::optional<keys::Hotkey>& self() const override { return inner_.self(); }
    Result<BlockNumber> current_block(const CallOptions& o) override {
      return inner_.current_block(o);
    }
    Result<Metagraph> metagraph(Netuid n, const CallOptions& o) override {
      return inner_.metagraph(n, o);
    }
    Result<Hyperparameters> hyperparameters(Netuid n, const CallOptions& o) override {
      return inner_.hyperparameters(n, o);
    }
    Result<WeightsState> weights_state(Netuid n, const CallOptions& o) override {
      if (is_deaf_) return unavailable("deaf");
      return inner_.weights_state(n, o);
    }
    Result<WriteOutcome> set_weights(const WeightSubmission& s, const CallOptions& o) override {
      is_deaf_ = true;
      return inner_.set_weights(s, o);
    }
    Result<WriteOutcome> serve_axon(Netuid n, const Axon& a, const CallOptions& o) override {
      return inner_.serve_axon(n, a, o);
    }
    NetworkHealth health(const CallOptions& o) override { return inner_.health(o); }
    void listen() { is_deaf_ = false; }

   private:
    Network& inner_;
    bool is_deaf_ = false;
  } deaf(network_);
  WeightSetter setter(deaf, {.netuid = kConformanceNetuid});
  EXPECT_EQ(setter.submit(kConformanceWeights, 2004, {}).value().result, SubmitResult::kPending);
  // As long as nothing can be read, nothing is sent.
  EXPECT_EQ(setter.submit(kConformanceWeights, 2004, {}).error().code, ErrorCode::kUnavailable);
  deaf.listen();
  EXPECT_EQ(setter.confirm({}).value().result, SubmitResult::kConfirmed);
  EXPECT_EQ(chain_->taken().size(), 1U);
}

TEST_F(WeightSetterTest, TellsWhatTheChainRefuses) {
  chain_->fail_next(Fault::kVersionMismatch);
  chain_->fail_next(Fault::kPermitLost);
  chain_->fail_next(Fault::kRateLimited);
  EXPECT_EQ(submit().answer->error_name, "IncorrectWeightVersionKey");
  const SubmitReport refused = submit();
  EXPECT_EQ(refused.result, SubmitResult::kRefused);
  EXPECT_EQ(refused.answer->error_name, "NeuronNoValidatorPermit");
  EXPECT_EQ(submit().result, SubmitResult::kNotDue);
  EXPECT_EQ(setter_.pending(), std::nullopt);
  EXPECT_EQ(submit().result, SubmitResult::kConfirmed);
}

TEST_F(WeightSetterTest, AChainThatCannotBeReachedLeavesNothingPending) {
  chain_->fail_next(Fault::kUnavailable);
  EXPECT_EQ(setter_.submit(kConformanceWeights, 2004, {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(setter_.pending(), std::nullopt);
}

TEST_F(WeightSetterTest, WithoutARateLimitTwoSettingsInOneBlockAreBothConfirmed) {
  Hyperparameters rules = testing::kConformanceRules;
  rules.weights_rate_limit = 0;
  chain_->set_rules(rules);
  EXPECT_EQ(submit().result, SubmitResult::kConfirmed);
  EXPECT_EQ(submit().result, SubmitResult::kConfirmed);
}

TEST(WeightsAlarm, ComesAfterTwoTempos) {
  WeightsState state{.block = 1720, .uid = Uid{3}, .last_update = 1000};
  EXPECT_EQ(weights_alarm(state, 360), std::nullopt);
  state.block = 1721;
  const auto alarm = weights_alarm(state, 360);
  ASSERT_TRUE(alarm);
  EXPECT_TRUE(alarm->contains("721 blocks")) << *alarm;
  EXPECT_EQ(weights_alarm(state, 360, 3), std::nullopt);
}

TEST(WeightsAlarm, ComesWhenTheHotkeyIsNotRegistered) {
  EXPECT_TRUE(weights_alarm({.block = 5}, 360));
}

}  // namespace
}  // namespace assay::chain
