#include "net/retry_policy.h"

#include "core/testing/fake_clock.h"
#include "core/testing/stopped_token.h"
#include "net/testing/fake_transport.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using Kind = TryOutcome::Kind;

// Always the same share of the bound.
class FixedRandom final : public RandomSource {
 public:
  explicit FixedRandom(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t next() override { return bits_; }

 private:
  std::uint64_t bits_;
};

constexpr std::uint64_t kHalf = 1ULL << 63;
const Timestamp kNow = parse_timestamp("1994-11-06T08:49:07Z").value();

TEST(RetryPolicy, TriesAgainWhatMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504, 599}) {
    EXPECT_NE(outcome_of(HttpResponse{.status = status}, kNow).kind, Kind::kFinal) << status;
  }
  for (const int status : {200, 204, 301, 400, 401, 403, 404, 600}) {
    EXPECT_EQ(outcome_of(HttpResponse{.status = status}, kNow).kind, Kind::kFinal) << status;
  }
  EXPECT_EQ(outcome_of(HttpResponse{.status = 503}, kNow).kind, Kind::kThrottled);
  EXPECT_EQ(outcome_of(unavailable("refused"), kNow).kind, Kind::kTryAgain);
  EXPECT_EQ(outcome_of(timed_out("slow"), kNow).kind, Kind::kTryAgain);
  EXPECT_EQ(outcome_of(exhausted("long"), kNow).kind, Kind::kFinal);
  EXPECT_EQ(outcome_of(cancelled("stop"), kNow).kind, Kind::kFinal);
}

TEST(RetryPolicy, WaitsGrowToTheirCap) {
  FixedRandom random(kHalf);
  RetryPolicy policy(
      {.initial_delay = 100ms, .factor = 2, .max_delay = 500ms, .max_tries = 6, .total = 1h},
      random);
  std::vector<std::int64_t> waits;
  for (unsigned tries = 1; tries < 6; ++tries) {
    waits.push_back(policy.next_delay(tries, {Kind::kTryAgain, {}}, 0ms)->count());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{50, 100, 200, 250, 250}));
  EXPECT_FALSE(policy.next_delay(6, {Kind::kTryAgain, {}}, 0ms));
  EXPECT_FALSE(policy.next_delay(1, {Kind::kFinal, {}}, 0ms));
}

TEST(RetryPolicy, JitterIsEvenFromZeroToTheBound) {
  SeededRandom random(1);
  RetryPolicy policy({.initial_delay = 1000ms}, random);
  std::int64_t least = 1000;
  std::int64_t most = 0;
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto wait = policy.next_delay(1, {Kind::kTryAgain, {}}, 0ms)->count();
    least = std::min(least, wait);
    most = std::max(most, wait);
    sum += static_cast<double>(wait);
  }
  EXPECT_LT(least, 10);
  EXPECT_GT(most, 990);
  EXPECT_NEAR(sum / 10'000, 500, 15);
}

TEST(RetryPolicy, WhatTheServerAsksForIsTheLeast) {
  FixedRandom random(kHalf);
  RetryPolicy policy({.initial_delay = 100ms, .total = 10s}, random);
  EXPECT_EQ(policy.next_delay(1, {Kind::kThrottled, 3s}, 0ms), 3050ms);
  EXPECT_FALSE(policy.next_delay(1, {Kind::kThrottled, 20s}, 0ms));
}

TEST(RetryPolicy, NoTryBeginsAfterTheTotal) {
  FixedRandom random(kHalf);
  RetryPolicy policy({.initial_delay = 100ms, .total = 1s}, random);
  EXPECT_TRUE(policy.next_delay(1, {Kind::kTryAgain, {}}, 950ms));
  EXPECT_FALSE(policy.next_delay(1, {Kind::kTryAgain, {}}, 951ms));
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(parse_retry_after("120", kNow), 120s);
  EXPECT_EQ(parse_retry_after("0", kNow), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 30s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:48:00 GMT", kNow), 0s);
  EXPECT_GT(parse_retry_after("99999999999999999999", kNow), 24h);
  for (const std::string_view text :
       {"", "-1", "1.5", "soon", " 5", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Abc 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, kNow), std::nullopt) << text;
  }
}

class SendWithRetry : public ::testing::Test {
 protected:
  Result<HttpResponse> send(std::vector<Result<HttpResponse>> answers, RetryOptions options = {}) {
    std::size_t next = 0;
    testing::FakeTransport transport([&](const HttpRequest&) { return answers.at(next++); });
    RetryPolicy policy(options, random_);
    auto response =
        send_with_retry(transport, {.url = Url::parse("http://h/").value()}, policy, clock_, {},
                        [&](std::chrono::milliseconds span, std::stop_token) -> Status {
                          clock_.advance(span);
                          waits_.push_back(span);
                          return {};
                        });
    num_tries_ = transport.requests().size();
    return response;
  }

  FixedRandom random_{kHalf};
  assay::testing::FakeClock clock_;
  std::vector<std::chrono::milliseconds> waits_;
  std::size_t num_tries_ = 0;
};

TEST_F(SendWithRetry, GoesOnUntilAnAnswerIsFinal) {
  const auto response = send({HttpResponse{.status = 503, .headers = {{"Retry-After", "2"}}},
                              unavailable("refused"), HttpResponse{.status = 404}});
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(waits_, (std::vector<std::chrono::milliseconds>{2250ms, 500ms}));
}

TEST_F(SendWithRetry, GivesTheLastFailureAndTheNumberOfTries) {
  const auto response =
      send(std::vector<Result<HttpResponse>>(9, timed_out("no answer")), {.max_tries = 3});
  EXPECT_EQ(response.error().message, "no answer (3 tries)");
  EXPECT_EQ(num_tries_, 3U);
}

TEST_F(SendWithRetry, GivesTheLastResponseWhenTheServerNeverRecovers) {
  const auto response = send(std::vector<Result<HttpResponse>>(9, HttpResponse{.status = 500}));
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(num_tries_, 6U);
}

TEST(WaitFor, EndsAtOnceWhenStopped) {
  EXPECT_EQ(wait_for(1h, assay::testing::stopped_token()).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(wait_for(1ms, {}));
}

}  // namespace
}  // namespace assay::net
