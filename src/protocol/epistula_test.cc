#include "protocol/epistula.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "protocol/testing/known_keys.h"
#include "protocol/testing/scheme_checks.h"

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
using testing::told;

constexpr Instant kEpistulaNow{milliseconds(1'795'170'456'789)};
constexpr std::string_view kEpistulaBody = R"({"prompt":"a road"})";

struct EpistulaRequest : testing::RequestHeaders {
  std::string body = std::string(kEpistulaBody);

  EpistulaRequest() {
    SeededRandom random(1);
    headers = Epistula()
                  .sign({.target = "/gen_image", .body = kEpistulaBody, .receiver = bob().hotkey()},
                        alice(), kEpistulaNow, random)
                  .value();
  }
  Verdict verdict(Instant now = kEpistulaNow) const {
    return Epistula().verify(
        {.method = "POST", .target = "/gen_image", .headers = headers, .body = body},
        bob().hotkey(), now);
  }
};

// Put together here as the scheme describes it, not by the code under test.
TEST(Epistula, SignsTheDescribedText) {
  EpistulaRequest request;
  const std::string receiver = bob().hotkey().to_ss58();
  const std::string text = crypto::sha256(kEpistulaBody).to_hex() + "." +
                           request.header("Epistula-Uuid") + ".1795170456789." + receiver;
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
  EXPECT_EQ(told(EpistulaRequest().verdict()), "accept");
  EpistulaRequest body;
  body.body += ' ';
  EXPECT_EQ(told(body.verdict()), "bad signature");
  EpistulaRequest uuid;
  uuid.header("Epistula-Uuid").back() ^= 1;
  EXPECT_NE(told(uuid.verdict()), "accept");
  EpistulaRequest sender;
  sender.header("Epistula-Signed-By") = eve().hotkey().to_ss58();
  EXPECT_EQ(told(sender.verdict()), "bad signature");
  EpistulaRequest receiver;
  receiver.header("Epistula-Signed-For") = eve().hotkey().to_ss58();
  EXPECT_EQ(told(receiver.verdict()), "wrong receiver");
  EpistulaRequest nobody;
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
    EpistulaRequest request;
    request.header(name) = value;
    EXPECT_EQ(told(request.verdict()), "malformed") << name << ": " << value;
  }
  EpistulaRequest twice;
  twice.headers.push_back({"epistula-uuid", twice.header("Epistula-Uuid")});
  EXPECT_EQ(told(twice.verdict()), "malformed");
}

TEST(Epistula, OldAndEarlyRequestsAreRefused) {
  const EpistulaRequest request;
  EXPECT_EQ(told(request.verdict(kEpistulaNow + seconds(15))), "accept");
  EXPECT_EQ(told(request.verdict(kEpistulaNow + seconds(15) + milliseconds(1))), "stale");
  EXPECT_EQ(told(request.verdict(kEpistulaNow - seconds(5))), "accept");
  EXPECT_EQ(told(request.verdict(kEpistulaNow - seconds(3600))), "from the future");
}

}  // namespace
}  // namespace assay::protocol
