#include "metrics/metric_server.h"

#include "net/http_client.h"
#include "net/testing/listening_socket.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <string_view>

namespace assay::metrics {
namespace {

net::HttpResponse get(std::uint16_t port, const std::string& path) {
  const auto transport = net::make_http_transport({});
  const auto response = transport->send(
      {.url = net::Url::parse(fmt::format("http://127.0.0.1:{}{}", port, path)).value()}, {});
  EXPECT_TRUE(response) << response.error().message;
  return response.value_or(net::HttpResponse{});
}

void no_fault(std::string_view reason) { ADD_FAILURE() << reason; }

TEST(MetricServer, TellsWhatThereIsAtEachScrape) {
  std::atomic<int> count = 0;
  const auto server = MetricServer::start(
      {}, [&] { return Result<std::string>(fmt::format("m {}\n", ++count)); }, no_fault);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(get((*server)->port(), "/metrics").body, "m 1\n");
  EXPECT_EQ(get((*server)->port(), "/metrics").body, "m 2\n");
  EXPECT_EQ(get((*server)->port(), "/").status, 404);
}

TEST(MetricServer, WhatCannotBeToldIsAnError) {
  const auto server = MetricServer::start(
      {}, [] { return Result<std::string>(not_found("no status yet")); }, no_fault);
  ASSERT_TRUE(server) << server.error().message;
  const auto response = get((*server)->port(), "/metrics");
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.body.contains("no status yet"));
}

TEST(MetricServer, TellsThatItCannotServeAnyMore) {
  std::promise<std::string> told;
  const auto server = MetricServer::start(
      {}, [] { return Result<std::string>(""); },
      [&](std::string_view reason) { told.set_value(std::string(reason)); });
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(get((*server)->port(), "/metrics").status, 200);
  net::testing::break_listening_socket((*server)->port());
  auto reason = told.get_future();
  ASSERT_EQ(reason.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_TRUE(reason.get().starts_with("the server of metrics: "));
}

TEST(MetricServer, ATakenPortIsNamedByItsFlag) {
  const auto first = MetricServer::start({}, [] { return Result<std::string>(""); }, no_fault);
  ASSERT_TRUE(first);
  const auto second = MetricServer::start(
      {.port = (*first)->port()}, [] { return Result<std::string>(""); }, no_fault);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message.starts_with("--metrics.port")) << second.error().message;
  EXPECT_FALSE(MetricServer::start(
      {.address = "0.0.0.0"}, [] { return Result<std::string>(""); }, no_fault));
}

}  // namespace
}  // namespace assay::metrics
