#include "validator/status.h"

#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

namespace assay::validator {
namespace {

constexpr Timestamp kStatusTime{std::chrono::seconds(1'700'000'000)};

ValidatorStatus example() {
  ValidatorStatus status{
      .written = kStatusTime,
      .started = kStatusTime - std::chrono::hours(3),
      .hotkey = "5FyBuJEKLQEvZf7cE2E9fawhm2EkvBSD5aQgbeHNmymY6xfb",
      .uid = 3,
      .stake_tao = 12.5,
      .has_permit = false,
      .network = "local:net.db",
      .netuid = 1,
      .formula = "natix",
      .rounds = {.num_scored_ever = 40,
                 .num_scored = 12,
                 .num_in_flight = 1,
                 .num_asked = 120,
                 .num_answered = 100,
                 .last_finished = kStatusTime - std::chrono::seconds(2)},
      .chain = {.block = 77,
                .block_read_at = kStatusTime - std::chrono::seconds(5),
                .members_read_at = kStatusTime - std::chrono::minutes(3),
                .num_members = 9,
                .num_miners = 8},
      .cache = "/cache",
      .weights = {.sent_at = kStatusTime - std::chrono::minutes(20),
                  .block = 70,
                  .result = "confirmed",
                  .num_weights = 4,
                  .is_confirmed = true,
                  .due_block = 170},
      .proxy = ProxyStatus{.address = "http://127.0.0.1:10913",
                           .num_requests = 9,
                           .num_answered = 5,
                           .num_unanswered = 1,
                           .num_refused = 3,
                           .last_request = kStatusTime - std::chrono::seconds(30)},
      .statistics = ExportStatus{.address = "https://statistics.example",
                                 .num_sent = 11,
                                 .num_dropped = 1,
                                 .last_sent = kStatusTime - std::chrono::seconds(3)}};
  for (std::size_t i = 0; i < kNumCells; ++i) {
    status.cells.push_back({.cell = cell_at(i), .num_images = 10 * i, .target_share = 0.25});
  }
  MinerStatus miner{.uid = 5,
                    .hotkey = "5HomZnbV37YekSH9uk5jDXhJVPTfoLqremydE4P8n3j67yVH",
                    .address = "127.0.0.1:8091",
                    .num_asked = 12,
                    .num_answered = 10,
                    .last_answered = kStatusTime,
                    .mean_latency_ms = 41.5,
                    .accuracy = 0.9,
                    .auc = 0.95,
                    .false_alarm_share = 0.1,
                    .miss_share = 0.125,
                    .score = 0.25,
                    .weight = 65'535,
                    .weight_share = 1,
                    .alike = {6, 7},
                    .jobs = JobCounts{.num_sent = 3, .num_claimed = 2, .num_missing = 1}};
  miner.num_silent.at(static_cast<std::size_t>(ReplyKind::kTimeout)) = 2;
  status.miners = {miner, MinerStatus{.uid = 6, .hotkey = "5x"}};
  return status;
}

TEST(ValidatorStatus, ReadsBackAsItWas) {
  files::testing::SimulatedFileSystem file_system;
  ASSERT_TRUE(file_system.create_folders("/state"));
  EXPECT_FALSE(read_status(file_system, "/state").value());
  ASSERT_TRUE(write_status(file_system, "/state", example()));
  const auto read = read_status(file_system, "/state");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(*read);
  EXPECT_EQ(to_json(**read), to_json(example()));
  EXPECT_EQ((*read)->miners[0].jobs->num_missing, 1U);
  EXPECT_FALSE((*read)->miners[1].jobs);
  EXPECT_EQ((*read)->miners[0].alike, (std::vector<scoring::Uid>{6, 7}));
}

TEST(ValidatorStatus, NamesTheMemberThatIsWrong) {
  const std::string text = to_json(example());
  const auto error_with = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    EXPECT_TRUE(changed.contains(from)) << from;
    changed.replace(changed.find(from), from.size(), to);
    const auto parsed = parse_status(changed);
    return parsed ? std::string("none") : parsed.error().message;
  };
  EXPECT_TRUE(error_with("status/1", "status/2").contains("another version"));
  EXPECT_TRUE(error_with("\"scored\": 12", "\"scored\": -1").contains("scored"));
  EXPECT_TRUE(error_with("\"uid\": 5", "\"uid\": 70000").contains("uid"));
  EXPECT_TRUE(error_with("\"burnt\": false", "\"burnt\": 0").contains("burnt"));
  EXPECT_TRUE(error_with("\"state\": \"running\"", "\"state\": \"dead\"").contains("state"));
  EXPECT_TRUE(error_with("\"miners\": [", "\"minors\": [").contains("miners"));
  EXPECT_FALSE(parse_status("{").has_value());
}

TEST(ValidatorStatus, TheChecklistTellsAgesAndFaults) {
  ValidatorStatus status = example();
  const std::string good = to_text(status, kStatusTime + std::chrono::seconds(10));
  EXPECT_TRUE(good.contains("ok  connected   local:net.db, block 77, 15 s ago")) << good;
  EXPECT_TRUE(good.contains("ok  registered  uid 3 in network 1")) << good;
  EXPECT_TRUE(good.contains("ok  loop")) << good;
  EXPECT_TRUE(good.contains("NO  cache       real/none 0 images")) << good;
  EXPECT_TRUE(good.contains("ok  cache       i2i/roadwork 50 images")) << good;
  EXPECT_TRUE(good.contains("ok  weights     confirmed to 4 members, 20 min ago")) << good;
  EXPECT_TRUE(
      good.contains("ok  statistics  11 rounds told https://statistics.example, the last 13 s "
                    "ago; 0 waiting, 1 dropped"))
      << good;
  EXPECT_TRUE(good.contains("2 timeout, answers go with those of 6, 7, 1 of 2 claimed")) << good;

  const std::string old = to_text(status, kStatusTime + std::chrono::hours(5));
  EXPECT_TRUE(old.contains("NO  loop        nothing heard since 5 h ago")) << old;
  EXPECT_TRUE(old.contains("NO  connected")) << old;

  status.uid.reset();
  status.statistics->problem = "assign: HTTP 503";
  status.weights.is_overdue = true;
  const std::string bad = to_text(status, kStatusTime);
  EXPECT_TRUE(bad.contains("NO  registered")) << bad;
  EXPECT_TRUE(bad.contains("OVERDUE")) << bad;
  EXPECT_TRUE(bad.contains("NO  statistics  11 rounds told")) << bad;
  EXPECT_TRUE(bad.contains("assign: HTTP 503")) << bad;
}

}  // namespace
}  // namespace assay::validator
