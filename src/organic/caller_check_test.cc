#include "organic/caller_check.h"

#include "core/hex.h"
#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "crypto/base64.h"
#include "organic/access_token.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using protocol::testing::alice;
using protocol::testing::bob;
using protocol::testing::eve;

// The second test vector of RFC 8032, section 7.1.
constexpr std::string_view kPublicKey =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr std::string_view kSignature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
    "d8c387b2eaeb4302aeeb00d291612bb0c00";

/// Alice validates, Bob may ask, Eve may not.
class CallerCheckTest : public ::testing::Test {
 protected:
  CallerCheck make(CallerOptions::OldBearer old_bearer = CallerOptions::OldBearer::kRefused) {
    return {alice().hotkey(), {.allowed = {bob().hotkey()}, .old_bearer = old_bearer}, clock_};
  }
  net::ServedRequest signed_request(const keys::KeyPair& sender,
                                    const protocol::Scheme& scheme = protocol::Btauth(),
                                    const keys::Hotkey& receiver = alice().hotkey()) {
    net::ServedRequest made;
    made.method = net::HttpMethod::kPost;
    made.raw_target = "/validator_proxy";
    made.body = "{}";
    made.headers = scheme
                       .sign({.target = made.raw_target, .body = made.body, .receiver = receiver},
                             sender, clock_.now(), random_)
                       .value();
    return made;
  }
  static net::ServedRequest bearing(std::string authorization) {
    net::ServedRequest made;
    made.method = net::HttpMethod::kPost;
    made.headers = {{"authorization", std::move(authorization)}};
    return made;
  }
  std::string token(const keys::KeyPair& signer = alice()) {
    return make_access_token(
               {.client = "shop", .issued = clock_.now(), .expires = clock_.now() + 1h}, signer,
               random_)
        .value();
  }
  static std::string base64(std::string_view hex) {
    return crypto::base64_encode(parse_hex(hex).value());
  }
  static std::string told(CallerCheck& check, const net::ServedRequest& request) {
    const auto verdict = check.judge(request);
    if (const auto* refusal = std::get_if<CallerRefusal>(&verdict)) {
      EXPECT_FALSE(refusal->message.empty());
      return std::to_string(refusal->status);
    }
    return std::get<Caller>(verdict).name;
  }

  FakeClock clock_;
  SeededRandom random_{1};
};

TEST_F(CallerCheckTest, NobodyIsNobody) {
  CallerCheck check = make();
  EXPECT_EQ(told(check, net::ServedRequest()), "401");
  for (const std::string value : {"", "Bearer", "Bearer ", "Bearer x", "Basic QTpC", "null"}) {
    EXPECT_EQ(told(check, bearing(value)), "401") << value;
  }
}

TEST_F(CallerCheckTest, ATokenIsAName) {
  CallerCheck check = make();
  EXPECT_EQ(told(check, bearing("Bearer " + token())), "shop");
  EXPECT_EQ(told(check, bearing("bearer " + token())), "shop");
  EXPECT_EQ(told(check, bearing(token())), "401") << "it says how it is meant";
  EXPECT_EQ(told(check, bearing("Bearer " + token(eve()))), "401");
  auto twice = bearing("Bearer " + token());
  twice.headers.push_back(twice.headers.front());
  EXPECT_EQ(told(check, twice), "401");
  const std::string old = "Bearer " + token();
  clock_.advance(1h);
  EXPECT_EQ(told(check, bearing(old)), "401");
}

TEST_F(CallerCheckTest, ASignatureIsAHotkeyThatMayAsk) {
  CallerCheck check = make();
  EXPECT_EQ(told(check, signed_request(bob())), bob().hotkey().to_ss58());
  EXPECT_EQ(told(check, signed_request(alice())), alice().hotkey().to_ss58());
  EXPECT_EQ(told(check, signed_request(eve())), "403");
  EXPECT_EQ(told(check, signed_request(bob(), protocol::Btauth(), bob().hotkey())), "401");
  EXPECT_EQ(told(check, signed_request(bob(), protocol::Epistula())), "401")
      << "one protocol is enough";
}

TEST_F(CallerCheckTest, ASignedRequestIsTakenOnceAndUnchanged) {
  CallerCheck check = make();
  const auto request = signed_request(bob());
  EXPECT_EQ(told(check, request), bob().hotkey().to_ss58());
  EXPECT_EQ(told(check, request), "401") << "again";
  auto changed = signed_request(bob());
  changed.body = "{ }";
  EXPECT_EQ(told(check, changed), "401");
  const auto late = signed_request(bob());
  clock_.advance(11s);
  EXPECT_EQ(told(check, late), "401");
}

TEST_F(CallerCheckTest, ATokenDoesNotMendABadSignature) {
  CallerCheck check = make();
  auto request = signed_request(eve());
  request.headers.push_back({"Authorization", "Bearer " + token()});
  EXPECT_EQ(told(check, request), "403");
}

TEST_F(CallerCheckTest, APublicKeyCountsOnlyWhereThatIsSwitchedOn) {
  OldCredentials credentials{.message = "\x72", .signature = parse_hex(kSignature).value()};
  const auto request = bearing(base64(kPublicKey));
  CallerCheck off = make();
  off.trust(credentials);
  EXPECT_EQ(told(off, request), "401");

  CallerCheck on = make(CallerOptions::OldBearer::kTaken);
  EXPECT_EQ(told(on, request), "401") << "nothing vouches for it yet";
  on.trust(credentials);
  EXPECT_TRUE(told(on, request).starts_with("old-"));
  EXPECT_EQ(told(on, bearing(base64(std::string(kPublicKey.size(), '0')))), "401");
  EXPECT_EQ(told(on, bearing(base64(std::string(kPublicKey).replace(0, 2, "3e")))), "401");
  EXPECT_EQ(told(on, bearing("x")), "401");
  EXPECT_EQ(told(on, bearing("Bearer " + token())), "shop") << "tokens go on";
  credentials.message = "another";
  on.trust(credentials);
  EXPECT_EQ(told(on, request), "401") << "the service has new ones";
}

TEST_F(CallerCheckTest, CredentialsAreReadStrictly) {
  const auto read = parse_old_credentials(R"({"message": "hello", "signature": ")" +
                                          base64(kSignature) + R"("})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->message, "hello");
  for (const std::string text :
       {"", "{}", R"({"message": "a"})", R"({"message": "a", "signature": "QUJD"})",
        R"({"message": "a", "signature": "*"})"}) {
    EXPECT_FALSE(parse_old_credentials(text)) << text;
  }
}

}  // namespace
}  // namespace assay::organic
