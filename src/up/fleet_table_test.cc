#include "up/fleet_table.h"

#include "json/value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::up {
namespace {

std::vector<Judged> two_miners() {
  return {{.facts = {.uid = 1,
                     .name = "honest-1",
                     .num_asked = 40,
                     .num_answered = 40,
                     .accuracy = 0.95,
                     .mean_latency = std::chrono::milliseconds(41),
                     .score = 0.81,
                     .weight_share = 0.75,
                     .num_jobs_claimed = 3},
           .verdict = Verdict::kHonest,
           .why = "95 % right"},
          {.facts = {.uid = 12, .name = "off\x1b[2Jline", .num_asked = 40},
           .verdict = Verdict::kOffline,
           .why = "no answer to 40 requests"}};
}

FleetProgress progress() {
  return {.elapsed = std::chrono::seconds(30),
          .num_rounds = 40,
          .block = 61,
          .num_jobs = 24,
          .weights = "accepted"};
}

TEST(FleetTable, AlignsItsColumnsAndSaysWhy) {
  const std::string text = fleet_table(progress(), two_miners());
  EXPECT_EQ(text,
            "30 s, 40 rounds, 24 image jobs, block 61; weights: accepted\n"
            "\n"
            "uid  miner        answers   right  latency  images  score  weight  verdict\n"
            "  1  honest-1       40/40  95.0 %    41 ms     3/3  0.810  75.0 %  honest\n"
            " 12  off\u241B[2Jline     0/40       -        -       -  0.000   0.0 %  offline\n"
            "\n"
            "  1  honest: 95 % right\n"
            " 12  offline: no answer to 40 requests\n");
}

TEST(FleetTable, NamesWhoDoesNotRun) {
  FleetProgress some = progress();
  some.not_running = "miner-3 (signal 9 (Killed))";
  EXPECT_NE(fleet_table(some, {}).find("not running: miner-3"), std::string::npos);
  EXPECT_NE(fleet_line(some, {}).find("not running: miner-3"), std::string::npos);
}

TEST(FleetTable, ALineCountsTheVerdicts) {
  EXPECT_EQ(fleet_line(progress(), two_miners()),
            "30 s, 40 rounds, 24 image jobs, block 61; weights: accepted: 1 honest, 1 offline");
}

TEST(FleetTable, JsonHoldsTheSameFacts) {
  const auto value = json::parse(fleet_json(progress(), two_miners()));
  ASSERT_TRUE(value) << value.error().message;
  const auto text = fleet_json(progress(), two_miners());
  EXPECT_NE(text.find("\"verdict\": \"offline\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"dishonest\": true"), std::string::npos) << text;
}

}  // namespace
}  // namespace assay::up
