#include "serve/history_routes.h"

#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "json/value.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace assay::serve {
namespace {

using net::HttpMethod;
using net::ServedResponse;

/// The routes without a network in front of them.
class HistoryRoutesTest : public ::testing::Test {
 protected:
  HistoryRoutesTest() {
    recorder::RecorderOptions options;
    options.derive_interval = std::chrono::milliseconds(0);
    options.hand_over = recorder::HandOver::kNever;
    recorder_ = std::move(
        recorder::Recorder::open(file_system_, clock_, random_, "/data", options).value());
    routes_ = history_routes(*recorder_, file_system_, "/data");
  }

  ServedResponse call(HttpMethod method, std::string_view target, std::string body = "",
                      std::string key = "") {
    net::ServedRequest request{.method = method,
                               .target = net::parse_request_target(target).value(),
                               .parameters = {},
                               .headers = {},
                               .body = std::move(body)};
    if (!key.empty()) request.headers.push_back({"idempotency-key", std::move(key)});
    for (const net::HttpRoute& route : routes_) {
      auto parameters = net::PathPattern(route.pattern).match(request.target);
      if (!parameters || route.method != method) continue;
      request.parameters = std::move(*parameters);
      return route.handler(request);
    }
    return {.status = 0};
  }
  ServedResponse post(std::string_view target, std::string body = "", std::string key = "") {
    return call(HttpMethod::kPost, fmt::format("/v1/history/generations{}", target),
                std::move(body), std::move(key));
  }
  ServedResponse put_ply(std::string_view id, std::string key) {
    return call(HttpMethod::kPut, fmt::format("/v1/history/generations/{}/ply", id),
                "ply\nnot really", std::move(key));
  }
  ServedResponse get(std::string_view target) { return call(HttpMethod::kGet, target); }

  static std::string text_at(const ServedResponse& response, std::string_view name) {
    const auto read = json::parse(response.body);
    if (!read) return "no JSON: " + response.body;
    const json::Value* value = read->find("error") != nullptr ? read->find("error") : &*read;
    return value->require_text(name).value_or("absent");
  }
  std::uint64_t num_events() { return recorder_->status().journal.num_accepted; }

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<recorder::Recorder> recorder_;
  std::vector<net::HttpRoute> routes_;
};

constexpr const char* kStart = R"({"generation_id": "a", "task_type": "text", "prompt": "a dog"})";

TEST_F(HistoryRoutesTest, TakesAGenerationFromStartToFinish) {
  const ServedResponse started = post("", R"({"task_type": "text", "prompt": "a dog"})");
  EXPECT_EQ(started.status, 201);
  const std::string id = text_at(started, "generation_id");
  for (const auto& [event, body] : std::vector<std::pair<std::string, std::string>>{
           {"prompt", R"({"enhanced_prompt": "x"})"},
           {"timing", R"({"timing": {"total": 1.5}})"},
           {"output", R"({"output": {"num_gaussians": 3}})"},
           {"submission", ""},
           {"feedback", R"({"score": 0.5})"},
           {"failure", R"({"error_type": "E", "error_message": "m"})"},
           {"finish", ""}}) {
    const ServedResponse response = post(fmt::format("/{}/{}", id, event), body);
    EXPECT_EQ(response.status, 200) << event << response.body;
    EXPECT_EQ(text_at(response, "verdict"), "applied") << event;
  }
}

TEST_F(HistoryRoutesTest, ShowsAGenerationWhileItIsOpen) {
  EXPECT_EQ(get("/v1/history/generations/a").status, 404);
  post("", kStart);
  const ServedResponse open = get("/v1/history/generations/a");
  EXPECT_EQ(open.status, 200);
  EXPECT_TRUE(open.body.contains(R"("prompt": "a dog")")) << open.body;
  post("/a/finish");
  EXPECT_EQ(get("/v1/history/generations/a").status, 404);
}

TEST_F(HistoryRoutesTest, OneKeyIsOneEventWithOneAnswer) {
  const char* body = R"({"task_type": "text", "prompt": "a dog"})";
  const ServedResponse first = post("", body, "key-1");
  const ServedResponse again = post("", body, "key-1");
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(text_at(again, "generation_id"), text_at(first, "generation_id"));
  EXPECT_EQ(recorder_->status().num_open, 1U);
  EXPECT_EQ(post("", body, "a b").status, 400);
  EXPECT_EQ(post("", body, std::string(201, 'x')).status, 400);
}

TEST_F(HistoryRoutesTest, AKeyOfAnotherGenerationIsAConflict) {
  const char* other = R"({"generation_id": "b", "task_type": "text", "prompt": "a dog"})";
  EXPECT_EQ(post("", kStart, "start").status, 201);
  EXPECT_EQ(post("", other, "start").status, 409);
  EXPECT_EQ(post("", other).status, 201);
  EXPECT_EQ(post("/a/submission", "", "key").status, 200);
  EXPECT_EQ(post("/a/submission", "", "key").status, 200);
  const ServedResponse refused = post("/b/submission", "", "key");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(text_at(refused, "code"), "key_of_other_generation");
  EXPECT_EQ(text_at(refused, "message"),
            "the idempotency key was used for the generation a; nothing was recorded of b");
  EXPECT_EQ(put_ply("a", "key").status, 200);
  EXPECT_EQ(put_ply("b", "key").status, 409);
}

TEST_F(HistoryRoutesTest, SaysWhatIsWrong) {
  EXPECT_EQ(post("", "{").status, 400);
  EXPECT_EQ(text_at(post("", "{}"), "code"), "invalid_input");
  EXPECT_EQ(post("/nobody/submission").status, 404);
  EXPECT_EQ(text_at(post("/nobody/finish"), "code"), "unknown_generation");
  EXPECT_EQ(post("", kStart).status, 201);
  EXPECT_EQ(post("", kStart).status, 409);
  EXPECT_EQ(post("/a/finish").status, 200);
  EXPECT_EQ(text_at(post("/a/finish"), "code"), "already_finished");
  EXPECT_EQ(post(fmt::format("/{}/finish", std::string(300, 'x'))).status, 400);
}

TEST_F(HistoryRoutesTest, KeepsFeedbackForAGenerationThatIsNotKnown) {
  const ServedResponse response = post("/nobody/feedback", R"({"score": 0.5})");
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(text_at(response, "verdict"), "unknown_generation");
}

TEST_F(HistoryRoutesTest, StoresPlyBytes) {
  post("", kStart);
  EXPECT_EQ(call(HttpMethod::kPut, "/v1/history/generations/a/ply", "ply\nnot really").status, 200);
  EXPECT_EQ(call(HttpMethod::kPut, "/v1/history/generations/a/ply", "").status, 400);
  EXPECT_TRUE(get("/v1/history/generations/a").body.contains("\"ply_file_hash\": \"sha256:"));
}

TEST_F(HistoryRoutesTest, ShowsItsCountsToPeopleAndMachines) {
  post("", kStart);
  const auto status = json::parse(get("/v1/history/status").body);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->find("events")->require_integer("durable"), 1);
  const ServedResponse metrics = get("/metrics");
  EXPECT_TRUE(metrics.content_type.starts_with("text/plain; version=0.0.4"));
  EXPECT_TRUE(metrics.body.contains("assay_history_generations_open 1\n"));
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(HistoryRoutesTest, TakesAConfigChange) {
  EXPECT_EQ(call(HttpMethod::kPost, "/v1/history/config_changes",
                 R"({"changes": {"a": {"old": null, "new": 1}}, "reason": "start"})")
                .status,
            200);
}

TEST_F(HistoryRoutesTest, AClosedHistoryIsUnavailable) {
  post("", kStart);
  ASSERT_TRUE(recorder_->close());
  const ServedResponse response = post("/a/finish");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(text_at(response, "code"), "unavailable");
}

}  // namespace
}  // namespace assay::serve
