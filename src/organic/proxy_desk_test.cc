#include "organic/proxy_desk.h"

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "json/value.h"
#include "organic/access_token.h"
#include "organic/testing/scripted_line.h"
#include "protocol/image_messages.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using protocol::testing::alice;
using testing::picture_body;
using testing::ScriptedLine;
using testing::some_miners;

class ProxyDeskTest : public ::testing::Test {
 protected:
  void make(std::vector<Miner> miners = some_miners(8), ScriptedLine::Script script = {},
            ProxyOptions options = {}) {
    line_ = std::make_unique<ScriptedLine>(std::move(miners), std::move(script));
    options.host_name = "validator.invalid";
    desk_ = std::make_unique<ProxyDesk>(
        ProxyDesk::Parts{.callers = callers_, .line = *line_, .clock = clock_, .random = random_},
        options);
  }
  net::ServedResponse send(std::string body, std::string_view client = "shop") {
    net::ServedRequest request;
    request.method = net::HttpMethod::kPost;
    if (!client.empty()) {
      const std::string token =
          make_access_token(
              {.client = std::string(client), .issued = clock_.now(), .expires = clock_.now() + 1h},
              alice(), tokens_random_)
              .value();
      request.headers = {{"Authorization", "Bearer " + token}};
    }
    request.body = std::move(body);
    return desk_->routes().front().handler(request);
  }
  static json::Value parsed(const net::ServedResponse& response) {
    auto value = json::parse(response.body);
    EXPECT_TRUE(value) << response.body;
    return value.value_or(json::Value());
  }
  static std::string header(const net::ServedResponse& response, std::string_view name) {
    for (const net::HttpHeader& candidate : response.headers) {
      if (candidate.name == name) return candidate.value;
    }
    return {};
  }

  FakeClock clock_;
  SeededRandom random_{1};
  SeededRandom tokens_random_{2};
  CallerCheck callers_{alice().hotkey(), {}, clock_};
  std::unique_ptr<ScriptedLine> line_;
  std::unique_ptr<ProxyDesk> desk_;
};

TEST_F(ProxyDeskTest, AsksThreeMinersAndTellsWhatTheySay) {
  make();
  const auto response = send(picture_body(1));
  EXPECT_EQ(response.status, 200) << response.body;
  const json::Value answer = parsed(response);
  ASSERT_EQ(answer.find("preds")->list()->size(), 3U);
  EXPECT_EQ(answer.find("preds")->list()->front().number(), 0.75);
  EXPECT_EQ(answer.require_text("fqdn").value(), "validator.invalid");
  EXPECT_EQ(answer.require_text("task_hash").value().size(), 16U);
  EXPECT_EQ(answer.require_integer("miners_queried").value(), 3);
  EXPECT_EQ(answer.require_integer("valid_responses").value(), 3);
  EXPECT_EQ(answer.find("uids"), nullptr) << "only who asks for it learns who was asked";
  // What goes out is a request as any other: an image, and no label.
  const json::Value sent = json::parse(line_->last_body()).value();
  EXPECT_EQ(sent.require_integer("testnet_label").value(), protocol::kNoLabel);
}

TEST_F(ProxyDeskTest, ARichAnswerTellsWhatTheChainPays) {
  std::vector<Miner> miners = some_miners(1);
  miners[0].rank = 0.5;
  miners[0].emission = 1.25;
  make(std::move(miners), {});
  const std::string body = send(picture_body(1, true)).body;
  EXPECT_TRUE(body.contains(R"("ranks":[0.5],"incentives":[null],"emissions":[1.25])")) << body;
}

TEST_F(ProxyDeskTest, ARichAnswerTellsWhoWasAsked) {
  make(some_miners(3), [](std::span<const PlannedAsk> plan) {
    std::vector<MinerAnswer> answers(plan.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
      if (plan[i].miner.uid != 1) answers[i].prediction = 0.5 * plan[i].miner.uid;
    }
    return answers;
  });
  const auto response = send(picture_body(1, true));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Value answer = parsed(response);
  const auto& uids = *answer.find("uids")->list();
  const auto& preds = *answer.find("preds")->list();
  ASSERT_EQ(uids.size(), 2U);
  ASSERT_EQ(preds.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(preds[i].number(), 0.5 * static_cast<double>(*uids[i].integer()));
  }
  EXPECT_EQ(answer.find("selected_miners")->list()->size(), 3U);
  EXPECT_EQ(answer.require_integer("valid_responses").value(), 2);
  for (const char* name : {"ranks", "incentives", "emissions", "hotkeys", "coldkeys"}) {
    EXPECT_EQ(answer.find(name)->list()->size(), 2U) << name;
  }
  EXPECT_EQ(answer.find("distribution_stats")->require_integer("active_tasks").value(), 1);
}

TEST_F(ProxyDeskTest, MinersStartOneAfterAnotherWithinOneDeadline) {
  make(some_miners(8), {}, {.deadline = 5s, .min_stagger = 100ms, .max_stagger = 500ms});
  for (std::uint64_t i = 0; i < 20; ++i) {
    ASSERT_EQ(send(picture_body(i), "client-" + std::to_string(i)).status, 200);
  }
  for (const auto& plan : line_->plans()) {
    ASSERT_EQ(plan.size(), 3U);
    EXPECT_EQ(plan[0].start_after, 0ms);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      EXPECT_LE(plan[i].start_after + plan[i].timeout, 5s);
      if (i == 0) continue;
      const auto gap = plan[i].start_after - plan[i - 1].start_after;
      EXPECT_GE(gap, 100ms);
      EXPECT_LE(gap, 500ms);
    }
  }
}

TEST_F(ProxyDeskTest, ALongStaggerStillLeavesTimeForTheLast) {
  make(some_miners(8), {}, {.deadline = 4s, .min_stagger = 10s, .max_stagger = 10s});
  ASSERT_EQ(send(picture_body(1)).status, 200);
  const auto plans = line_->plans();
  for (const PlannedAsk& ask : plans.front()) {
    EXPECT_LE(ask.start_after, 2s);
    EXPECT_GE(ask.timeout, 2s);
    EXPECT_LE(ask.start_after + ask.timeout, 4s);
  }
}

TEST_F(ProxyDeskTest, WhoIsNobodyCostsNoMinerAnything) {
  make();
  const auto response = send(picture_body(1), "");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(parsed(response).require_text("detail").value(), "Authorization header missing");
  EXPECT_TRUE(line_->plans().empty());
  EXPECT_EQ(desk_->figures().count(Outcome::kUnauthenticated), 1U);
}

TEST_F(ProxyDeskTest, TheSameImageIsTakenOnceInItsWindow) {
  make();
  EXPECT_EQ(send(picture_body(1)).status, 200);
  const auto again = send(picture_body(1, true), "another");
  EXPECT_EQ(again.status, 429);
  EXPECT_EQ(header(again, "Retry-After"), "300");
  EXPECT_EQ(line_->plans().size(), 1U);
  clock_.advance(300s);
  EXPECT_EQ(send(picture_body(1)).status, 200);
}

TEST_F(ProxyDeskTest, AClientThatAsksTooOftenIsToldWhenToComeBack) {
  make(some_miners(8), {}, {.admission = {.rates = {.per_minute = 6, .burst = 2}}});
  EXPECT_EQ(send(picture_body(1)).status, 200);
  EXPECT_EQ(send(picture_body(2)).status, 200);
  const auto refused = send(picture_body(3));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "10");
  EXPECT_EQ(send(picture_body(3), "another").status, 200);
}

TEST_F(ProxyDeskTest, WithoutMinersItSaysSoAndTheImageMayComeAgain) {
  make({});
  const auto response = send(picture_body(1));
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(header(response, "Retry-After").empty());
  EXPECT_EQ(send(picture_body(1)).status, 503) << "not 429";
  EXPECT_EQ(desk_->figures().count(Outcome::kNoMiners), 2U);
}

TEST_F(ProxyDeskTest, MinersWithoutAnAnswerRest) {
  make(some_miners(5), [](std::span<const PlannedAsk> plan) {
    std::vector<MinerAnswer> answers(plan.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
      if (plan[i].miner.uid >= 2) answers[i].prediction = 0.5;
    }
    return answers;
  });
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(send(picture_body(i), "client-" + std::to_string(i)).status, 200);
  }
  std::size_t num_asks_of_silent = 0;
  for (const auto& plan : line_->plans()) {
    for (const PlannedAsk& ask : plan) num_asks_of_silent += ask.miner.uid < 2 ? 1 : 0;
  }
  EXPECT_EQ(num_asks_of_silent, 2U) << "each failed once";
}

TEST_F(ProxyDeskTest, NoAnswerAtAllIsToldAndTheImageMayComeAgain) {
  make(some_miners(3),
       [](std::span<const PlannedAsk> plan) { return std::vector<MinerAnswer>(plan.size()); });
  EXPECT_EQ(send(picture_body(1)).status, 500);
  EXPECT_EQ(send(picture_body(1)).status, 500);
  EXPECT_EQ(desk_->figures().count(Outcome::kUnanswered), 2U);
}

TEST_F(ProxyDeskTest, AStopIsNoFaultOfAnybody) {
  make(some_miners(3), [](std::span<const PlannedAsk>) -> Result<std::vector<MinerAnswer>> {
    return cancelled("the validator stops");
  });
  EXPECT_EQ(send(picture_body(1)).status, 503);
  EXPECT_EQ(desk_->figures().count(Outcome::kStopped), 1U);
}

TEST_F(ProxyDeskTest, TheEleventhAtATimeIsRefusedAtOnce) {
  std::latch all_inside(10);
  std::latch may_go(1);
  make(some_miners(8), [&](std::span<const PlannedAsk> plan) {
    all_inside.count_down();
    may_go.wait();
    return std::vector<MinerAnswer>(plan.size(), MinerAnswer{.prediction = 0.5});
  });
  std::vector<std::string> tokens;
  std::atomic<int> num_answered = 0;
  std::vector<std::jthread> clients;
  clients.reserve(10);
  // The pairs of one source of random numbers: requests are made here, answered there.
  for (std::uint64_t i = 0; i < 10; ++i) {
    net::ServedRequest request;
    request.method = net::HttpMethod::kPost;
    request.headers = {
        {"Authorization", "Bearer " + make_access_token({.client = "c" + std::to_string(i),
                                                         .issued = clock_.now(),
                                                         .expires = clock_.now() + 1h},
                                                        alice(), tokens_random_)
                                          .value()}};
    request.body = picture_body(i);
    clients.emplace_back([this, request, &num_answered] {
      if (desk_->routes().front().handler(request).status == 200) ++num_answered;
    });
  }
  all_inside.wait();
  const auto refused = send(picture_body(10));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(header(refused, "Retry-After"), "1");
  EXPECT_EQ(desk_->figures().num_active, 10U);
  may_go.count_down();
  clients.clear();
  EXPECT_EQ(num_answered, 10);
  EXPECT_EQ(desk_->figures().num_active, 0U);
  EXPECT_EQ(send(picture_body(10)).status, 200);
}

TEST_F(ProxyDeskTest, NonsenseIsToldApart) {
  make();
  EXPECT_EQ(send("no json").status, 400);
  EXPECT_EQ(send(R"({"image": "QUJD"})").status, 400);
  make(some_miners(3), {}, {.image = {.max_pixels = 100}});
  EXPECT_EQ(send(picture_body(1)).status, 413);
  EXPECT_TRUE(line_->plans().empty());
  EXPECT_EQ(desk_->figures().count(Outcome::kTooLarge), 1U);
}

TEST_F(ProxyDeskTest, AnybodyMayAskWhetherItLives) {
  make();
  const auto routes = desk_->routes();
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[1].pattern, "/health/liveness");
  const auto response = routes[1].handler(net::ServedRequest());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"status\":\"healthy\"}\n");
}

}  // namespace
}  // namespace assay::organic
