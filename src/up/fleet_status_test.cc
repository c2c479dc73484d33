#include "up/fleet_status.h"

#include "core/random.h"
#include "keys/sr25519.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::up {
namespace {

keys::Hotkey some_hotkey(std::uint8_t first) {
  keys::AccountId id{};
  id[0] = std::byte{first};
  return keys::Hotkey(id);
}

TEST(FleetStatus, PutsNamesToHotkeysAndJudges) {
  const std::vector<keys::Hotkey> hotkeys = {some_hotkey(1), some_hotkey(2)};
  FleetPlan plan;
  plan.miners = {{.name = "honest", .character = "honest"},
                 {.name = "offline", .character = "offline"}};
  validator::ValidatorStatus status;
  status.rounds.num_scored_ever = 40;
  status.chain.block = 77;
  status.weights = {.result = "refused", .error_name = "NeuronNoValidatorPermit"};
  status.miners = {{.uid = 1,
                    .hotkey = hotkeys[0].to_ss58(),
                    .num_asked = 40,
                    .num_answered = 40,
                    .mean_latency_ms = 12.6,
                    .accuracy = 0.95,
                    .false_alarm_share = 0.05,
                    .miss_share = 0.05,
                    .weight_share = 1,
                    .alike = {2},
                    .jobs = validator::JobCounts{.num_sent = 4, .num_claimed = 3}},
                   {.uid = 2, .hotkey = hotkeys[1].to_ss58(), .num_asked = 40},
                   {.uid = 3, .hotkey = some_hotkey(3).to_ss58()}};
  status.miners[1].num_silent[static_cast<std::size_t>(validator::ReplyKind::kTimeout)] = 4;

  const FleetStatus fleet = fleet_status(status, plan, hotkeys);
  ASSERT_EQ(fleet.miners.size(), 3U);
  EXPECT_EQ(fleet.miners[0].facts.name, "honest");
  EXPECT_EQ(fleet.miners[0].facts.mean_latency, std::chrono::milliseconds(13));
  EXPECT_EQ(fleet.miners[0].facts.copies, 2);
  EXPECT_EQ(fleet.miners[0].facts.num_jobs_claimed, 3U);
  EXPECT_EQ(fleet.miners[1].facts.name, "offline");
  EXPECT_EQ(fleet.miners[1].verdict, Verdict::kOffline);
  EXPECT_NE(fleet.miners[1].why.find("timeout"), std::string::npos) << fleet.miners[1].why;
  EXPECT_EQ(fleet.miners[2].facts.name, some_hotkey(3).to_ss58()) << "it is not of the plan";
  EXPECT_EQ(fleet.progress.num_rounds, 40U);
  EXPECT_EQ(fleet.progress.num_jobs, 4U);
  EXPECT_EQ(fleet.progress.block, 77U);
  EXPECT_EQ(fleet.progress.weights, "refused (NeuronNoValidatorPermit)");
}

}  // namespace
}  // namespace assay::up
