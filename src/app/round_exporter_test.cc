#include "app/round_exporter.h"

#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "net/testing/fake_transport.h"
#include "protocol/image_messages.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay::app {
namespace {

using namespace std::chrono_literals;
using net::HttpRequest;
using net::HttpResponse;
using net::testing::FakeTransport;
using validator::AskedMiner;
using validator::ReplyKind;

validator::FinishedRound round_of(std::uint64_t challenge) {
  constexpr std::array kImage = {std::byte{'A'}, std::byte{'B'}, std::byte{'C'}};
  validator::RoundRecord record{
      .challenge = challenge,
      .recipe = {.image_hash = crypto::sha256("an image"), .wire_hash = crypto::sha256("ABC")}};
  record.cell.label = scoring::Label::kPresent;
  const auto add = [&](scoring::Uid uid, ReplyKind kind, double prediction) {
    AskedMiner miner{.uid = uid};
    miner.reply.kind = kind;
    miner.reply.prediction = prediction;
    record.miners.push_back(std::move(miner));
  };
  add(7, ReplyKind::kPrediction, 0.75);
  add(9, ReplyKind::kTimeout, 0.0);
  add(4, ReplyKind::kNotAwaited, 0.0);
  return {.record = std::move(record),
          .request = std::make_shared<const std::string>(protocol::write_image_request(kImage, 9s)),
          .own_uid = 3};
}

bool is_assignment(const HttpRequest& request) {
  return request.url.path().ends_with("/statistics/assign");
}

/// A service that takes all.
Result<HttpResponse> take(const HttpRequest& request) {
  return HttpResponse{.status = 200, .body = is_assignment(request) ? R"({"id": "t-1"})" : "{}"};
}

class RoundExporterTest : public ::testing::Test {
 protected:
  /// Waits of the exporter take no time.
  RoundExporterTools tools(net::HttpTransport& transport) {
    return {.transport = transport,
            .clock = clock_,
            .random = random_,
            .wait = [this](std::chrono::milliseconds, const std::stop_token& stop) -> Status {
              ++num_waits_;
              if (stop.stop_requested()) return cancelled("stopped");
              return {};
            }};
  }
  static RoundExporterOptions options() {
    return {.service = net::Url::parse("https://statistics.example/api/").value()};
  }
  /// Pre: the exporter gets there.
  static validator::ExportStatus when(
      const RoundExporter& exporter,
      const std::function<bool(const validator::ExportStatus&)>& is) {
    while (true) {
      validator::ExportStatus status = exporter.status();
      if (is(status)) return status;
      // Nothing tells of a change: others too see it in status() alone.
      std::this_thread::sleep_for(1ms);
    }
  }

  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
  std::atomic<int> num_waits_ = 0;
};

TEST_F(RoundExporterTest, TellsWhatTheOldValidatorToldInItsForm) {
  FakeTransport transport(take);
  RoundExporter exporter(tools(transport), options());
  exporter.add(round_of(1));
  const auto status = when(exporter, [](const auto& told) { return told.num_sent == 1; });
  EXPECT_EQ(status.address, "https://statistics.example");
  EXPECT_EQ(status.problem, "");
  EXPECT_EQ(status.num_queued, 0U);
  EXPECT_TRUE(status.last_sent);
  const auto requests = transport.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].url.path(), "/api/organic_tasks/statistics/assign");
  EXPECT_EQ(
      requests[0].body,
      R"({"validator_uid":3,"miner_uid_list":[7,9],"type":0,"label":1,"payload_ref":"QUJD"})");
  EXPECT_EQ(requests[1].url.path(), "/api/organic_tasks/statistics/report");
  EXPECT_EQ(requests[1].body, R"({"predictions":[0.75,-1.0],"task_id":"t-1"})");
}

TEST_F(RoundExporterTest, TriesAgainWhileTheServiceIsDown) {
  std::atomic<int> num_refused = 0;
  FakeTransport transport([&](const HttpRequest& request) -> Result<HttpResponse> {
    if (!is_assignment(request) && num_refused < 5) {
      ++num_refused;
      return HttpResponse{.status = 503};
    }
    return take(request);
  });
  RoundExporter exporter(tools(transport), options());
  exporter.add(round_of(1));
  const auto status = when(exporter, [](const auto& told) { return told.num_sent == 1; });
  EXPECT_EQ(status.problem, "");
  EXPECT_EQ(status.num_dropped, 0U);
  EXPECT_EQ(num_waits_, 5);
  // What was assigned is not assigned again.
  EXPECT_EQ(transport.requests().size(), 7U);
}

TEST_F(RoundExporterTest, WhatIsRefusedCostsThatRoundAlone) {
  std::atomic<int> num_assigned = 0;
  FakeTransport transport([&](const HttpRequest& request) -> Result<HttpResponse> {
    if (!is_assignment(request)) return take(request);
    switch (++num_assigned) {
      case 1:
        return HttpResponse{.status = 422};
      case 2:
        return HttpResponse{.status = 200, .body = "<html>"};
      default:
        return HttpResponse{.status = 201, .body = R"({"id": 12})"};
    }
  });
  RoundExporter exporter(tools(transport), options());
  exporter.add(round_of(1));
  EXPECT_EQ(when(exporter, [](const auto& told) { return told.num_dropped == 1; }).problem,
            "assign: HTTP 422");
  exporter.add(round_of(2));
  EXPECT_EQ(when(exporter, [](const auto& told) { return told.num_dropped == 2; }).problem,
            "the answer to an assignment has no id");
  exporter.add(round_of(3));
  EXPECT_EQ(when(exporter, [](const auto& told) { return told.num_sent == 1; }).problem, "");
  EXPECT_EQ(transport.requests().back().body, R"({"predictions":[0.75,-1.0],"task_id":12})");
}

TEST_F(RoundExporterTest, ARoundThatTheServiceCannotTakeDoesNotKeepItFromTheNext) {
  FakeTransport transport([](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.body.contains("\"label\":0")) return HttpResponse{.status = 500};
    return take(request);
  });
  RoundExporter exporter(tools(transport), options());
  auto unwanted = round_of(1);
  unwanted.record.cell.label = scoring::Label::kAbsent;
  exporter.add(std::move(unwanted));
  exporter.add(round_of(2));
  const auto status = when(exporter, [](const auto& told) { return told.num_sent == 1; });
  EXPECT_EQ(status.num_dropped, 1U);
  EXPECT_EQ(status.problem, "");
}

TEST_F(RoundExporterTest, AServiceThatHangsHoldsUpNobodyAndTheOldestAreDropped) {
  std::promise<void> is_free;
  std::atomic<bool> is_asked = false;
  FakeTransport transport([&, free = is_free.get_future().share()](const HttpRequest& request) {
    is_asked = true;
    is_asked.notify_all();
    free.wait();
    return take(request);
  });
  auto few = options();
  few.max_queued = 2;
  RoundExporter exporter(tools(transport), few);
  exporter.add(round_of(1));
  is_asked.wait(false);
  for (std::uint64_t challenge = 2; challenge <= 6; ++challenge) exporter.add(round_of(challenge));
  EXPECT_EQ(exporter.status().num_dropped, 3U);
  EXPECT_EQ(exporter.status().num_queued, 3U);
  is_free.set_value();
  when(exporter, [](const auto& told) { return told.num_sent == 3; });
}

TEST_F(RoundExporterTest, TheEndWaitsForWhatIsOnItsWayButNotForADeadService) {
  FakeTransport taking(take);
  {
    RoundExporter exporter(tools(taking), options());
    for (std::uint64_t challenge = 1; challenge <= 20; ++challenge) {
      exporter.add(round_of(challenge));
    }
  }
  EXPECT_EQ(taking.requests().size(), 40U);
  FakeTransport dead(
      [](const HttpRequest&) -> Result<HttpResponse> { return unavailable("connection refused"); });
  auto patient = options();
  patient.end_grace = 1h;
  RoundExporter exporter(tools(dead), patient);
  exporter.add(round_of(1));
  when(exporter, [](const auto& told) { return !told.problem.empty(); });
}

}  // namespace
}  // namespace assay::app
