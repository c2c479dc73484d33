#include "serve/live_routes.h"

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "json/value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::serve {
namespace {

/// The routes and what their feed holds, without a network.
class LiveRoutesTest : public ::testing::Test {
 protected:
  LiveRoutesTest() {
    recorder::RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = recorder::HandOver::kNever;
    options.on_line = feed_writer(feed_);
    recorder_ = std::move(
        recorder::Recorder::open(file_system_, clock_, random_, "/data", options).value());
    routes_ = live_routes(*recorder_, feed_, {.folder = "/data & more", .made_by = "Assay 1"});
  }

  net::ServedResponse get(std::string_view target, std::string_view last_event_id = "") {
    net::ServedRequest request{.method = net::HttpMethod::kGet,
                               .target = net::parse_request_target(target).value(),
                               .parameters = {},
                               .headers = {},
                               .body = {}};
    if (!last_event_id.empty()) {
      request.headers.push_back({"last-event-id", std::string(last_event_id)});
    }
    for (const net::HttpRoute& route : routes_) {
      if (net::PathPattern(route.pattern).match(request.target)) return route.handler(request);
    }
    return {.status = 0};
  }
  std::string events(const net::FeedPlace& place) {
    return feed_->connect(place, [] {})->read().text;
  }

  std::shared_ptr<net::EventFeed> feed_ = std::make_shared<net::EventFeed>();
  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<recorder::Recorder> recorder_;
  std::vector<net::HttpRoute> routes_;
};

TEST_F(LiveRoutesTest, EachLineOfTheHistoryIsAnEvent) {
  recorder::NewGeneration generation;
  generation.generation_id = "a";
  generation.prompt = "a dog";
  ASSERT_TRUE(recorder_->start(generation));
  EXPECT_EQ(events({.num_recent = 9}), "");
  ASSERT_TRUE(recorder_->finish("a"));
  ASSERT_TRUE(
      recorder_->log_feedback("a", {.validator_uid = {}, .validator_hotkey = {}, .score = 0.5}));
  ASSERT_TRUE(recorder_->log_config_change(R"({"x": {"old": 1, "new": 2}})", "why"));
  const std::string text = events({.num_recent = 9});
  EXPECT_TRUE(text.starts_with("id: 2\nevent: record\ndata: {\"metadata\": ")) << text;
  EXPECT_TRUE(text.contains("\n\nid: 3\nevent: feedback\ndata: {\"generation_id\": \"a\", "))
      << text;
  EXPECT_TRUE(text.contains("\n\nid: 4\nevent: config_change\ndata: {")) << text;
  for (const std::string_view name : {"generation_history.jsonl", "generation_feedback.jsonl"}) {
    ASSERT_TRUE(recorder_->flush());
    const std::string line = file_system_.content(std::filesystem::path("/data") / name).value();
    EXPECT_TRUE(text.contains("\ndata: " + line + "\n")) << "the line as it stands in " << name;
  }
}

TEST_F(LiveRoutesTest, AClientSaysWhereItBegins) {
  const net::ServedResponse all = get("/v1/history/events");
  EXPECT_EQ(all.feed, feed_);
  EXPECT_EQ(all.feed_place.after_id, std::nullopt);
  EXPECT_EQ(all.feed_place.num_recent, 0U);
  EXPECT_EQ(get("/v1/history/events?recent=20").feed_place.num_recent, 20U);
  EXPECT_EQ(get("/v1/history/events?recent=20", "41").feed_place.after_id, 41U);
}

TEST_F(LiveRoutesTest, RefusesAPlaceThatIsNone) {
  for (const std::string_view target :
       {"/v1/history/events?recent=x", "/v1/history/events?recent=-1",
        "/v1/history/events?recent=1001", "/v1/history/events?last=1"}) {
    const net::ServedResponse response = get(target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(response.feed, nullptr);
  }
  EXPECT_EQ(get("/v1/history/events", "next").status, 400);
  EXPECT_EQ(get("/v1/history/events", "-3").status, 400);
}

TEST_F(LiveRoutesTest, ThePageNamesItsFolderAndMayAskItsServerAlone) {
  const net::ServedResponse page = get("/");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(page.body.contains("/data &amp; more"));
  EXPECT_TRUE(page.body.contains("connect-src 'self'"));
  EXPECT_TRUE(page.body.contains("new EventSource(`/v1/history/events"));
}

}  // namespace
}  // namespace assay::serve
