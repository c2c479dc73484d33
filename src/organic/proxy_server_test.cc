// The proxy behind a real server: what strangers send is refused at a bounded cost.

#include "core/clock.h"
#include "core/random.h"
#include "net/testing/raw_client.h"
#include "organic/access_token.h"
#include "organic/proxy_desk.h"
#include "organic/testing/scripted_line.h"
#include "protocol/testing/known_keys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using net::testing::RawClient;
using protocol::testing::alice;
using testing::picture_body;

class ProxyServer : public ::testing::Test {
 protected:
  void SetUp() override {
    // As long as a test has patience; what is slow is found by the server's own deadline.
    auto server = net::HttpServer::listen(
        desk_.routes(),
        {.num_handler_threads = 4, .max_bodies = ByteCount(32U << 20), .read_timeout = 300ms});
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::jthread([this] { EXPECT_TRUE(server_->run(stop_.get_token())); });
  }
  void TearDown() override {
    stop_.request_stop();
    thread_.join();
  }
  static std::string token() {
    const Timestamp now = system_clock().now();
    return make_access_token({.client = "shop", .issued = now, .expires = now + 1h}, alice(),
                             system_random())
        .value();
  }
  std::string ask(std::string_view body, std::string_view headers) {
    RawClient client(server_->port());
    client.send(
        fmt::format("POST /validator_proxy HTTP/1.1\r\nHost: localhost\r\n{}"
                    "Content-Length: {}\r\n\r\n{}",
                    headers, body.size(), body));
    return client.read_response();
  }
  static int status_of(std::string_view response) {
    return response.size() < 12 ? 0 : std::stoi(std::string(response.substr(9, 3)));
  }

  testing::ScriptedLine line_{testing::some_miners(5)};
  CallerCheck callers_{alice().hotkey(), {}, system_clock()};
  ProxyDesk desk_{
      {.callers = callers_, .line = line_, .clock = system_clock(), .random = system_random()}, {}};
  std::stop_source stop_;
  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;
};

TEST_F(ProxyServer, AnswersWhoHasAToken) {
  const std::string bearer = fmt::format("Authorization: Bearer {}\r\n", token());
  const std::string answer = ask(picture_body(1), bearer);
  EXPECT_EQ(status_of(answer), 200) << answer;
  EXPECT_TRUE(answer.contains("\"preds\":[0.75,0.75,0.75]")) << answer;
  // A token works until it ends; sent again with the same image it gets nothing.
  EXPECT_EQ(status_of(ask(picture_body(1), bearer)), 429);
  EXPECT_EQ(status_of(ask(picture_body(2), bearer)), 200);
}

TEST_F(ProxyServer, AHeaderThatIsMissingIsToldSo) {
  const std::string answer = ask(picture_body(1), "");
  EXPECT_EQ(status_of(answer), 401) << answer;
  EXPECT_TRUE(answer.contains("WWW-Authenticate: Bearer"));
  EXPECT_TRUE(answer.contains("Authorization header missing"));
}

TEST_F(ProxyServer, AForgedTokenIsRefused) {
  std::string forged = token();
  forged.replace(forged.find("shop"), 4, "shoq");
  EXPECT_EQ(status_of(ask(picture_body(1), fmt::format("Authorization: Bearer {}\r\n", forged))),
            401);
  EXPECT_TRUE(line_.plans().empty());
}

TEST_F(ProxyServer, AHugeBodyIsRefusedByItsLength) {
  RawClient client(server_->port());
  client.send(
      "POST /validator_proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000000\r\n\r\n{");
  EXPECT_EQ(status_of(client.read_response()), 413);
  RawClient chunked(server_->port());
  chunked.send(
      "POST /validator_proxy HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk(1U << 20, 'a');
  for (int i = 0; i < 12; ++i) chunked.send(fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk));
  EXPECT_EQ(status_of(chunked.read_response()), 413);
}

TEST_F(ProxyServer, WhoSendsTooSlowlyIsSentAway) {
  RawClient client(server_->port());
  client.send("POST /validator_proxy HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(status_of(client.read_response()), 408);
  // Meanwhile and afterwards others are served.
  RawClient other(server_->port());
  other.send("GET /health/liveness HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(other.read_response()), 200);
}

TEST_F(ProxyServer, OtherMethodsAndAddressesAreRefused) {
  RawClient client(server_->port());
  client.send("GET /validator_proxy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.read_response()), 405);
  client.send("GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.read_response()), 404);
}

}  // namespace
}  // namespace assay::organic
