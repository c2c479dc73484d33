#include "net/sigv4.h"

#include "core/timestamp.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::net {
namespace {

std::string header_of(const HttpHeaders& headers, std::string_view name) {
  for (const HttpHeader& header : headers.all()) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return "absent";
}

std::string signature_of(const HttpHeaders& headers) {
  const std::string authorization = header_of(headers, "Authorization");
  return authorization.substr(authorization.find("Signature=") + 10);
}

// The published test suite of the protocol: a service that is not S3.
std::string suite_signature(const std::string& target, HttpMethod method = HttpMethod::kGet,
                            std::vector<HttpHeader> headers = {}) {
  SigV4Signer signer(
      {.access_key_id = "AKIDEXAMPLE",
       .secret_access_key = crypto::Secret(std::string("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
       .session_token = {}},
      "us-east-1", "service");
  const Url url = Url::parse("https://example.amazonaws.com" + target).value();
  const auto signed_headers =
      signer.sign({.method = method,
                   .url = url,
                   .headers = headers,
                   .time = parse_timestamp("2015-08-30T12:36:00Z").value()});
  return signed_headers ? signature_of(*signed_headers) : signed_headers.error().message;
}

constexpr std::string_view kVanilla =
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

TEST(SigV4, AgreesWithThePublishedSuite) {
  EXPECT_EQ(suite_signature("/"), kVanilla);
  EXPECT_EQ(suite_signature("/", HttpMethod::kPost),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(suite_signature("/?Param2=value2&Param1=value1"),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(suite_signature("/?Param1=value1"),
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb");
  EXPECT_EQ(suite_signature("/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
                            "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197");
  EXPECT_EQ(suite_signature("/", HttpMethod::kGet,
                            {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST(SigV4, PathsLoseTheirDotsOutsideS3) {
  EXPECT_EQ(suite_signature("/example/.."), kVanilla);
  EXPECT_EQ(suite_signature("//"), kVanilla);
  EXPECT_EQ(suite_signature("/./"), kVanilla);
}

// The examples of the S3 documentation, "Authenticating Requests: Using the Authorization Header".
class S3Examples : public ::testing::Test {
 protected:
  Result<HttpHeaders> sign(const std::string& target, std::vector<HttpHeader> headers = {}) {
    const Url url = Url::parse("https://examplebucket.s3.amazonaws.com" + target).value();
    return signer_.sign(
        {.url = url, .headers = headers, .time = parse_timestamp("2013-05-24T00:00:00Z").value()});
  }

  SigV4Signer signer_{
      {.access_key_id = "AKIAIOSFODNN7EXAMPLE",
       .secret_access_key = crypto::Secret(std::string("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
       .session_token = {}},
      "us-east-1",
      "s3"};
};

TEST_F(S3Examples, GetObject) {
  const auto headers = sign("/test.txt", {{"Range", "bytes=0-9"}});
  EXPECT_EQ(header_of(*headers, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(header_of(*headers, "x-amz-date"), "20130524T000000Z");
  EXPECT_EQ(header_of(*headers, "Range"), "bytes=0-9");
}

TEST_F(S3Examples, GetBucketLifecycle) {
  EXPECT_EQ(signature_of(*sign("/?lifecycle")),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, ListObjects) {
  EXPECT_EQ(signature_of(*sign("/?max-keys=2&prefix=J")),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(S3Examples, NamesKeepTheirDotsAndAreEncodedOnce) {
  EXPECT_NE(signature_of(*sign("/a/../b")), signature_of(*sign("/b")));
  EXPECT_EQ(signature_of(*sign("/a%20b")), signature_of(*sign("/%61%20b")));
  EXPECT_NE(signature_of(*sign("/a%2520b")), signature_of(*sign("/a%20b")));
}

TEST_F(S3Examples, TheKeyFollowsTheDay) {
  const std::string first = signature_of(*sign("/test.txt"));
  const Url url = Url::parse("https://examplebucket.s3.amazonaws.com/test.txt").value();
  const auto next_day = signer_.sign({.url = url, .time = parse_timestamp("2013-05-25").value()});
  EXPECT_NE(signature_of(*next_day), first);
  EXPECT_EQ(signature_of(*sign("/test.txt")), first);
}

TEST(SigV4, TemporaryCredentialsSignTheirToken) {
  SigV4Signer signer({.access_key_id = "id",
                      .secret_access_key = crypto::Secret(std::string("key")),
                      .session_token = crypto::Secret(std::string("session"))},
                     "us-east-1", "s3");
  const Url url = Url::parse("https://bucket.s3.amazonaws.com/x").value();
  const auto headers = signer.sign({.url = url, .payload_hash = kUnsignedPayload, .time = {}});
  EXPECT_EQ(header_of(*headers, "x-amz-security-token"), "session");
  EXPECT_EQ(header_of(*headers, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_NE(header_of(*headers, "Authorization").find("x-amz-date;x-amz-security-token,"),
            std::string::npos);
}

}  // namespace
}  // namespace assay::net
