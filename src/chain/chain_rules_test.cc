#include "chain/chain_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::chain {
namespace {

WeightFacts good_facts() {
  return {.block = 1000,
          .num_neurons = 4,
          .min_stake_rao = 1000 * kRaoPerTao,
          .rules = {.min_allowed_weights = 2,
                    .max_weight_limit = 32'768,
                    .weights_version_key = 2004,
                    .weights_rate_limit = 100},
          .sender = WeightFacts::Sender{.uid = 0,
                                        .stake_rao = 1000 * kRaoPerTao,
                                        .has_validator_permit = true,
                                        .last_update = 900}};
}

const std::vector<WeightEntry> kGoodWeights = {{1, 65'535}, {2, 65'535}, {3, 65'535}};

std::string refusal_of(const WeightFacts& facts, const std::vector<WeightEntry>& weights,
                       std::uint64_t version_key = 2004) {
  const auto refusal =
      weights_refusal(facts, {.netuid = Netuid{1}, .weights = weights, .version_key = version_key});
  if (!refusal) return "";
  EXPECT_FALSE(refusal->message.empty());
  EXPECT_EQ(refusal->block, facts.block);
  return refusal->error_name;
}

TEST(WeightsRefusal, TakesWhatIsRight) { EXPECT_EQ(refusal_of(good_facts(), kGoodWeights), ""); }

TEST(WeightsRefusal, NamesTheFirstReasonInTheOrderOfTheChain) {
  // Everything is wrong; each step mends what was named.
  WeightFacts facts = good_facts();
  std::vector<WeightEntry> weights = {{9, 1}, {9, 1}, {1, 65'535}, {2, 1}, {3, 1}};
  std::uint64_t version_key = 2003;
  facts.has_network = false;
  facts.sender.reset();
  const auto name = [&] { return refusal_of(facts, weights, version_key); };

  EXPECT_EQ(name(), "MechanismDoesNotExist");
  facts.has_network = true;
  EXPECT_EQ(name(), "UidsLengthExceedUidsInSubNet");
  weights.resize(3);
  EXPECT_EQ(name(), "HotKeyNotRegisteredInSubNet");
  facts.sender = WeightFacts::Sender{.uid = 0, .last_update = 901};
  EXPECT_EQ(name(), "NotEnoughStakeToSetWeights");
  facts.sender->stake_rao = facts.min_stake_rao;
  EXPECT_EQ(name(), "IncorrectWeightVersionKey");
  version_key = 2005;
  EXPECT_EQ(name(), "SettingWeightsTooFast");
  facts.block = 1001;
  EXPECT_EQ(name(), "NeuronNoValidatorPermit");
  facts.sender->has_validator_permit = true;
  EXPECT_EQ(name(), "DuplicateUids");
  weights.erase(weights.begin());
  EXPECT_EQ(name(), "UidVecContainInvalidOne");
  weights.erase(weights.begin());
  EXPECT_EQ(name(), "WeightVecLengthIsLow");
  weights.push_back({2, 1});
  EXPECT_EQ(name(), "MaxWeightExceeded");
  weights.back().weight = 65'535;
  EXPECT_EQ(name(), "");
}

TEST(WeightsRefusal, NobodySetsWeightsInTheRoot) {
  WeightFacts facts = good_facts();
  facts.has_network = false;
  const auto refusal = weights_refusal(facts, {.netuid = Netuid{0}, .weights = kGoodWeights});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->error_name, "CanNotSetRootNetworkWeights");
}

TEST(WeightsRefusal, TooEarlySaysHowLongToWait) {
  WeightFacts facts = good_facts();
  facts.sender->last_update = 970;
  const auto refusal =
      weights_refusal(facts, {.netuid = Netuid{1}, .weights = kGoodWeights, .version_key = 2004});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->result, WriteResult::kRateLimited);
  EXPECT_EQ(refusal->wait_blocks, 70U);
  // Exactly at the limit it is allowed, and so it is to who never set any.
  facts.block = 1070;
  EXPECT_EQ(refusal_of(facts, kGoodWeights), "");
  facts.block = 50;
  facts.sender->last_update = 0;
  EXPECT_EQ(refusal_of(facts, kGoodWeights), "");
}

TEST(WeightsRefusal, AWeightForOneselfNeedsNoPermitNoLengthAndNoLimit) {
  WeightFacts facts = good_facts();
  facts.sender->has_validator_permit = false;
  EXPECT_EQ(refusal_of(facts, {{0, 65'535}}), "");
  EXPECT_EQ(refusal_of(facts, {{1, 65'535}}), "NeuronNoValidatorPermit");
}

TEST(WeightsRefusal, TheOwnerNeedsNoPermit) {
  WeightFacts facts = good_facts();
  facts.sender->has_validator_permit = false;
  facts.sender->is_owner = true;
  EXPECT_EQ(refusal_of(facts, kGoodWeights), "");
}

TEST(WeightsRefusal, ASmallNetworkNeedsNoMoreWeightsThanItHasMembers) {
  WeightFacts facts = good_facts();
  facts.rules.min_allowed_weights = 64;
  EXPECT_EQ(refusal_of(facts, kGoodWeights), "WeightVecLengthIsLow");
  EXPECT_EQ(refusal_of(facts, {{0, 1}, {1, 1}, {2, 1}, {3, 1}}), "");
}

TEST(WeightsRefusal, AVersionKeyOfZeroLetsAllIn) {
  WeightFacts facts = good_facts();
  facts.rules.weights_version_key = 0;
  EXPECT_EQ(refusal_of(facts, kGoodWeights, 0), "");
}

TEST(WeightsRefusal, NoWeightsAtAllAreTooFew) {
  WeightFacts facts = good_facts();
  EXPECT_EQ(refusal_of(facts, {}), "WeightVecLengthIsLow");
  facts.rules.min_allowed_weights = 0;
  EXPECT_EQ(refusal_of(facts, {}), "");
}

TEST(KeptWeights, ScalesTheLargestToAllSixteenBits) {
  const std::vector<WeightEntry> weights = {{4, 2}, {1, 1}, {2, 0}};
  const std::vector<WeightEntry> expected = {{4, 65'535}, {1, 32'768}, {2, 0}};
  EXPECT_EQ(kept_weights(weights), expected);
  EXPECT_EQ(kept_weights(kept_weights(weights)), expected);
  EXPECT_TRUE(kept_weights({}).empty());
  const std::vector<WeightEntry> zeros = {{1, 0}};
  EXPECT_EQ(kept_weights(zeros), zeros);
}

std::string axon_refusal_name(const ServeFacts& facts, const Axon& axon) {
  const auto refusal = axon_refusal(facts, axon);
  return refusal ? refusal->error_name : "";
}

TEST(AxonRefusal, NamesTheFirstReasonInTheOrderOfTheChain) {
  ServeFacts facts{.block = 100, .has_network = false, .serving_rate_limit = 50, .last_served = 51};
  Axon axon{.ip = "example.com", .port = 0};
  EXPECT_EQ(axon_refusal_name(facts, axon), "SubnetNotExists");
  facts.has_network = true;
  EXPECT_EQ(axon_refusal_name(facts, axon), "HotKeyNotRegisteredInNetwork");
  facts.is_registered = true;
  EXPECT_EQ(axon_refusal_name(facts, axon), "InvalidIpType");
  axon.ip = "127.0.0.1";
  EXPECT_EQ(axon_refusal_name(facts, axon), "InvalidIpAddress");
  axon.ip = "10.0.0.1";
  EXPECT_EQ(axon_refusal_name(facts, axon), "ServingRateLimitExceeded");
  EXPECT_EQ(axon_refusal(facts, axon)->wait_blocks, 1U);
  facts.block = 101;
  EXPECT_EQ(axon_refusal_name(facts, axon), "InvalidPort");
  axon.port = 1;
  EXPECT_EQ(axon_refusal_name(facts, axon), "");
}

TEST(AxonRefusal, KnowsTheAddressesNobodyCanReach) {
  const ServeFacts facts{.block = 1, .is_registered = true};
  for (const auto* ip : {"127.0.0.1", "::1", "0.0.0.0", "::", "255.255.255.255",
                         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_EQ(axon_refusal_name(facts, {.ip = ip, .port = 1}), "InvalidIpAddress") << ip;
  }
  for (const auto* ip : {"127.0.0.2", "192.168.0.1", "8.8.8.8", "2001:db8::1"}) {
    EXPECT_EQ(axon_refusal_name(facts, {.ip = ip, .port = 1}), "") << ip;
  }
  for (const auto* ip : {"", "1.2.3", "1.2.3.4.5", "[::1]", "host"}) {
    EXPECT_EQ(axon_refusal_name(facts, {.ip = ip, .port = 1}), "InvalidIpType") << ip;
  }
  const std::string hidden("10.0.0.1\0x", 10);
  EXPECT_EQ(axon_refusal_name(facts, {.ip = hidden, .port = 1}), "InvalidIpType");
}

TEST(AxonRefusal, LoopbackCanBeAllowed) {
  const ServeFacts facts{.block = 1, .is_registered = true, .allows_loopback = true};
  EXPECT_EQ(axon_refusal_name(facts, {.ip = "127.0.0.1", .port = 1}), "");
  EXPECT_EQ(axon_refusal_name(facts, {.ip = "::1", .port = 1}), "");
  EXPECT_EQ(axon_refusal_name(facts, {.ip = "0.0.0.0", .port = 1}), "InvalidIpAddress");
}

TEST(CanonicalIp, HasOneFormForEachAddress) {
  EXPECT_EQ(canonical_ip("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(canonical_ip("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(canonical_ip("x"), std::nullopt);
}

}  // namespace
}  // namespace assay::chain
