#include "protocol/btauth.h"

#include "core/bytes.h"
#include "core/hex.h"
#include "json/value.h"
#include "protocol/testing/known_keys.h"
#include "protocol/testing/recorded_file.h"
#include "protocol/testing/scheme_checks.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace assay::protocol {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::alice;
using testing::bob;
using testing::eve;
using testing::told;

constexpr Instant kBtauthNow{nanoseconds(1'752'076'800'000'000'000)};
constexpr std::string_view kBtauthTarget = "/generate?stream=false";
constexpr std::string_view kBtauthBody = R"({"prompt": "hello"})";

/// What the SDK says, in our words; and where we are stricter.
std::string expected_of(const std::string& name, const std::string& verdict) {
  for (const std::string_view lenient :
       {"sig_no_0x_prefix", "nonce_leading_plus", "nonce_spaces", "crypto_upper"}) {
    if (name == lenient) return "malformed";
  }
  if (name == "future_2s_plus1ns") return "from the future";
  if (verdict == "BadSignature") return "bad signature";
  if (verdict == "MalformedAuth") return "malformed";
  if (verdict == "WrongReceiver") return "wrong receiver";
  return verdict == "StaleRequest" ? "stale" : verdict;
}

TEST(Btauth, AgreesWithTheSdkButWhereItIsLenient) {
  const json::Value recorded = testing::recorded_file("btauth1.json");
  std::size_t num_cases = 0;
  for (const json::Value& entry : testing::list_of(recorded, "cases")) {
    const json::Value& inputs = testing::member(entry, "inputs");
    std::vector<net::HttpHeader> headers;
    for (const auto& [name, value] : testing::object_of(inputs, "headers")) {
      headers.push_back({name, testing::text_of(value)});
    }
    const auto body = parse_hex(testing::text_of(inputs, "body_hex")).value();
    const auto verdict =
        Btauth().verify({.method = testing::text_of(inputs, "method"),
                         .target = testing::text_of(inputs, "path"),
                         .headers = headers,
                         .body = as_text(body)},
                        keys::Hotkey::parse(testing::text_of(inputs, "self_hotkey")).value(),
                        Instant(nanoseconds(testing::integer_of(inputs, "now_ns"))));
    const std::string& name = testing::text_of(entry, "name");
    const std::string& says = testing::text_of(testing::member(entry, "outputs"), "verdict");
    EXPECT_EQ(told(verdict), expected_of(name, says)) << name;
    ++num_cases;
  }
  EXPECT_EQ(num_cases, 28U);
}

/// A request of Alice to Bob that is right, and what a test makes of it.
struct BtauthRequest : testing::RequestHeaders {
  std::string method = "POST";
  std::string target = std::string(kBtauthTarget);
  std::string body = std::string(kBtauthBody);

  BtauthRequest() {
    SeededRandom random(1);
    headers = Btauth()
                  .sign({.target = kBtauthTarget, .body = kBtauthBody, .receiver = bob().hotkey()},
                        alice(), kBtauthNow, random)
                  .value();
  }
  Verdict verdict(Instant now = kBtauthNow) const {
    return Btauth().verify({.method = method, .target = target, .headers = headers, .body = body},
                           bob().hotkey(), now);
  }
};

TEST(Btauth, TakesWhatItSigns) {
  const Verdict verdict = BtauthRequest().verdict(kBtauthNow + seconds(3));
  ASSERT_EQ(told(verdict), "accept");
  EXPECT_EQ(std::get<Authentic>(verdict).sender, alice().hotkey());
  EXPECT_EQ(std::get<Authentic>(verdict).age, seconds(3));
}

TEST(Btauth, ASecondTryHasANonceOfItsOwn) {
  SeededRandom random(1);
  const Btauth scheme;
  const OutgoingRequest request{.target = kBtauthTarget, .receiver = bob().hotkey()};
  const auto first = scheme.sign(request, alice(), kBtauthNow, random).value();
  const auto second = scheme.sign(request, alice(), kBtauthNow, random).value();
  EXPECT_EQ(first[3].value, "1752076800000000000");
  EXPECT_EQ(second[3].value, "1752076800000000001");
}

TEST(Btauth, GoesBackWithAClockThatIsSetRight) {
  SeededRandom random(1);
  const Btauth scheme;
  const OutgoingRequest request{.target = kBtauthTarget, .receiver = bob().hotkey()};
  // Two hours ahead; right again; and then uneven by a little, which is no reason to go back.
  for (const auto& [skew, nonce] : {std::pair(seconds(7'200), "1752084000000000000"),
                                    std::pair(seconds(0), "1752076800000000000"),
                                    std::pair(seconds(-1), "1752076800000000001")}) {
    EXPECT_EQ(scheme.sign(request, alice(), kBtauthNow + skew, random).value()[3].value, nonce);
  }
}

TEST(Btauth, EveryPartOfTheRequestIsSigned) {
  const std::pair<std::string, std::function<void(BtauthRequest&)>> changes[] = {
      {"method", [](BtauthRequest& r) { r.method = "PUT"; }},
      {"target", [](BtauthRequest& r) { r.target = "/generate?stream=true"; }},
      {"encoding", [](BtauthRequest& r) { r.target = "/%67enerate?stream=false"; }},
      {"body", [](BtauthRequest& r) { r.body.back() = ' '; }},
      {"nonce", [](BtauthRequest& r) { r.header("X-Bittensor-Nonce").back() = '1'; }},
      {"sender",
       [](BtauthRequest& r) { r.header("X-Bittensor-Hotkey") = eve().hotkey().to_ss58(); }}};
  for (const auto& [what, change] : changes) {
    BtauthRequest request;
    change(request);
    EXPECT_EQ(told(request.verdict()), "bad signature") << what;
  }
  BtauthRequest other;
  other.header("X-Bittensor-Receiver") = eve().hotkey().to_ss58();
  EXPECT_EQ(told(other.verdict()), "wrong receiver");
}

TEST(Btauth, HeadersHaveOneForm) {
  const std::pair<std::string, std::string> changes[] = {
      {"X-Bittensor-Version", "01"},
      {"X-Bittensor-Version", "2"},
      {"X-Bittensor-Crypto", "1"},
      {"X-Bittensor-Crypto", "ed25519"},
      {"X-Bittensor-Crypto", ""},
      {"X-Bittensor-Nonce", "1_752076800000000000"},
      {"X-Bittensor-Nonce", "01752076800000000000"},
      {"X-Bittensor-Nonce", "-1752076800000000000"},
      {"X-Bittensor-Nonce", "1752076800000000000.0"},
      {"X-Bittensor-Nonce", "99999999999999999999"},
      {"X-Bittensor-Nonce", ""},
      {"X-Bittensor-Signature", ""},
      {"X-Bittensor-Signature", "0x"},
      {"X-Bittensor-Hotkey", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX"},
      // The same account on another network would be a second name for one sender.
      {"X-Bittensor-Hotkey", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"}};
  for (const auto& [name, value] : changes) {
    BtauthRequest request;
    request.header(name) = value;
    EXPECT_EQ(told(request.verdict()), "malformed") << name << ": " << value;
  }
}

TEST(Btauth, AHeaderThatStandsTwiceIsRefused) {
  for (const std::string_view name :
       {"X-Bittensor-Version", "X-Bittensor-Hotkey", "X-Bittensor-Nonce", "X-Bittensor-Signature",
        "X-Bittensor-Receiver"}) {
    BtauthRequest request;
    request.headers.emplace_back("x-" + std::string(name.substr(2)), request.header(name));
    EXPECT_EQ(told(request.verdict()), "malformed") << name;
  }
}

TEST(Btauth, TimesAreTakenToTheNanosecond) {
  const BtauthRequest request;
  EXPECT_EQ(told(request.verdict(kBtauthNow + seconds(10))), "accept");
  EXPECT_EQ(told(request.verdict(kBtauthNow + seconds(10) + nanoseconds(1))), "stale");
  EXPECT_EQ(told(request.verdict(kBtauthNow - seconds(2))), "accept");
  EXPECT_EQ(told(request.verdict(kBtauthNow - seconds(2) - nanoseconds(1))), "from the future");
  BtauthRequest last;
  last.header("X-Bittensor-Nonce") = "9223372036854775807";
  EXPECT_EQ(told(last.verdict()), "from the future");
}

TEST(Btauth, RefusalsRepeatNothingOfTheRequest) {
  BtauthRequest request;
  const std::string signature = request.header("X-Bittensor-Signature");
  request.body += 'x';
  const Verdict verdict = request.verdict();
  const auto& refusal = std::get<Refusal>(verdict);
  EXPECT_EQ(refusal.status, 401);
  EXPECT_EQ(refusal.message.find(signature), std::string::npos);
}

TEST(Btauth, SignsNoLineWithinALine) {
  SeededRandom random(1);
  for (const std::string_view target : {"generate", "", "/a b", "/a\nb", "/\x7f"}) {
    EXPECT_FALSE(
        Btauth().sign({.target = target, .receiver = bob().hotkey()}, alice(), kBtauthNow, random))
        << target;
  }
  EXPECT_FALSE(Btauth().sign({.method = "P\nX", .target = "/", .receiver = bob().hotkey()}, alice(),
                             kBtauthNow, random));
}

}  // namespace
}  // namespace assay::protocol
