#include "chain/sidecar_network.h"

#include "chain/local_network.h"
#include "chain/testing/conformance_fixture.h"
#include "chain/testing/sidecar_fixture.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace assay::chain {
namespace {

using namespace std::chrono_literals;
using testing::kConformanceNetuid;
using testing::kConformanceWeights;
using testing::made_up_hotkey;
using testing::SidecarFixture;

const CallOptions kPatient{.deadline = 10s};

class SidecarNetworkTest : public ::testing::Test {
 protected:
  SidecarFixture fixture_;
};

Result<WriteOutcome> set_weights(Network& network, const CallOptions& options = kPatient) {
  return network.set_weights(
      {.netuid = kConformanceNetuid, .weights = kConformanceWeights, .version_key = 2004}, options);
}

TEST_F(SidecarNetworkTest, ASilentSidecarIsKilledAndTheNextOneAnswers) {
  const auto network = fixture_.open(made_up_hotkey(1), "stalls_once");
  const auto block = network->current_block({.deadline = 300ms});
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kTimeout) << block.error().message;
  const auto again = network->current_block(kPatient);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(network->num_starts(), 2U);
}

TEST_F(SidecarNetworkTest, AWriteWithoutAnAnswerIsUnknownAndHasPerhapsLanded) {
  const auto network = fixture_.open(made_up_hotkey(1), "dies_after_write");
  const auto outcome = set_weights(*network);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result, WriteResult::kOutcomeUnknown);
  EXPECT_FALSE(outcome->message.empty());
  const auto state = network->weights_state(kConformanceNetuid, kPatient);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->weights, kConformanceWeights);
}

TEST_F(SidecarNetworkTest, AWriteThatAStalledSidecarTookIsUnknown) {
  const auto network = fixture_.open(made_up_hotkey(1), "stalls_once");
  EXPECT_EQ(set_weights(*network, {.deadline = 300ms}).value().result,
            WriteResult::kOutcomeUnknown);
  EXPECT_EQ(set_weights(*network).value().result, WriteResult::kAccepted);
}

TEST_F(SidecarNetworkTest, OneThatDoesNotFitIsNotUsed) {
  for (const auto* fault : {"other_protocol", "old_sdk", "other_hotkey", "fatal", "dies"}) {
    const auto network = fixture_.open(made_up_hotkey(1), fault);
    const auto outcome = set_weights(*network);
    ASSERT_FALSE(outcome) << fault;
    EXPECT_EQ(outcome.error().code, ErrorCode::kMissing) << fault << outcome.error().message;
    const NetworkHealth health = network->health(kPatient);
    EXPECT_FALSE(health.is_connected);
    EXPECT_TRUE(health.detail.contains("sidecar")) << health.detail;
  }
}

TEST_F(SidecarNetworkTest, OneThatNeverGreetsIsNotWaitedForLongerThanTheDeadline) {
  const auto network = fixture_.open(made_up_hotkey(1), "mute");
  const auto outcome = set_weights(*network, {.deadline = 100ms});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kTimeout);
}

TEST_F(SidecarNetworkTest, AProgramThatIsNotThereIsMissing) {
  SidecarOptions options = fixture_.options(made_up_hotkey(1), "none");
  options.program = "/nonexistent/python";
  SidecarNetwork network(options, made_up_hotkey(1), system_clock());
  const auto block = network.current_block(kPatient);
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(block.error().message.contains("/nonexistent/python")) << block.error().message;
}

TEST_F(SidecarNetworkTest, OneThatBabblesIsStartedAnew) {
  const auto network = fixture_.open(made_up_hotkey(1), "babbles_once");
  EXPECT_FALSE(network->current_block(kPatient));
  EXPECT_TRUE(network->current_block(kPatient));
  EXPECT_EQ(network->num_starts(), 2U);
}

TEST_F(SidecarNetworkTest, AnswersOutOfOrderReachWhoeverAsked) {
  const auto network = fixture_.open(made_up_hotkey(1), "one_ahead");
  std::atomic<int> num_right = 0;
  {
    const std::jthread other([&] {
      const auto rules = network->hyperparameters(kConformanceNetuid, kPatient);
      if (rules && rules->tempo == testing::kConformanceRules.tempo) ++num_right;
    });
    const auto state = network->weights_state(kConformanceNetuid, kPatient);
    if (state && state->uid == Uid{0}) ++num_right;
  }
  EXPECT_EQ(num_right, 2);
}

TEST_F(SidecarNetworkTest, AnAnswerThatNobodyAskedForIsPassedOver) {
  const auto network = fixture_.open(made_up_hotkey(1), "answers_strangers");
  EXPECT_TRUE(network->current_block(kPatient));
  EXPECT_TRUE(network->current_block(kPatient));
  EXPECT_EQ(network->num_starts(), 1U);
}

TEST_F(SidecarNetworkTest, SeesNothingOfOurEnvironment) {
  ASSERT_EQ(setenv("BT_WALLET_PASSWORD", "secret", 1), 0);
  const auto network = fixture_.open(made_up_hotkey(1), "none");
  const NetworkHealth health = network->health(kPatient);
  unsetenv("BT_WALLET_PASSWORD");
  ASSERT_TRUE(health.is_connected) << health.detail;
  EXPECT_TRUE(health.detail.contains("PATH LANG HOME")) << health.detail;
  EXPECT_FALSE(health.detail.contains("BT_")) << health.detail;
  EXPECT_TRUE(health.detail.contains("runtime 459")) << health.detail;
}

TEST_F(SidecarNetworkTest, EndsAtOnceWhileACallIsOnItsWay) {
  auto network = fixture_.open(made_up_hotkey(1), "stalls_once");
  std::stop_source stop;
  const std::jthread stopper([&] {
    // Time for the call to be sent; a stop before that ends it, too.
    std::this_thread::sleep_for(200ms);
    stop.request_stop();
  });
  const auto block = network->current_block({.deadline = 60s, .stop = stop.get_token()});
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, ErrorCode::kCancelled);
  network.reset();
}

}  // namespace
}  // namespace assay::chain
