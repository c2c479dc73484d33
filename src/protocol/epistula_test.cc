#include "protocol/epistula.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "protocol/testing/known_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::protocol {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::alice;
using testing::bob;
using testing::eve;

constexpr Instant kNow{milliseconds(1'795'170'456'789)};
constexpr std::string_view kBody = R"({"prompt":"a road"})";

std::string told(const Verdict& verdict) {
  const auto* refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "accept" : std::string(to_string(refusal->reason));
}

struct Request {
  std::string body = std::string(kBody);
  std::vector<net::HttpHeader> headers;

  Request() {
    SeededRandom random(1);
    headers = Epistula()
                  .sign({.target = "/gen_image", .body = kBody, .receiver = bob().hotkey()},
                        alice(), kNow, random)
                  .value();
  }
  std::string& header(std::string_view name) {
    for (net::HttpHeader& header : headers) {
      if (header.name == name) return header.value;
    }
    return headers.emplace_back(std::string(name), "").value;
  }
  Verdict verdict(Instant now = kNow) const {
    return Epistula().verify(
        {.method = "POST", .target = "/gen_image", .headers = headers, .body = body},
        bob().hotkey(), now);
  }
};

// Put together here as the scheme describes it, not by the code under test.
TEST(Epistula, SignsTheDescribedText) {
  Request request;
  const std::string receiver = bob().hotkey().to_ss58();
  const std::string text = crypto::sha256(kBody).to_hex() + "." + request.header("Epistula-Uuid") +
                           ".1795170456789." + receiver;
  const auto signature = keys::parse_signature(request.header("Epistula-Request-Signature"));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(keys::verify(alice().hotkey(), as_bytes(text), *signature));
  EXPECT_EQ(request.header("Epistula-Signed-For"), receiver);
  const std::string intervals[] = {"1795170459999.0", "1795170460000.0", "1795170460001.0"};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto secret =
        keys::parse_signature(request.header("Epistula-Secret-Signature-" + std::to_string(i)));
    ASSERT_TRUE(secret);
    EXPECT_TRUE(keys::verify(alice().hotkey(), as_bytes(intervals[i] + "." + receiver), *secret));
  }
}

TEST(Epistula, TakesWhatItSignsAndNothingChanged) {
  EXPECT_EQ(told(Request().verdict()), "accept");
  Request body;
  body.body += ' ';
  EXPECT_EQ(told(body.verdict()), "bad signature");
  Request uuid;
  uuid.header("Epistula-Uuid").back() ^= 1;
  EXPECT_NE(told(uuid.verdict()), "accept");
  Request sender;
  sender.header("Epistula-Signed-By") = eve().hotkey().to_ss58();
  EXPECT_EQ(told(sender.verdict()), "bad signature");
  Request receiver;
  receiver.header("Epistula-Signed-For") = eve().hotkey().to_ss58();
  EXPECT_EQ(told(receiver.verdict()), "wrong receiver");
  Request nobody;
  nobody.header("Epistula-Signed-For") = "";
  EXPECT_EQ(told(nobody.verdict()), "wrong receiver");
}

TEST(Epistula, HeadersHaveOneForm) {
  const std::pair<std::string, std::string> changes[] = {
      {"Epistula-Version", "1"},
      {"Epistula-Version", ""},
      {"Epistula-Timestamp", "1795170456789.0"},
      {"Epistula-Timestamp", "9223372036854775807"},
      {"Epistula-Uuid", "not-a-uuid"},
      {"Epistula-Uuid", ""},
      {"Epistula-Request-Signature", ""},
      {"Epistula-Signed-By", "nobody"}};
  for (const auto& [name, value] : changes) {
    Request request;
    request.header(name) = value;
    EXPECT_EQ(told(request.verdict()), "malformed") << name << ": " << value;
  }
  Request twice;
  twice.headers.push_back({"epistula-uuid", twice.header("Epistula-Uuid")});
  EXPECT_EQ(told(twice.verdict()), "malformed");
}

TEST(Epistula, OldAndEarlyRequestsAreRefused) {
  const Request request;
  EXPECT_EQ(told(request.verdict(kNow + seconds(15))), "accept");
  EXPECT_EQ(told(request.verdict(kNow + seconds(15) + milliseconds(1))), "stale");
  EXPECT_EQ(told(request.verdict(kNow - seconds(5))), "accept");
  EXPECT_EQ(told(request.verdict(kNow - seconds(3600))), "from the future");
}

}  // namespace
}  // namespace assay::protocol
