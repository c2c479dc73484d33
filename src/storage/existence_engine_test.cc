#include "storage/testing/engine_fixture.h"

#include <fmt/format.h>

#include <string>

namespace assay::storage {
namespace {

using namespace std::chrono_literals;
using testing::EngineTest;
using testing::response;

TEST_F(EngineTest, TellsPresentFromAbsent) {
  claim("a b/ä?#");
  claim("gone");
  bucket_.objects = {"a b/ä?#"};
  ASSERT_TRUE(drive());
  EXPECT_EQ(verdicts_["a b/ä?#"].presence, Presence::kPresent);
  EXPECT_EQ(verdicts_["gone"].presence, Presence::kAbsent);
  EXPECT_EQ(verdicts_["gone"].tries, 1);
}

TEST_F(EngineTest, RefusalsAreDeniedAndNotRetried) {
  for (const int status : {401, 403}) {
    const std::string name = std::to_string(status);
    claim(name);
    bucket_.always.emplace(name, response(status, "<html>"));
  }
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kDenied), 2U);
  EXPECT_EQ(verdicts_["401"].status, 401);
  EXPECT_EQ(bucket_.asked["403"], 1);
}

TEST_F(EngineTest, RetriesWhatMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    const std::string name = std::to_string(status);
    claim(name);
    bucket_.objects.insert(name);
    bucket_.first_answers[name] = {response(status), response(status)};
  }
  claim("broken");
  bucket_.objects.insert("broken");
  bucket_.first_answers["broken"] = {Error(unavailable("reset")), Error(timed_out("late")),
                                     response(200, "{\"na")};
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kPresent), names_.size());
  EXPECT_EQ(verdicts_["503"].tries, 3);
  EXPECT_EQ(verdicts_["broken"].tries, 4);
}

TEST_F(EngineTest, GivesUpAfterTheTriesAndSaysWhy) {
  options_.tries = 3;
  claim("busy");
  claim("reset");
  claim("late");
  claim("nonsense");
  claim("odd");
  bucket_.always.emplace("busy", response(503));
  bucket_.always.emplace("reset", unavailable("reset"));
  bucket_.always.emplace("late", timed_out("late"));
  bucket_.always.emplace("nonsense", response(200, "[]"));
  bucket_.always.emplace("odd", response(400));
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kUnknown), 5U);
  EXPECT_EQ(verdicts_["busy"].doubt, Doubt::kStatus);
  EXPECT_EQ(verdicts_["busy"].status, 503);
  EXPECT_EQ(verdicts_["busy"].tries, 3);
  EXPECT_EQ(verdicts_["reset"].doubt, Doubt::kConnection);
  EXPECT_EQ(verdicts_["late"].doubt, Doubt::kTimeout);
  EXPECT_EQ(verdicts_["nonsense"].doubt, Doubt::kBrokenAnswer);
  EXPECT_EQ(verdicts_["odd"].tries, 1);
  EXPECT_EQ(bucket_.asked["busy"], 3);
}

TEST_F(EngineTest, AServiceThatNobodyReachesIsAnError) {
  options_.tries = 2;
  options_.concurrency = 8;
  options_.lists = ListUse::kNever;
  claim_many("a/", 100);
  for (const std::string& name : names_)
    bucket_.always.emplace(name, unavailable("h: connection refused"));
  const Status status = drive();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().message, "no answer from the object store: h: connection refused");
  EXPECT_LT(bucket_.asked.size(), 30U) << "it should not try them all";
}

TEST_F(EngineTest, ALoneObjectWithoutAnyAnswerIsAnError) {
  options_.tries = 1;
  claim("x");
  bucket_.always.emplace("x", unavailable("refused"));
  EXPECT_FALSE(drive());
}

TEST_F(EngineTest, FailuresAmongAnswersAreVerdicts) {
  options_.tries = 1;
  options_.concurrency = 4;
  options_.lists = ListUse::kNever;
  claim_many("a/", 100);
  store_many("a/", 100);
  for (std::size_t i = 0; i < names_.size(); i += 3) {
    bucket_.always.emplace(names_[i], unavailable("dropped"));
  }
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kUnknown), 34U);
}

TEST_F(EngineTest, AServiceThatGoesAwayInMidRunIsAnError) {
  options_.tries = 1;
  options_.concurrency = 4;
  options_.lists = ListUse::kNever;
  claim_many("a/", 100);
  store_many("a/", 100);
  for (std::size_t i = 50; i < names_.size(); ++i)
    bucket_.always.emplace(names_[i], unavailable("refused"));
  EXPECT_FALSE(drive());
  EXPECT_LT(verdicts_.size(), 70U);
}

TEST_F(EngineTest, HonoursRetryAfter) {
  claim("x");
  bucket_.objects = {"x"};
  bucket_.first_answers["x"] = {response(429, "", {{"Retry-After", "7"}})};
  ASSERT_TRUE(drive());
  EXPECT_GE(waited_, 6900ms);
  EXPECT_LT(waited_, 8s);
}

TEST_F(EngineTest, KeepsNoMoreThanItsConcurrencyUnderWay) {
  options_.concurrency = 5;
  options_.lists = ListUse::kNever;
  claim_many("a/", 100);
  ASSERT_TRUE(drive());
  EXPECT_EQ(max_under_way_, 5U);
  EXPECT_EQ(verdicts_.size(), 100U);
}

TEST_F(EngineTest, KeepsTheServicesWordsOnlyWhenAsked) {
  claim("x");
  bucket_.always.emplace("x", response(403, R"({"error":{"code":403,"message":"no x for you"}})"));
  options_.messages = MessageUse::kKeep;
  ASSERT_TRUE(drive());
  EXPECT_EQ(verdicts_["x"].message, "no x for you");
}

TEST_F(EngineTest, ReadsDetails) {
  options_.details = DetailUse::kAsk;
  claim("x");
  bucket_.always.emplace(
      "x",
      response(
          200,
          R"({"name":"x","size":"12","timeCreated":"2025-10-01T00:00:00Z","md5Hash":"AA=="})"));
  ASSERT_TRUE(drive());
  ASSERT_TRUE(verdicts_["x"].details);
  EXPECT_EQ(verdicts_["x"].details->size_bytes, 12U);
  EXPECT_EQ(to_rfc3339(*verdicts_["x"].details->created), "2025-10-01T00:00:00Z");
  EXPECT_EQ(verdicts_["x"].details->md5_base64, "AA==");
}

TEST_F(EngineTest, ManyThrottledAnswersSlowEverythingDown) {
  options_.lists = ListUse::kNever;
  options_.concurrency = 64;
  claim_many("a/", 200);
  for (const std::string& name : names_) bucket_.first_answers[name] = {response(503)};
  ASSERT_TRUE(drive());
  EXPECT_EQ(verdicts_.size(), 200U);
  EXPECT_GT(engine().stats().num_throttled, 100U);
  EXPECT_GT(waited_, 400ms);
}

TEST_F(EngineTest, WebAddressesAreAskedByHeadAndThenByGet) {
  scheme_ = AddressScheme::kHttps;
  claim("/there");
  claim("/signed");
  claim("/gone");
  claim("/ bad");
  bucket_.always.emplace("LIST", response(404));
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kAbsent), 3U);
  EXPECT_EQ(verdicts_["/ bad"].doubt, Doubt::kBadAddress);
}

}  // namespace
}  // namespace assay::storage
