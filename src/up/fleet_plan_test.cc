#include "up/fleet_plan.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::up {
namespace {

std::string names_of(std::string_view list) {
  const auto miners = parse_miner_list(list);
  if (!miners) return "error: " + miners.error().message;
  std::string names;
  for (const PlannedMiner& miner : *miners) names += miner.name + "(" + miner.character + ") ";
  return names;
}

TEST(FleetPlan, NumbersThoseOfWhomThereAreSeveral) {
  EXPECT_EQ(names_of("honest,slow"), "honest(honest) slow(slow) ");
  EXPECT_EQ(names_of("honest:2,slow,honest"),
            "honest-1(honest) honest-2(honest) slow(slow) honest-3(honest) ");
  EXPECT_EQ(parse_miner_list(kDefaultMiners)->size(), 8U);
}

TEST(FleetPlan, RefusesListsThatSayNothing) {
  for (const std::string_view list :
       {"", "kind", "honest:", "honest:0", "honest:x", "honest:65", "honest:60,slow:5", ","}) {
    const auto miners = parse_miner_list(list);
    ASSERT_FALSE(miners) << list;
    EXPECT_EQ(miners.error().code, ErrorCode::kInvalidInput) << list;
  }
}

TEST(FleetPlan, TheListOfMinersReadsBack) {
  for (const std::string_view list :
       {kDefaultMiners, std::string_view("honest:2,slow,honest"), std::string_view("lazy")}) {
    EXPECT_EQ(miner_list_text(*parse_miner_list(list)), list);
  }
}

TEST(FleetPlan, TheFileReadsBack) {
  FleetPlan plan{.seed = 7, .callback_port = 20'001};
  plan.miners = {{.name = "honest-1", .character = "honest", .port = 20'002}};
  const auto read = parse_fleet_plan(to_json(plan));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, plan);
}

TEST(FleetPlan, AFileOfAnotherKindIsRefused) {
  EXPECT_EQ(parse_fleet_plan("{").error().code, ErrorCode::kCorrupt);
  for (const std::string_view text :
       {"[]", "{}", R"({"format": "assay-local-network/2"})",
        R"({"format": "assay-local-network/1", "seed": -1})",
        R"({"format": "assay-local-network/1", "seed": 1, "callback_port": 70000})",
        R"({"format": "assay-local-network/1", "seed": 1, "callback_port": 1, "miners": 3})",
        R"({"format": "assay-local-network/1", "seed": 1, "callback_port": 1, "miners": [3]})"}) {
    const auto plan = parse_fleet_plan(text);
    ASSERT_FALSE(plan) << text;
    EXPECT_EQ(plan.error().code, ErrorCode::kInvalidInput) << text;
  }
}

}  // namespace
}  // namespace assay::up
