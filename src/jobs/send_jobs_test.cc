#include "jobs/send_jobs.h"

#include "core/testing/fake_clock.h"
#include "core/testing/stopped_token.h"
#include "net/testing/loopback_server.h"
#include "protocol/btauth.h"
#include "protocol/generation_messages.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace assay::jobs {
namespace {

using namespace std::chrono_literals;
using net::testing::http_reply;
using net::testing::LoopbackServer;
using protocol::testing::alice;
using protocol::testing::bob;

constexpr std::string_view kCallbackUrl = "http://127.0.0.1:9/generative_callback";

class SendJobsTest : public ::testing::Test {
 protected:
  SendJobsTest() {
    auto pool = net::HttpPool::create({});
    EXPECT_TRUE(pool);
    pool_.emplace(std::move(*pool));
  }

  static OutgoingJob job(std::uint8_t number, std::uint16_t port, std::string ip = "127.0.0.1") {
    return {.job = {.id = JobId({std::byte{number}}), .prompt = "a road", .resolution = "1K"},
            .miner = {.uid = number, .hotkey = bob().hotkey(), .ip = std::move(ip), .port = port}};
  }

  Status send(const std::vector<OutgoingJob>& jobs, const OnAnswers& on_answers,
              std::stop_token stop = {}) {
    return send_jobs(jobs, {.timeout = 1s, .callback_url = std::string(kCallbackUrl)},
                     {.pool = &*pool_,
                      .scheme = &scheme_,
                      .signer = &alice(),
                      .clock = &clock_,
                      .random = &system_random()},
                     on_answers, std::move(stop));
  }

  /// By the number of the job.
  std::map<std::uint8_t, JobAnswered> answers_to(const std::vector<OutgoingJob>& jobs) {
    std::map<std::uint8_t, JobAnswered> found;
    const Status sent = send(jobs, [&](std::span<const JobAnswered> answers) -> Status {
      for (const JobAnswered& answer : answers) {
        const auto number = std::to_integer<std::uint8_t>(answer.id.bytes()[0]);
        EXPECT_TRUE(found.emplace(number, answer).second);
      }
      return {};
    });
    EXPECT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(found.size(), jobs.size());
    return found;
  }

  assay::testing::FakeClock clock_;
  protocol::Btauth scheme_;
  std::optional<net::HttpPool> pool_;
};

TEST_F(SendJobsTest, EveryAnswerBecomesOneFact) {
  LoopbackServer taking([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(202, R"({"task_id":"t1"})")};
  });
  LoopbackServer created([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(201, R"({"task_id":"t2"})")};
  });
  LoopbackServer busy(
      [](std::string_view) { return LoopbackServer::Reply{.bytes = http_reply(429, "{}")}; });
  LoopbackServer babbling([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(202, R"({"task_id":"../../x"})")};
  });
  LoopbackServer flooding([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(202, std::string(200'000, 'x'))};
  });
  LoopbackServer silent(
      [](std::string_view) { return LoopbackServer::Reply{.bytes = "", .delay = 3s}; });
  std::uint16_t closed_port = 0;
  {
    const LoopbackServer gone([](std::string_view) { return LoopbackServer::Reply{}; });
    closed_port = gone.port();
  }
  const auto answers =
      answers_to({job(1, taking.port()), job(2, created.port()), job(3, busy.port()),
                  job(4, babbling.port()), job(5, flooding.port()), job(6, silent.port()),
                  job(7, closed_port), job(8, 80, "no address")});
  EXPECT_EQ(answers.at(1).kind, AnswerKind::kAccepted);
  EXPECT_EQ(answers.at(1).text, "t1");
  EXPECT_EQ(answers.at(2).kind, AnswerKind::kAccepted);
  EXPECT_EQ(answers.at(2).status, 201);
  EXPECT_EQ(answers.at(3).kind, AnswerKind::kRefused);
  EXPECT_EQ(answers.at(3).status, 429);
  EXPECT_EQ(answers.at(4).kind, AnswerKind::kRefused);
  for (std::uint8_t number = 5; number <= 8; ++number) {
    EXPECT_EQ(answers.at(number).kind, AnswerKind::kUnanswered) << int{number};
    EXPECT_FALSE(answers.at(number).text.empty()) << int{number};
  }
}

TEST_F(SendJobsTest, TheRequestIsSignedAndTellsWhereToCallBack) {
  std::string received;
  LoopbackServer server([&](std::string_view request) {
    received = request;
    return LoopbackServer::Reply{.bytes = http_reply(202, R"({"task_id":"t1"})")};
  });
  answers_to({job(1, server.port())});
  EXPECT_TRUE(received.starts_with("POST /gen_image HTTP/1.1\r\n")) << received;
  EXPECT_TRUE(received.contains("X-Webhook-URL: " + std::string(kCallbackUrl)));
  const auto request =
      protocol::parse_generation_request(received.substr(received.find("\r\n\r\n") + 4));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->prompt, "a road");
  EXPECT_EQ(request->resolution, "1K");
  for (const std::string_view name : {"X-Bittensor-Signature: 0x", "X-Bittensor-Hotkey: "}) {
    EXPECT_TRUE(received.contains(name)) << name;
  }
}

TEST_F(SendJobsTest, AllLeaveAtOnce) {
  LoopbackServer server([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(202, R"({"task_id":"t1"})"), .delay = 100ms};
  });
  std::vector<OutgoingJob> jobs;
  for (std::uint8_t number = 0; number < 20; ++number) jobs.push_back(job(number, server.port()));
  answers_to(jobs);
  EXPECT_GT(server.most_at_once(), 10);
}

TEST_F(SendJobsTest, AnswersThatCannotBeRecordedEndTheSending) {
  LoopbackServer server([](std::string_view) {
    return LoopbackServer::Reply{.bytes = http_reply(202, R"({"task_id":"t1"})")};
  });
  const Status sent = send({job(1, server.port()), job(2, server.port())},
                           [](std::span<const JobAnswered>) -> Status { return no_space("full"); });
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kNoSpace);
}

TEST_F(SendJobsTest, StopsWhenAsked) {
  LoopbackServer silent(
      [](std::string_view) { return LoopbackServer::Reply{.bytes = "", .delay = 3s}; });
  const Status sent = send(
      {job(1, silent.port())}, [](std::span<const JobAnswered>) { return Status(); },
      assay::testing::stopped_token());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace assay::jobs
