#include "net/google_token.h"

#include "core/testing/fake_clock.h"
#include "crypto/base64.h"
#include "crypto/testing/rsa_key_pair.h"
#include "json/value.h"
#include "json/writer.h"
#include "net/percent.h"
#include "net/testing/fake_transport.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace assay::net {
namespace {

using namespace std::chrono_literals;
using assay::crypto::testing::shared_rsa_key_pair;

std::map<std::string, std::string> key_fields() {
  return {{"type", "service_account"},
          {"client_email", "auditor@project.example"},
          {"private_key", shared_rsa_key_pair().private_pem()},
          {"private_key_id", "key-1"},
          {"token_uri", "https://tokens.example/token"}};
}

std::string json_of(const std::map<std::string, std::string>& fields) {
  json::Writer writer;
  writer.begin_object();
  for (const auto& [name, value] : fields) writer.name(name).text(value);
  writer.end_object();
  return writer.take();
}

std::string refusal_of(const std::string& json) {
  const auto key = ServiceAccountKey::parse(json);
  if (key) return "taken";
  EXPECT_EQ(key.error().code, ErrorCode::kInvalidInput);
  return key.error().message;
}

bool has(std::string_view text, std::string_view part) { return text.contains(part); }

TEST(ServiceAccountKey, NamesEveryFieldThatIsAbsentOrWrong) {
  auto fields = key_fields();
  fields.erase("token_uri");
  fields.erase("client_email");
  const std::string refusal = refusal_of(json_of(fields));
  EXPECT_TRUE(has(refusal, "\"client_email\" is absent")) << refusal;
  EXPECT_TRUE(has(refusal, "\"token_uri\" is absent")) << refusal;
  EXPECT_FALSE(has(refusal, "private_key")) << refusal;
  EXPECT_TRUE(has(refusal_of(R"({"type":"service_account","client_email":5,"private_key":null,)"
                             R"("token_uri":""})"),
                  "\"client_email\" is an integer, not a text, \"private_key\" is null, not a "
                  "text, \"token_uri\" is empty"));
}

TEST(ServiceAccountKey, RefusesOtherFiles) {
  EXPECT_TRUE(has(refusal_of("PK\x03\x04"), "not JSON"));
  EXPECT_TRUE(has(refusal_of("[]"), "a list, not an object"));
  auto fields = key_fields();
  fields["type"] = "authorized_user";
  EXPECT_TRUE(has(refusal_of(json_of(fields)), "\"type\" is not"));
  fields = key_fields();
  fields["token_uri"] = "not an address";
  EXPECT_TRUE(has(refusal_of(json_of(fields)), "\"token_uri\""));
  fields["token_uri"] = "http://tokens.example/token";
  EXPECT_TRUE(has(refusal_of(json_of(fields)), "in the clear"));
  fields["token_uri"] = "http://127.0.0.1:9999/token";
  EXPECT_EQ(refusal_of(json_of(fields)), "taken");
}

TEST(ServiceAccountKey, ErrorsNeverShowTheKey) {
  auto fields = key_fields();
  fields["private_key"] =
      "-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n";
  const std::string refusal = refusal_of(json_of(fields));
  EXPECT_TRUE(has(refusal, "\"private_key\"")) << refusal;
  EXPECT_FALSE(has(refusal, "c2VjcmV0")) << refusal;
  const std::string cut = json_of(key_fields());
  EXPECT_FALSE(has(refusal_of(cut.substr(0, cut.size() - 1)), "BEGIN"));
}

class GoogleToken : public ::testing::Test {
 protected:
  HttpResponse token_answer(int seconds = 3600) {
    return {.status = 200,
            .body = fmt::format(
                R"({{"access_token":"token-{}","expires_in":{},"token_type":"Bearer"}})",
                ++num_given_, seconds)};
  }

  static std::string text_of(const Result<AccessToken>& token) {
    if (!token) return token.error().message;
    EXPECT_EQ(token->authorization.all().front().value,
              "Bearer " + std::string(token->text->reveal()));
    return std::string(token->text->reveal());
  }

  int num_given_ = 0;
  int lifetime_ = 3600;
  std::optional<Result<HttpResponse>> answer_;
  assay::testing::FakeClock clock_;
  SeededRandom random_{1};
  testing::FakeTransport transport_{[this](const HttpRequest&) -> Result<HttpResponse> {
    return answer_ ? *answer_ : token_answer(lifetime_);
  }};
  GoogleTokenSource source_{ServiceAccountKey::parse(json_of(key_fields())).value(),
                            transport_,
                            clock_,
                            random_,
                            {.retry = {.max_tries = 1}}};
};

TEST_F(GoogleToken, AsksByASignedGrant) {
  ASSERT_EQ(text_of(source_.token({})), "token-1");
  const HttpRequest request = transport_.requests().at(0);
  EXPECT_EQ(request.method, HttpMethod::kPost);
  EXPECT_EQ(request.url.text(), "https://tokens.example/token");
  constexpr std::string_view kStart =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  ASSERT_TRUE(request.body.starts_with(kStart));
  const std::string assertion = request.body.substr(kStart.size());
  const std::size_t first = assertion.find('.');
  const std::size_t second = assertion.find('.', first + 1);
  const auto decoded = [](std::string_view text) {
    return crypto::base64_decode(text, crypto::Base64Alphabet::kUrlSafe,
                                 crypto::Base64Padding::kUnpadded)
        .value();
  };
  EXPECT_TRUE(shared_rsa_key_pair().accepts(as_bytes(std::string_view(assertion).substr(0, second)),
                                            decoded(assertion.substr(second + 1))));
  const auto header = json::parse(as_text(decoded(assertion.substr(0, first)))).value();
  EXPECT_EQ(header.require_text("alg").value(), "RS256");
  EXPECT_EQ(header.require_text("kid").value(), "key-1");
  const auto claims =
      json::parse(as_text(decoded(assertion.substr(first + 1, second - first - 1)))).value();
  EXPECT_EQ(claims.require_text("iss").value(), "auditor@project.example");
  EXPECT_EQ(claims.require_text("aud").value(), "https://tokens.example/token");
  EXPECT_EQ(claims.require_text("scope").value(),
            "https://www.googleapis.com/auth/devstorage.read_only");
  const std::int64_t issued = claims.require_integer("iat").value();
  EXPECT_EQ(std::chrono::sys_seconds(std::chrono::seconds(issued)),
            std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_EQ(claims.require_integer("exp").value(), issued + 3600);
}

TEST_F(GoogleToken, IsKeptUntilFiveMinutesBeforeItsEnd) {
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  clock_.advance(55min - 1s);
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  clock_.advance(1s);
  EXPECT_EQ(text_of(source_.token({})), "token-2");
}

TEST_F(GoogleToken, AShortOneIsRenewedAtHalfItsLife) {
  lifetime_ = 60;
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  clock_.advance(29s);
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  clock_.advance(1s);
  EXPECT_EQ(text_of(source_.token({})), "token-2");
}

TEST_F(GoogleToken, ServesToItsEndWhileRenewalFails) {
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  answer_ = unavailable("no network");
  clock_.advance(56min);
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  EXPECT_EQ(text_of(source_.token({})), "token-1");
  EXPECT_EQ(transport_.requests().size(), 2U);  // it is not asked for at each call
  clock_.advance(5min);
  EXPECT_EQ(text_of(source_.token({})), "get an access token: no network");
}

TEST_F(GoogleToken, ARefusedOneIsReplacedOnce) {
  const auto refused = source_.token({});
  EXPECT_EQ(text_of(source_.renew(refused->generation, {})), "token-2");
  EXPECT_EQ(text_of(source_.renew(refused->generation, {})), "token-2");
  EXPECT_EQ(text_of(source_.token({})), "token-2");
}

TEST_F(GoogleToken, ARefusedAccountIsDeniedWithTheServicesWord) {
  answer_ = HttpResponse{.status = 400,
                         .body = R"({"error":"invalid_grant","error_description":"eyJhbGciOi"})"};
  const auto token = source_.token({});
  EXPECT_EQ(token.error().code, ErrorCode::kDenied);
  EXPECT_TRUE(has(token.error().message, "(400, invalid_grant)")) << token.error().message;
  EXPECT_FALSE(has(token.error().message, "eyJ"));
}

TEST_F(GoogleToken, ABrokenAnswerIsCorrupt) {
  for (const std::string_view body :
       {"<html>", "{}", R"({"access_token":5,"expires_in":60})", R"({"access_token":"t"})",
        R"({"access_token":"","expires_in":60})", R"({"access_token":"t","expires_in":0})",
        R"({"access_token":"t\r\nX: y","expires_in":60})"}) {
    answer_ = HttpResponse{.status = 200, .body = std::string(body)};
    EXPECT_EQ(source_.token({}).error().code, ErrorCode::kCorrupt) << body;
  }
}

TEST_F(GoogleToken, AFailingServiceIsUnavailable) {
  answer_ = HttpResponse{.status = 503};
  EXPECT_EQ(source_.token({}).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::net
