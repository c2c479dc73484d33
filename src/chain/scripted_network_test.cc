#include "chain/testing/scripted_network.h"

#include "chain/testing/conformance_fixture.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace assay::chain::testing {
namespace {

class ScriptedFaults : public ::testing::Test {
 protected:
  Result<WriteOutcome> set() {
    return network_.set_weights(
        {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004}, {});
  }
  std::shared_ptr<ScriptedChain> chain_ = conformance_chain();
  ScriptedNetwork network_{chain_, made_up_hotkey(1)};
};

TEST_F(ScriptedFaults, ComeOnceEachInTheirOrder) {
  chain_->fail_next(Fault::kVersionMismatch);
  chain_->fail_next(Fault::kPermitLost);
  chain_->fail_next(Fault::kRateLimited);
  EXPECT_EQ(set().value().error_name, "IncorrectWeightVersionKey");
  EXPECT_EQ(set().value().error_name, "NeuronNoValidatorPermit");
  const auto early = set();
  ASSERT_TRUE(early);
  EXPECT_EQ(early->result, WriteResult::kRateLimited);
  EXPECT_TRUE(chain_->taken().empty());
  EXPECT_EQ(set().value().result, WriteResult::kAccepted);
  ASSERT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(chain_->taken()[0].weights, kConformanceWeights);
}

TEST_F(ScriptedFaults, AReadIsNotHitByAFaultOfWrites) {
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  EXPECT_TRUE(network_.current_block({}));
  EXPECT_EQ(set().value().result, WriteResult::kOutcomeUnknown);
}

TEST_F(ScriptedFaults, AnUnknownOutcomeMayHaveLandedOrNot) {
  chain_->fail_next(Fault::kOutcomeUnknownLost);
  EXPECT_EQ(set().value().result, WriteResult::kOutcomeUnknown);
  EXPECT_TRUE(chain_->taken().empty());
  chain_->fail_next(Fault::kOutcomeUnknownLanded);
  EXPECT_EQ(set().value().result, WriteResult::kOutcomeUnknown);
  EXPECT_EQ(chain_->taken().size(), 1U);
  EXPECT_EQ(network_.weights_state(kConformanceNetuid, {}).value().last_update, 5000U);
}

TEST_F(ScriptedFaults, AChainThatCannotBeReachedWritesNothing) {
  chain_->fail_next(Fault::kUnavailable);
  chain_->fail_next(Fault::kTimeout);
  EXPECT_EQ(set().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(network_.current_block({}).error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(chain_->taken().empty());
}

TEST_F(ScriptedFaults, ASilentChainAnswersWhenReleased) {
  chain_->hold();
  std::jthread releaser([&] {
    while (chain_->num_calls() == 0) std::this_thread::yield();
    chain_->release();
  });
  EXPECT_TRUE(network_.current_block({}));
}

TEST_F(ScriptedFaults, ASlotCanGoToAnother) {
  chain_->replace(2, made_up_hotkey(50));
  const Metagraph metagraph = chain_->metagraph();
  EXPECT_EQ(metagraph.find(made_up_hotkey(3)), nullptr);
  ASSERT_NE(metagraph.find(made_up_hotkey(50)), nullptr);
  EXPECT_EQ(metagraph.find(made_up_hotkey(50))->registered_at, 5000U);
}

}  // namespace
}  // namespace assay::chain::testing
