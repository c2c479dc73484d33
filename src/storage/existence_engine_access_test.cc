#include "storage/testing/engine_fixture.h"

#include <memory>
#include <utility>

namespace assay::storage {
namespace {

using assay::testing::FakeClock;
using testing::response;

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

}  // namespace
}  // namespace assay::storage
