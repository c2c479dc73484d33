#include "up/members.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace assay::up {
namespace {

FleetPlan some_plan() {
  FleetPlan plan{.callback_port = 20'001};
  plan.miners = {{.name = "honest", .character = "honest", .port = 20'002},
                 {.name = "colluding-1", .character = "colluding", .port = 20'003}};
  return plan;
}

bool is_in(const std::vector<std::string>& texts, std::string_view text) {
  return std::ranges::find(texts, text) != texts.end();
}

bool has_pair(const std::vector<std::string>& arguments, std::string_view name,
              std::string_view value) {
  const auto found = std::ranges::find(arguments, name);
  return found != arguments.end() && found + 1 != arguments.end() && *(found + 1) == value;
}

TEST(Members, AreTheMinersAndThenTheValidator) {
  const auto members = members_of(NetworkFolder("/net"), some_plan(), {.program = "/bin/assay"});
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].name, "honest");
  EXPECT_EQ(members[1].name, "colluding-1");
  EXPECT_EQ(members[2].name, kValidatorName);
  EXPECT_TRUE(has_pair(members[0].program.arguments, "--axon.port", "20002"));
  for (const auto& member : members) {
    EXPECT_FALSE(member.heartbeat.empty()) << member.name;
    EXPECT_TRUE(
        has_pair(member.program.arguments, "--state", member.heartbeat.parent_path().native()))
        << member.name;
  }
  EXPECT_TRUE(has_pair(members[1].program.arguments, "--collusion-key", "shared"));
  EXPECT_FALSE(is_in(members[0].program.arguments, "--collusion-key"));
  EXPECT_TRUE(has_pair(members[2].program.arguments, "--callback.port", "20001"));
  EXPECT_TRUE(has_pair(members[2].program.arguments, "--network", "local:/net/network.db"));
  EXPECT_EQ(members[2].heartbeat, "/net/validator/status.json");
}

TEST(Members, SeeNothingOfTheUsersOwnSettings) {
  setenv("ASSAY_LOG_LEVEL", "debug", 1);
  setenv("BT_WALLET_NAME", "mine", 1);
  for (const auto& member :
       members_of(NetworkFolder("/net"), some_plan(), {.program = "/bin/assay"})) {
    EXPECT_TRUE(is_in(member.program.environment, "HOME=/net"));
    for (const std::string& variable : member.program.environment) {
      EXPECT_FALSE(variable.starts_with("ASSAY_") || variable.starts_with("BT_")) << variable;
    }
  }
  unsetenv("ASSAY_LOG_LEVEL");
  unsetenv("BT_WALLET_NAME");
}

}  // namespace
}  // namespace assay::up
