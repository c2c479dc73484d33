#include "net/event_feed.h"
#include "net/http_server.h"
#include "net/testing/raw_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using net::testing::RawClient;

constexpr std::string_view kGet = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Serves one feed.
class HttpEventStreamTest : public ::testing::Test {
 protected:
  void TearDown() override { stop(); }

  std::uint16_t start(const EventFeedOptions& feed = {}, const HttpServerOptions& options = {}) {
    feed_ = std::make_shared<EventFeed>(feed);
    const HttpHandler events = [this](const ServedRequest& request) {
      ServedResponse response{.feed = feed_};
      if (const auto last = request.header("Last-Event-ID")) {
        response.feed_place.after_id = std::stoull(std::string(*last));
      }
      return response;
    };
    auto server = HttpServer::listen({{HttpMethod::kGet, "/events", events}}, options);
    EXPECT_TRUE(server);
    server_ = std::move(*server);
    thread_ = std::jthread([this] { EXPECT_TRUE(server_->run(stop_.get_token())); });
    return server_->port();
  }
  void stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  /// The header of a stream that has begun.
  static std::string begin(RawClient& client, std::string_view request = kGet) {
    return client.send(request).read_through("retry: 2000\n\n");
  }
  void wait_for_clients(std::size_t count) const {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (feed_->num_clients() != count && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(feed_->num_clients(), count);
  }

  std::shared_ptr<EventFeed> feed_;
  std::stop_source stop_;
  std::unique_ptr<HttpServer> server_;
  std::jthread thread_;
};

TEST_F(HttpEventStreamTest, SendsEventsWhenTheyCome) {
  RawClient client(start());
  const std::string header = begin(client);
  EXPECT_TRUE(header.starts_with("HTTP/1.1 200 OK\r\n")) << header;
  EXPECT_TRUE(header.contains("Content-Type: text/event-stream\r\n")) << header;
  EXPECT_TRUE(header.contains("Connection: close\r\n")) << header;
  EXPECT_FALSE(header.contains("Content-Length")) << header;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    feed_->publish(id, "record", "{}");
    EXPECT_EQ(client.read_through("\n\n"),
              fmt::format("id: {}\nevent: record\ndata: {{}}\n\n", id));
  }
}

TEST_F(HttpEventStreamTest, GoesOnBehindTheLastEventOfTheClient) {
  RawClient client(start());
  for (std::uint64_t id = 1; id <= 3; ++id) feed_->publish(id, "record", "{}");
  begin(client, "GET /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 2\r\n\r\n");
  EXPECT_EQ(client.read_through("\n\n"), "id: 3\nevent: record\ndata: {}\n\n");
}

TEST_F(HttpEventStreamTest, SaysThatItIsThereWhenNothingHappens) {
  RawClient client(start({.heartbeat = 20ms}));
  begin(client);
  EXPECT_EQ(client.read_through("\n\n"), ": heartbeat\n\n");
  EXPECT_EQ(client.read_through("\n\n"), ": heartbeat\n\n");
  feed_->publish(1, "record", "{}");
  while (true) {
    const std::string text = client.read_through("\n\n");
    if (text == ": heartbeat\n\n") continue;
    EXPECT_EQ(text, "id: 1\nevent: record\ndata: {}\n\n");
    break;
  }
}

TEST_F(HttpEventStreamTest, ASlowClientIsDroppedToldAndHoldsUpNobody) {
  const std::uint16_t port = start({.max_events = 16});
  RawClient slow(port);
  RawClient quick(port);
  begin(slow);
  begin(quick);
  // More than the system's buffers hold.
  const std::string large(1'000'000, 'x');
  for (std::uint64_t id = 1; id <= 40; ++id) {
    feed_->publish(id, "record", large);
    EXPECT_TRUE(quick.read_through("\n\n").starts_with(fmt::format("id: {}\n", id)));
  }
  const std::string rest = slow.read_to_end();
  const std::size_t told = rest.find("event: dropped\ndata: {\"missed\":");
  ASSERT_NE(told, std::string::npos);
  EXPECT_FALSE(rest.contains("id: 40\n"));
  EXPECT_FALSE(rest.substr(told).contains("event: record"));
  wait_for_clients(1);
}

TEST_F(HttpEventStreamTest, AClientThatTakesNothingAtAllIsCutOff) {
  RawClient stuck(start({.max_events = 64}, {.write_timeout = 50ms}));
  begin(stuck);
  for (std::uint64_t id = 1; id <= 40; ++id) {
    feed_->publish(id, "record", std::string(1'000'000, 'x'));
  }
  wait_for_clients(0);
}

TEST_F(HttpEventStreamTest, NoticesAtOnceThatAClientIsGone) {
  const std::uint16_t port = start();
  {
    RawClient client(port);
    begin(client);
    wait_for_clients(1);
  }
  wait_for_clients(0);
}

TEST_F(HttpEventStreamTest, RefusesClientsBeyondItsLimit) {
  const std::uint16_t port = start({.max_clients = 1});
  RawClient first(port);
  begin(first);
  const std::string refused = RawClient(port).send(kGet).read_response();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_TRUE(refused.contains("Retry-After: 5\r\n")) << refused;
}

TEST_F(HttpEventStreamTest, HeadGetsNoEvents) {
  RawClient client(start());
  client.send("HEAD /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\n"));
}

TEST_F(HttpEventStreamTest, EndsWhenTheServerIsStopped) {
  RawClient client(start());
  begin(client);
  feed_->publish(1, "record", "{}");
  client.read_through("\n\n");
  const auto begin = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace assay::net
