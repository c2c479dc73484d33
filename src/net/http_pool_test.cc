#include "net/http_pool.h"

#include "net/testing/loopback_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using testing::http_reply;
using testing::LoopbackServer;
using Reply = LoopbackServer::Reply;

// Gives `requests` with their index as id.
RequestSource source_of(std::vector<HttpRequest> requests) {
  return [requests = std::move(requests), next = std::size_t{0}] mutable -> Result<NextRequest> {
    if (next == requests.size()) return NoMoreRequests{};
    const std::size_t id = next++;
    return PooledRequest{id, requests[id]};
  };
}

using Answers = std::map<std::uint64_t, Result<HttpResponse>>;

ResponseSink into(Answers& answers) {
  return [&answers](std::uint64_t id, Result<HttpResponse> response) -> Status {
    EXPECT_TRUE(answers.emplace(id, std::move(response)).second) << "answered twice";
    return {};
  };
}

TEST(HttpPool, GivesEachRequestItsOwnAnswer) {
  LoopbackServer server([](std::string_view request) {
    return Reply{http_reply(200, request.substr(4, request.find(" HTTP") - 4))};
  });
  auto pool = HttpPool::create({.max_in_flight = 40}).value();
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 2000; ++i) requests.push_back({.url = server.url("/" + std::to_string(i))});
  Answers answers;
  ASSERT_TRUE(pool.run(source_of(requests), into(answers), {}));
  ASSERT_EQ(answers.size(), 2000U);
  for (const auto& [id, answer] : answers) {
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "/" + std::to_string(id));
  }
  EXPECT_LE(server.num_connections(), 40);
}

TEST(HttpPool, RunsAgainOverTheSameConnections) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, "")}; });
  auto pool = HttpPool::create({.max_in_flight = 4}).value();
  for (int run = 0; run < 20; ++run) {
    Answers answers;
    ASSERT_TRUE(
        pool.run(source_of({{.url = server.url()}, {.url = server.url()}}), into(answers), {}));
    EXPECT_EQ(answers.size(), 2U);
  }
  EXPECT_LE(server.num_connections(), 4);
}

TEST(HttpPool, EachOfManyHostsKeepsItsConnectionFromRunToRun) {
  constexpr std::ptrdiff_t kHosts = 70;  // more than share one of curl's caches
  // Nobody is answered before all are asked: what is free when does not depend on the time.
  std::barrier all_asked(kHosts);
  std::vector<std::unique_ptr<LoopbackServer>> servers;
  std::vector<HttpRequest> requests;
  for (int i = 0; i < kHosts; ++i) {
    servers.push_back(std::make_unique<LoopbackServer>([&](std::string_view) {
      all_asked.arrive_and_wait();
      return Reply{http_reply(200, "")};
    }));
    requests.push_back({.url = servers.back()->url()});
  }
  auto pool = HttpPool::create({.max_in_flight = kHosts}).value();
  for (int run = 0; run < 3; ++run) {
    Answers answers;
    ASSERT_TRUE(pool.run(source_of(requests), into(answers), {}));
    for (const auto& [id, answer] : answers) ASSERT_TRUE(answer) << answer.error().message;
    std::ranges::reverse(requests);
  }
  for (const auto& server : servers) EXPECT_EQ(server->num_connections(), 1);
}

TEST(HttpPool, AnEmptySourceEndsAtOnce) {
  auto pool = HttpPool::create({}).value();
  Answers answers;
  EXPECT_TRUE(pool.run(source_of({}), into(answers), {}));
}

TEST(HttpPool, KeepsToBothLimits) {
  const auto slow = [](std::string_view) { return Reply{http_reply(200, ""), 10ms}; };
  LoopbackServer one(slow);
  LoopbackServer two(slow);
  auto pool = HttpPool::create({.max_in_flight = 10, .max_per_host = 7}).value();
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 80; ++i) requests.push_back({.url = (i < 40 ? one : two).url()});
  Answers answers;
  ASSERT_TRUE(pool.run(source_of(requests), into(answers), {}));
  EXPECT_EQ(answers.size(), 80U);
  EXPECT_LE(one.most_at_once(), 7);
  EXPECT_LE(two.most_at_once(), 7);
  EXPECT_GE(one.most_at_once(), 5);
}

TEST(HttpPool, OneSlowRequestDoesNotHoldTheOthers) {
  LoopbackServer server([](std::string_view request) {
    return Reply{http_reply(200, ""), request.starts_with("GET /slow") ? 30s : 0s};
  });
  auto pool = HttpPool::create({.max_in_flight = 3}).value();
  std::vector<HttpRequest> requests = {{.url = server.url("/slow"), .timeout = 300ms}};
  for (int i = 0; i < 50; ++i) requests.push_back({.url = server.url("/fast")});
  Answers answers;
  std::vector<std::uint64_t> order;
  ASSERT_TRUE(pool.run(source_of(requests),
                       [&](std::uint64_t id, Result<HttpResponse> response) {
                         order.push_back(id);
                         return into(answers)(id, std::move(response));
                       },
                       {}));
  EXPECT_EQ(order.back(), 0U);
  EXPECT_EQ(answers.at(0).error().code, ErrorCode::kTimeout);
  for (std::uint64_t id = 1; id <= 50; ++id) EXPECT_TRUE(answers.at(id));
}

TEST(HttpPool, EveryDeadlineIsItsOwn) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, ""), 30s}; });
  auto pool = HttpPool::create({.max_in_flight = 8}).value();
  std::vector<HttpRequest> requests;
  for (int i = 4; i > 0; --i) requests.push_back({.url = server.url(), .timeout = i * 60ms});
  std::vector<std::uint64_t> order;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(pool.run(source_of(requests),
                       [&](std::uint64_t id, Result<HttpResponse> response) -> Status {
                         EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
                         order.push_back(id);
                         return {};
                       },
                       {}));
  EXPECT_EQ(order, (std::vector<std::uint64_t>{3, 2, 1, 0}));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 240ms);
}

TEST(HttpPool, ErrorsOfSingleRequestsGoToTheSink) {
  LoopbackServer server([](std::string_view request) {
    if (request.starts_with("GET /cut")) return Reply{"HTTP/1.1 2", 0ms, Reply::After::kClose};
    if (request.starts_with("GET /long")) return Reply{http_reply(200, std::string(5000, 'x'))};
    return Reply{http_reply(404, "")};
  });
  auto pool = HttpPool::create({.max_in_flight = 2}).value();
  Answers answers;
  ASSERT_TRUE(pool.run(source_of({{.url = server.url("/cut")},
                                  {.url = server.url("/long"), .max_body = ByteCount(100)},
                                  {.url = Url::parse("s3://bucket/x").value()},
                                  {.url = Url::parse("http://127.0.0.1:1/").value()},
                                  {.url = server.url("/fine")}}),
                       into(answers), {}));
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_EQ(answers.at(0).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answers.at(1).error().code, ErrorCode::kExhausted);
  EXPECT_EQ(answers.at(2).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(answers.at(3).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answers.at(4)->status, 404);
}

TEST(HttpPool, AServerThatClosesEachConnectionIsConnectedAnew) {
  LoopbackServer server([](std::string_view) {
    return Reply{http_reply(200, "x", "Connection: close\r\n"), 0ms, Reply::After::kClose};
  });
  auto pool = HttpPool::create({.max_in_flight = 5}).value();
  Answers answers;
  ASSERT_TRUE(
      pool.run(source_of(std::vector<HttpRequest>(200, {.url = server.url()})), into(answers), {}));
  for (const auto& [id, answer] : answers) EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answers.size(), 200U);
}

TEST(HttpPool, AsksAgainWhenTold) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, "")}; });
  auto pool = HttpPool::create({.max_in_flight = 5}).value();
  int num_asked = 0;
  const auto start = std::chrono::steady_clock::now();
  Answers answers;
  ASSERT_TRUE(pool.run(
      [&]() -> Result<NextRequest> {
        if (++num_asked == 1) return AskAgain{std::chrono::steady_clock::now() + 50ms};
        if (num_asked == 2) return PooledRequest{1, {.url = server.url()}};
        return NoMoreRequests{};
      },
      into(answers), {}));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
  EXPECT_EQ(num_asked, 3);
}

TEST(HttpPool, AResponseIsAReasonToAskAgain) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(503, "")}; });
  auto pool = HttpPool::create({.max_in_flight = 5}).value();
  std::uint64_t num_answered = 0;
  std::uint64_t num_sent = 0;
  ASSERT_TRUE(pool.run(
      [&]() -> Result<NextRequest> {
        if (num_answered == 3) return NoMoreRequests{};
        if (num_sent > num_answered) return AskAgain{std::chrono::steady_clock::now() + 1h};
        return PooledRequest{num_sent++, {.url = server.url()}};
      },
      [&](std::uint64_t, Result<HttpResponse>) -> Status {
        ++num_answered;
        return {};
      },
      {}));
  EXPECT_EQ(num_sent, 3U);
}

TEST(HttpPool, AStopEndsTheRunAtOnceAndTheNextOneWorks) {
  LoopbackServer server([](std::string_view request) {
    return Reply{http_reply(200, ""), request.starts_with("GET /slow") ? 30s : 0s};
  });
  auto pool = HttpPool::create({.max_in_flight = 20}).value();
  std::stop_source source;
  std::jthread stopper([&] {
    // Later than curl's timers of a new connection, which would wake the pool anyway.
    std::this_thread::sleep_for(400ms);
    source.request_stop();
  });
  Answers answers;
  const auto start = std::chrono::steady_clock::now();
  const Status stopped =
      pool.run(source_of(std::vector<HttpRequest>(30, {.url = server.url("/slow")})), into(answers),
               source.get_token());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_TRUE(answers.empty());
  ASSERT_TRUE(pool.run(source_of({{.url = server.url()}}), into(answers), {}));
  EXPECT_TRUE(answers.at(0));
}

TEST(HttpPool, ErrorsOfSourceAndSinkEndTheRun) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, "")}; });
  auto pool = HttpPool::create({.max_in_flight = 5}).value();
  Answers answers;
  EXPECT_EQ(pool.run([]() -> Result<NextRequest> { return corrupt("row 5"); }, into(answers), {})
                .error()
                .message,
            "row 5");
  EXPECT_EQ(pool.run(source_of(std::vector<HttpRequest>(10, {.url = server.url()})),
                     [](std::uint64_t, const Result<HttpResponse>&) -> Status {
                       return no_space("disk full");
                     },
                     {})
                .error()
                .code,
            ErrorCode::kNoSpace);
  EXPECT_TRUE(pool.run(source_of({{.url = server.url()}}), into(answers), {}));
}

TEST(HttpPool, KeepsOnlyTheHeadersItWasAskedFor) {
  LoopbackServer server(
      [](std::string_view) { return Reply{http_reply(200, "", "X-A: 1\r\nX-B: 2\r\n")}; });
  auto pool = HttpPool::create({.captured_headers = {"x-b"}}).value();
  Answers answers;
  ASSERT_TRUE(pool.run(source_of({{.url = server.url()}}), into(answers), {}));
  ASSERT_EQ(answers.at(0)->headers.size(), 1U);
  EXPECT_EQ(answers.at(0)->header("X-B"), "2");
}

TEST(HttpPool, NamesAreResolvedAndShared) {
  LoopbackServer server([](std::string_view) { return Reply{http_reply(200, "")}; });
  auto pool = HttpPool::create({.max_in_flight = 40, .max_per_host = 30}).value();
  const Url url = Url::parse("http://localhost:" + std::to_string(server.port()) + "/").value();
  Answers answers;
  ASSERT_TRUE(pool.run(source_of(std::vector<HttpRequest>(300, {.url = url})), into(answers), {}));
  for (const auto& [id, answer] : answers) EXPECT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answers.size(), 300U);

  Answers unknown;
  const Url nowhere = Url::parse("http://nowhere.invalid/").value();
  ASSERT_TRUE(
      pool.run(source_of(std::vector<HttpRequest>(5, {.url = nowhere})), into(unknown), {}));
  for (const auto& [id, answer] : unknown) EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(unknown.size(), 5U);
}

}  // namespace
}  // namespace assay::net
