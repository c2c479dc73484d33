#include "core/testing/fake_clock.h"
#include "net/percent.h"
#include "storage/existence_engine_internal.h"
#include "storage/gcs_service_internal.h"
#include "storage/web_service_internal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace assay::storage {
namespace {

using namespace std::chrono_literals;
using testing::FakeClock;

net::HttpResponse response(int status, std::string body = "",
                           std::vector<net::HttpHeader> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

/// A bucket in memory, which can be told to answer otherwise.
struct FakeBucket {
  std::set<std::string> objects;
  std::size_t page_size = 1000;
  bool denies_lists = false;
  bool lists_out_of_order = false;
  /// What comes first for a name, or for "LIST"; then the true answer.
  std::map<std::string, std::deque<Result<net::HttpResponse>>> first_answers;
  /// What always comes for a name.
  std::map<std::string, Result<net::HttpResponse>> always;
  std::map<std::string, int> asked;
  int num_lists = 0;

  Result<net::HttpResponse> answer(const net::HttpRequest& request) {
    const std::string path = net::percent_decode(request.url.path()).value();
    const std::size_t at = path.find("/o/");
    const std::string name = at == std::string::npos ? "LIST" : path.substr(at + 3);
    ++asked[name];
    if (auto found = first_answers.find(name);
        found != first_answers.end() && !found->second.empty()) {
      auto first = std::move(found->second.front());
      found->second.pop_front();
      return first;
    }
    if (auto found = always.find(name); found != always.end()) return found->second;
    if (name == "LIST") return list(std::string(*request.url.query()));
    if (!objects.contains(name)) return response(404, "{}");
    return response(200, fmt::format(R"({{"name":"{}"}})", name));
  }

  Result<net::HttpResponse> list(const std::string& query) {
    ++num_lists;
    if (denies_lists) return response(403, "{}");
    const auto value = [&](const std::string& name) {
      const std::size_t at = query.find("&" + name + "=");
      if (at == std::string::npos) return std::string();
      const std::size_t start = at + name.size() + 2;
      return net::percent_decode(query.substr(start, query.find('&', start) - start)).value();
    };
    const std::string prefix = value("prefix");
    const std::string page = value("pageToken");
    auto it = objects.lower_bound(prefix);
    if (!page.empty()) it = objects.upper_bound(page);
    std::vector<std::string> names;
    for (; it != objects.end() && it->starts_with(prefix) && names.size() < page_size; ++it)
      names.push_back(*it);
    const bool goes_on = it != objects.end() && it->starts_with(prefix);
    std::string body = goes_on ? fmt::format(R"({{"nextPageToken":"{}","items":[)", names.back())
                               : std::string(R"({"items":[)");
    if (lists_out_of_order) std::swap(names.front(), names.back());
    for (std::size_t i = 0; i < names.size(); ++i) {
      body += fmt::format(R"({}{{"name":"{}"}})", i == 0 ? "" : ",", names[i]);
    }
    return response(200, body + "]}");
  }
};

class EngineTest : public ::testing::Test {
 protected:
  void claim(const std::string& name) { names_.push_back(name); }
  void claim_many(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) claim(fmt::format("{}{:06}", folder, i));
  }
  void store_many(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) bucket_.objects.insert(fmt::format("{}{:06}", folder, i));
  }

  ExistenceEngine& engine() {
    if (!engine_) {
      for (const std::string& name : names_) addresses_.push_back({scheme_, "b", name});
      ServiceTable table;
      table[0] = std::make_unique<GcsService>(net::Url::parse("http://127.0.0.1:1").value(),
                                              options_, nullptr);
      table[2] = std::make_unique<WebService>(options_);
      engine_.emplace(addresses_, options_, std::move(table),
                      PaceOptions{.max_in_flight = options_.concurrency}, clock_, random_);
    }
    return *engine_;
  }

  /// Drive the engine until it has no more requests.
  Status drive(ExistenceEngine::Reach reach = ExistenceEngine::Reach::kAll) {
    const auto on_verdict = [this](std::size_t index, const ExistenceVerdict& verdict) -> Status {
      EXPECT_TRUE(verdicts_.emplace(names_[index], verdict).second)
          << "two verdicts: " << names_[index];
      return {};
    };
    RETURN_IF_ERROR(engine().begin(reach, on_verdict, {}));
    std::deque<net::PooledRequest> under_way;
    for (int guard = 0; guard < 1'000'000; ++guard) {
      ASSIGN_OR_RETURN(net::NextRequest next, engine().next());
      if (auto* request = std::get_if<net::PooledRequest>(&next)) {
        under_way.push_back(std::move(*request));
        max_under_way_ = std::max(max_under_way_, under_way.size());
      } else if (!under_way.empty()) {
        const auto id = under_way.front().id;
        auto answer = bucket_.answer(under_way.front().request);
        under_way.pop_front();
        RETURN_IF_ERROR(engine().answered(id, answer));
      } else if (const auto* later = std::get_if<net::AskAgain>(&next)) {
        const auto wait = later->at - std::chrono::steady_clock::now();
        clock_.advance(std::chrono::duration_cast<std::chrono::microseconds>(wait) + 100us);
        waited_ += wait;
      } else {
        return {};
      }
    }
    return internal("the engine never ends");
  }

  std::size_t count(Presence presence) const {
    return static_cast<std::size_t>(
        std::count_if(verdicts_.begin(), verdicts_.end(),
                      [&](const auto& entry) { return entry.second.presence == presence; }));
  }

  AddressScheme scheme_ = AddressScheme::kGcs;
  ExistenceOptions options_;
  FakeBucket bucket_;
  FakeClock clock_;
  SeededRandom random_{1};
  std::vector<std::string> names_;
  std::vector<ObjectAddress> addresses_;
  std::optional<ExistenceEngine> engine_;
  std::map<std::string, ExistenceVerdict> verdicts_;
  std::size_t max_under_way_ = 0;
  std::chrono::nanoseconds waited_{0};
};

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

TEST_F(EngineTest, ListsADenseFolder) {
  claim_many("a/", 2500);
  store_many("a/", 2400);
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kPresent), 2400U);
  EXPECT_EQ(count(Presence::kAbsent), 100U);
  EXPECT_EQ(engine().stats().num_requests, 3U);
  EXPECT_EQ(verdicts_["a/000000"].tries, 0);
}

TEST_F(EngineTest, LeavesASparseFolderAfterOneLook) {
  // Of each page of 1,000 objects at most one is wanted.
  store_many("a/", 50'000);
  for (int i = 0; i < 40; ++i) claim(fmt::format("a/{:06}", i * 1200));
  claim("a/zzz");
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kPresent), 40U);
  EXPECT_EQ(count(Presence::kAbsent), 1U);
  EXPECT_LE(engine().stats().num_requests, 42U);
}

TEST_F(EngineTest, AsksSinglyWhereListsAreDeniedOrFailOrMakeNoSense) {
  for (const int way : {0, 1, 2, 3}) {
    engine_.reset();
    names_.clear();
    addresses_.clear();
    verdicts_.clear();
    bucket_ = FakeBucket();
    claim_many("a/", 50);
    store_many("a/", 40);
    bucket_.denies_lists = way == 0;
    bucket_.lists_out_of_order = way == 1;
    if (way == 2) bucket_.always.emplace("LIST", unavailable("reset"));
    if (way == 3) bucket_.always.emplace("LIST", response(200, "{\"items\":[{}]}"));
    ASSERT_TRUE(drive());
    EXPECT_EQ(count(Presence::kPresent), 40U) << way;
    EXPECT_EQ(count(Presence::kAbsent), 10U) << way;
  }
}

TEST_F(EngineTest, AListingThatNeverEndsIsLeft) {
  claim_many("a/", 100);
  bucket_.always.emplace("LIST", response(200, R"({"nextPageToken":"same"})"));
  ASSERT_TRUE(drive());
  EXPECT_EQ(count(Presence::kAbsent), 100U);
  EXPECT_LE(engine().stats().num_list_pages, 2U);
}

TEST_F(EngineTest, ALookAheadTellsThePlanAndIsNotWasted) {
  bucket_.page_size = 100;
  claim_many("dense/", 1000);
  store_many("dense/", 1000);
  for (int i = 0; i < 40; ++i) claim(fmt::format("sparse/{:06}", i * 200));
  store_many("sparse/", 8000);
  claim("single");
  ASSERT_TRUE(drive(ExistenceEngine::Reach::kFirstPages));
  EXPECT_EQ(bucket_.num_lists, 2);
  const ExistencePlan& plan = engine().plan();
  EXPECT_EQ(plan.num_single_requests, 1041U);
  EXPECT_EQ(plan.num_list_pages, 11U);
  EXPECT_EQ(plan.num_planned_singles, 40U);
  ASSERT_EQ(plan.lists.size(), 2U);
  EXPECT_TRUE(plan.lists[0].is_listed);
  EXPECT_FALSE(plan.lists[1].is_listed);
  ASSERT_TRUE(drive());
  EXPECT_EQ(verdicts_.size(), 1041U);
  EXPECT_EQ(engine().stats().num_requests, plan.num_planned());
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

/// A service that knows only whether the token at hand is good.
class TokenService final : public ObjectService {
 public:
  Status prepare(std::stop_token) override { return {}; }
  Result<ServiceRequest> ask(const ObjectAddress&, AskManner) override {
    ServiceRequest asked{.request = {.url = net::Url::parse("http://h/x").value()}};
    asked.access_generation = generation;
    return asked;
  }
  ObjectReading read(const ObjectAddress&, AskManner, const net::HttpResponse& answer) override {
    ObjectReading reading = reading_of_status(answer.status);
    if (answer.status == 401) reading.next = NextStep::kRenew;
    if (answer.status == 200) reading.verdict.presence = Presence::kPresent;
    return reading;
  }
  Result<ServiceRequest> ask_page(std::string_view, std::string_view, std::string_view) override {
    return invalid_input("no listings");
  }
  PageReading read_page(std::string_view, const net::HttpResponse&) override { return {}; }
  Status renew_access(std::uint64_t refused) override {
    if (refused == generation) ++generation;
    return renewal;
  }

  std::uint64_t generation = 1;
  Status renewal;
};

class TokenTest : public ::testing::Test {
 protected:
  TokenTest() {
    for (int i = 0; i < 20; ++i) addresses_.push_back({AddressScheme::kGcs, "b", "x"});
    ServiceTable table;
    auto service = std::make_unique<TokenService>();
    service_ = service.get();
    table[0] = std::move(service);
    engine_.emplace(addresses_, ExistenceOptions{.lists = ListUse::kNever}, std::move(table),
                    PaceOptions{.max_in_flight = 4}, clock_, random_);
  }

  /// Answer 200 while `is_good(request number, token generation)`, else 401.
  template <typename IsGood>
  Status drive(IsGood is_good) {
    RETURN_IF_ERROR(engine_->begin(ExistenceEngine::Reach::kAll,
                                   [this](std::size_t, const ExistenceVerdict& verdict) -> Status {
                                     ++verdicts_[verdict.presence];
                                     return {};
                                   },
                                   {}));
    for (int number = 0;; ++number) {
      ASSIGN_OR_RETURN(net::NextRequest next, engine_->next());
      const auto* request = std::get_if<net::PooledRequest>(&next);
      if (request == nullptr) return {};
      const bool good = is_good(number, service_->generation);
      RETURN_IF_ERROR(engine_->answered(request->id, response(good ? 200 : 401)));
    }
  }

  std::vector<ObjectAddress> addresses_;
  TokenService* service_ = nullptr;
  FakeClock clock_;
  SeededRandom random_{1};
  std::optional<ExistenceEngine> engine_;
  std::map<Presence, int> verdicts_;
};

TEST_F(TokenTest, ATokenThatExpiresInMidRunIsRenewedAndNothingIsLost) {
  ASSERT_TRUE(
      drive([](int number, std::uint64_t generation) { return number < 7 || generation > 1; }));
  EXPECT_EQ(verdicts_[Presence::kPresent], 20);
  EXPECT_EQ(service_->generation, 2U);
}

TEST_F(TokenTest, AnAccountWithoutRightsIsDeniedAfterFewRenewals) {
  ASSERT_TRUE(drive([](int, std::uint64_t) { return false; }));
  EXPECT_EQ(verdicts_[Presence::kDenied], 20);
  EXPECT_LE(service_->generation, 4U);
}

TEST_F(TokenTest, ARenewalThatFailsEndsTheRun) {
  service_->renewal = denied("the account is gone");
  const Status status = drive([](int, std::uint64_t) { return false; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kDenied);
}

TEST(WebService, AnAddressSignedForGetIsAskedByGet) {
  WebService service{ExistenceOptions{}};
  const ObjectAddress address{AddressScheme::kHttps, "host", "/x?signature=1"};
  EXPECT_EQ(service.ask(address, AskManner::kUsual)->request.method, net::HttpMethod::kHead);
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(403)).next, NextStep::kAskAnother);
  EXPECT_EQ(service.ask(address, AskManner::kOther)->request.method, net::HttpMethod::kGet);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(206)).verdict.presence,
            Presence::kPresent);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(416)).verdict.presence,
            Presence::kPresent);
  EXPECT_EQ(service.read(address, AskManner::kOther, response(403)).verdict.presence,
            Presence::kDenied);
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(410)).verdict.presence,
            Presence::kAbsent);
  // A redirection may lead to a page to log in: no sign of an object.
  EXPECT_EQ(service.read(address, AskManner::kUsual, response(302)).verdict.presence,
            Presence::kUnknown);
}

}  // namespace
}  // namespace assay::storage
