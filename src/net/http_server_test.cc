#include "net/http_server.h"

#include "net/testing/raw_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <semaphore>
#include <thread>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using net::testing::RawClient;

std::string get(std::string_view target, std::string_view more = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, more);
}
std::string post(std::string_view target, std::string_view body, std::string_view more = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}",
                     target, body.size(), more, body);
}
bool has_status(std::string_view response, int status) {
  return response.starts_with(fmt::format("HTTP/1.1 {} ", status));
}

/// Echoes what it is sent, waits when it is told to.
class HttpServerTest : public ::testing::Test {
 protected:
  void TearDown() override { stop(); }

  std::uint16_t start(HttpServerOptions options = {}) {
    const HttpHandler echo = [](const ServedRequest& request) {
      return ServedResponse{.content_type = "text/plain",
                            .body = fmt::format("{}:{}", request.parameter("name"), request.body)};
    };
    const HttpHandler slow = [this](const ServedRequest&) {
      ++num_waiting_;
      gate_.acquire();
      return ServedResponse{.body = "late"};
    };
    std::vector<HttpRoute> routes;
    routes.push_back({HttpMethod::kGet, "/echo/{name}", echo});
    routes.push_back({HttpMethod::kPost, "/echo/{name}", echo, ByteCount(1000)});
    routes.push_back({HttpMethod::kPut, "/large/{name}",
                      [](const ServedRequest& request) {
                        return ServedResponse{.body = std::to_string(request.body.size())};
                      },
                      ByteCount(16U << 20)});
    routes.push_back({HttpMethod::kGet, "/target/{name}", [](const ServedRequest& request) {
                        return ServedResponse{.body = request.raw_target};
                      }});
    routes.push_back({HttpMethod::kGet, "/slow", slow});
    auto server = HttpServer::listen(std::move(routes), options);
    EXPECT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::jthread([this] { EXPECT_TRUE(server_->run(stop_.get_token())); });
    return server_->port();
  }
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  void wait_for_handlers(int count) {
    while (num_waiting_ < count) std::this_thread::sleep_for(1ms);
  }

  std::stop_source stop_;
  std::atomic<int> num_waiting_ = 0;
  std::counting_semaphore<> gate_{0};
  std::unique_ptr<HttpServer> server_;
  std::jthread thread_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  RawClient client(start());
  for (int i = 0; i < 3; ++i) {
    const std::string response =
        client.send(post("/echo/a%20b", std::to_string(i))).read_response();
    EXPECT_TRUE(has_status(response, 200)) << response;
    EXPECT_TRUE(response.ends_with(fmt::format("\r\n\r\na b:{}", i))) << response;
  }
}

TEST_F(HttpServerTest, HandsOnTheTargetAsItWasSent) {
  RawClient client(start());
  EXPECT_TRUE(client.send(get("/target/a%20b?x=%31&y"))
                  .read_response()
                  .ends_with("\r\n\r\n/target/a%20b?x=%31&y"));
}

TEST_F(HttpServerTest, AnswersRequestsThatComeAtOnceInTheirOrder) {
  RawClient client(start());
  client.send(get("/echo/1") + post("/echo/2", "x") + get("/echo/3"));
  EXPECT_TRUE(client.read_response().ends_with("1:"));
  EXPECT_TRUE(client.read_response().ends_with("2:x"));
  EXPECT_TRUE(client.read_response().ends_with("3:"));
}

TEST_F(HttpServerTest, ReadsABodyInChunks) {
  RawClient client(start());
  client.send(
      "POST /echo/c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("c:abcde"));
}

TEST_F(HttpServerTest, ClosesWhenItIsAskedTo) {
  RawClient client(start());
  const std::string all = client.send(get("/echo/x", "Connection: close\r\n")).read_to_end();
  EXPECT_TRUE(has_status(all, 200));
  EXPECT_TRUE(all.contains("Connection: close"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  RawClient client(start());
  client.send("HEAD /echo/abc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_TRUE(has_status(all, 200));
  EXPECT_TRUE(all.contains("Content-Length: 4\r\n")) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, SaysWhatAnAddressHas) {
  RawClient client(start());
  EXPECT_TRUE(has_status(client.send(get("/nowhere")).read_response(), 404));
  const std::string wrong =
      client.send("DELETE /echo/x HTTP/1.1\r\nHost: localhost\r\n\r\n").read_response();
  EXPECT_TRUE(has_status(wrong, 405));
  EXPECT_TRUE(wrong.contains("Allow: GET, POST\r\n")) << wrong;
  EXPECT_TRUE(wrong.contains(R"({"error":{"code":"method_not_allowed",)")) << wrong;
  EXPECT_TRUE(has_status(
      client.send("PATCH /echo/x HTTP/1.1\r\nHost: localhost\r\n\r\n").read_response(), 405));
}

TEST_F(HttpServerTest, AnswersATooLargeBodyBeforeItHasCome) {
  RawClient client(start());
  client.send("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\nabc");
  EXPECT_TRUE(has_status(client.read_response(), 413));
}

TEST_F(HttpServerTest, AnswersATooLargeBodyWhoseSenderDoesNotListenYet) {
  RawClient client(start());
  client.send(post("/echo/x", std::string(4'000'000, 'x')));
  EXPECT_TRUE(has_status(client.read_response(), 413));
}

TEST_F(HttpServerTest, AnswersATooLargeBodyInChunks) {
  RawClient client(start());
  client.send("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) client.send("200\r\n" + std::string(0x200, 'x') + "\r\n");
  EXPECT_TRUE(has_status(client.read_response(), 413));
}

TEST_F(HttpServerTest, TakesALargeBodyWhereTheRouteDoes) {
  RawClient client(start());
  const std::string body(5'000'000, 'x');
  client.send(
      fmt::format("PUT /large/x HTTP/1.1\r\nHost: localhost\r\nExpect: "
                  "100-continue\r\nContent-Length: {}\r\n\r\n",
                  body.size()));
  EXPECT_TRUE(has_status(client.read_through("\r\n\r\n"), 100));
  EXPECT_TRUE(client.send(body).read_response().ends_with("5000000"));
}

TEST_F(HttpServerTest, RefusesBodiesBeyondItsMemory) {
  RawClient client(start({.max_bodies = ByteCount(1000)}));
  client.send("PUT /large/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_TRUE(has_status(client.read_response(), 503));
}

TEST_F(HttpServerTest, AnswersTooLargeHeaders) {
  RawClient client(start());
  client.send(get("/echo/x", "X-Long: " + std::string(20'000, 'x') + "\r\n"));
  EXPECT_TRUE(has_status(client.read_response(), 431));
}

TEST_F(HttpServerTest, AnswersASlowRequest) {
  RawClient client(start({.read_timeout = 50ms}));
  EXPECT_TRUE(has_status(client.send("GET /echo/x HTT").read_response(), 408));
  RawClient body(server_->port());
  body.send("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(has_status(body.read_response(), 408));
}

TEST_F(HttpServerTest, ClosesAnIdleConnectionWithoutAWord) {
  RawClient client(start({.idle_timeout = 50ms}));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, AnswersWhatIsNoHttp) {
  const std::uint16_t port = start();
  for (const char* wrong :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n\r\n", "GET /echo/x HTTP/1.1\r\n\r\n",
        "GET /echo/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /echo/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"}) {
    EXPECT_TRUE(has_status(RawClient(port).send(wrong).read_response(), 400)) << wrong;
  }
}

TEST_F(HttpServerTest, KeepsWebPagesOut) {
  const std::uint16_t port = start();
  const auto status = [&](std::string_view headers) {
    const std::string response = RawClient(port)
                                     .send(fmt::format("GET /echo/x HTTP/1.1\r\n{}\r\n", headers))
                                     .read_response();
    return response.substr(9, 3);
  };
  EXPECT_EQ(status("Host: evil.example\r\n"), "403");
  EXPECT_EQ(status("Host: 127.0.0.1.evil.example:8404\r\n"), "403");
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://evil.example\r\n"), "403");
  EXPECT_EQ(status("Host: localhost\r\nOrigin: null\r\n"), "403");
  EXPECT_EQ(status("Host: localhost:1\r\nOrigin: http://localhost:2\r\n"), "403");
  EXPECT_EQ(status("Host: localhost:1\r\nOrigin: http://localhost:1\r\n"), "200");
  EXPECT_EQ(status("Host: [::1]:80\r\n"), "200");
}

TEST_F(HttpServerTest, AHandlerThatWaitsStopsNoOther) {
  const std::uint16_t port = start();
  RawClient slow(port);
  slow.send(get("/slow"));
  wait_for_handlers(1);
  EXPECT_TRUE(has_status(RawClient(port).send(get("/echo/x")).read_response(), 200));
  gate_.release();
  EXPECT_TRUE(slow.read_response().ends_with("late"));
}

TEST_F(HttpServerTest, AnswersWhatRunsWhenItIsStopped) {
  const std::uint16_t port = start();
  RawClient slow(port);
  RawClient idle(port);
  EXPECT_TRUE(has_status(idle.send(get("/echo/x")).read_response(), 200));
  slow.send(get("/slow"));
  wait_for_handlers(1);
  stop_.request_stop();
  EXPECT_EQ(idle.read_to_end(), "");
  gate_.release();
  const std::string response = slow.read_to_end();
  EXPECT_TRUE(response.ends_with("late")) << response;
  EXPECT_TRUE(response.contains("Connection: close")) << response;
  stop();
}

TEST_F(HttpServerTest, DoesNotWaitForAHalfRequestWhenItIsStopped) {
  RawClient half(start({.stop_timeout = 100ms}));
  half.send("GET /echo");
  // The server says nothing of half a request; mostly it has read this one by now, and it must not
  // matter when it has not.
  std::this_thread::sleep_for(20ms);
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondItsLimit) {
  const std::uint16_t port = start({.max_connections = 2});
  RawClient first(port);
  RawClient second(port);
  EXPECT_TRUE(has_status(first.send(get("/echo/x")).read_response(), 200));
  EXPECT_TRUE(has_status(second.send(get("/echo/x")).read_response(), 200));
  EXPECT_TRUE(has_status(RawClient(port).read_response(), 503));
}

TEST_F(HttpServerTest, RefusesConnectionsOfOneAddressBeyondItsLimit) {
  const std::uint16_t port = start({.max_connections_of_address = 2});
  RawClient first(port);
  EXPECT_TRUE(has_status(first.send(get("/echo/x")).read_response(), 200));
  {
    RawClient second(port);
    EXPECT_TRUE(has_status(second.send(get("/echo/x")).read_response(), 200));
    EXPECT_TRUE(has_status(RawClient(port).read_response(), 503));
  }
  // Whoever goes makes room; the server learns of it in its own time.
  std::string response;
  do {
    response = RawClient(port).send(get("/echo/x")).read_response();
  } while (has_status(response, 503));
  EXPECT_TRUE(has_status(response, 200)) << response;
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  const std::uint16_t port = start();
  std::atomic<int> num_right = 0;
  {
    std::vector<std::jthread> clients;
    for (int c = 0; c < 16; ++c) {
      clients.emplace_back([&, c] {
        RawClient client(port);
        for (int i = 0; i < 50; ++i) {
          const std::string response =
              client.send(post(fmt::format("/echo/{}", c), std::to_string(i))).read_response();
          if (response.ends_with(fmt::format("\r\n\r\n{}:{}", c, i))) ++num_right;
        }
      });
    }
  }
  EXPECT_EQ(num_right, 800);
}

TEST(HttpServer, ListensToThisMachineAloneUnlessItIsToldTo) {
  const auto refused = HttpServer::listen({}, {.address = "0.0.0.0"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(HttpServer::listen({}, {.address = "0.0.0.0", .exposure = Exposure::kAnyAddress}));
  EXPECT_FALSE(HttpServer::listen({}, {.address = "localhost"}));
}

TEST(HttpServer, SaysThatAPortIsTaken) {
  const auto first = HttpServer::listen({}, {});
  ASSERT_TRUE(first);
  const auto second = HttpServer::listen({}, {.port = (*first)->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::net
