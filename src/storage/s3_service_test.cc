#include "core/testing/fake_clock.h"
#include "storage/s3_service_internal.h"
#include "storage/testing/engine_fixture.h"
#include "storage/xml_scan_internal.h"

#include <gtest/gtest.h>

namespace assay::storage {
namespace {

using testing::response;

class S3ServiceTest : public ::testing::Test {
 protected:
  S3Service service(std::string_view endpoint = "") {
    std::optional<net::Url> url;
    if (!endpoint.empty()) url = net::Url::parse(endpoint).value();
    return {url, options_, has_keys_ ? &keys_ : nullptr, clock_};
  }
  static std::string asked(S3Service& service, std::string_view bucket, std::string_view name) {
    return service.ask({AddressScheme::kS3, bucket, name}, AskManner::kUsual)
        .value()
        .request.url.text();
  }

  ExistenceOptions options_{.s3_region = "eu-west-1"};
  AwsKeys keys_{"AKID", crypto::Secret(std::string_view("sekrit")), crypto::Secret()};
  bool has_keys_ = false;
  assay::testing::FakeClock clock_;
  const ObjectAddress address_{AddressScheme::kS3, "bu", "k"};
};

TEST_F(S3ServiceTest, AddressesBucketsByHostWhereTheirNameAllowsIt) {
  S3Service amazon = service();
  EXPECT_EQ(asked(amazon, "bu", "a b/c+d"), "https://bu.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd");
  EXPECT_EQ(asked(amazon, "b.u", "k"), "https://s3.eu-west-1.amazonaws.com/b.u/k");
  S3Service other = service("http://127.0.0.1:9000");
  EXPECT_EQ(asked(other, "bu", "//k"), "http://127.0.0.1:9000/bu///k");
}

TEST_F(S3ServiceTest, SignsWithKeysOnly) {
  S3Service anonymous = service();
  EXPECT_TRUE(anonymous.ask(address_, AskManner::kUsual)->request.headers.all().empty());
  has_keys_ = true;
  S3Service with_keys = service();
  const auto request = with_keys.ask(address_, AskManner::kUsual).value().request;
  EXPECT_EQ(request.method, net::HttpMethod::kHead);
  bool is_signed = false;
  for (const net::HttpHeader& header : request.headers.all()) {
    EXPECT_EQ(header.value.find("sekrit"), std::string::npos);
    is_signed |= header.value.contains("Credential=AKID/");
  }
  EXPECT_TRUE(is_signed);
}

TEST_F(S3ServiceTest, FollowsABucketToItsRegion) {
  S3Service amazon = service();
  (void)asked(amazon, "bu", "k");
  const auto reading = amazon.read(address_, AskManner::kUsual,
                                   response(301, "", {{"x-amz-bucket-region", "us-west-2"}}));
  EXPECT_EQ(reading.next, NextStep::kAskAnother);
  EXPECT_EQ(asked(amazon, "bu", "k"), "https://bu.s3.us-west-2.amazonaws.com/k");
  const auto evil = amazon.read(address_, AskManner::kUsual,
                                response(301, "", {{"x-amz-bucket-region", "evil.com/"}}));
  EXPECT_EQ(evil.next, NextStep::kDone);
}

TEST_F(S3ServiceTest, ReadsAnswers) {
  options_.details = DetailUse::kAsk;
  S3Service amazon = service();
  const auto there = amazon.read(address_, AskManner::kUsual,
                                 response(200, "",
                                          {{"Content-Length", "12"},
                                           {"Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT"},
                                           {"ETag", "\"d41d8cd98f00b204e9800998ecf8427e\""}}));
  EXPECT_EQ(there.verdict.presence, Presence::kPresent);
  ASSERT_TRUE(there.verdict.details);
  EXPECT_EQ(there.verdict.details->size_bytes, 12U);
  EXPECT_EQ(to_rfc3339(*there.verdict.details->created), "2025-01-01T00:00:00Z");
  EXPECT_EQ(there.verdict.details->md5_base64, "1B2M2Y8AsgTpgAmY7PhCfg==");
  EXPECT_EQ(amazon.read(address_, AskManner::kUsual, response(404)).verdict.presence,
            Presence::kAbsent);
  EXPECT_EQ(amazon.read(address_, AskManner::kUsual, response(403)).verdict.presence,
            Presence::kDenied);
  EXPECT_EQ(amazon.read(address_, AskManner::kUsual, response(503)).next, NextStep::kRetry);
  const auto parts =
      amazon.read(address_, AskManner::kUsual, response(200, "", {{"ETag", "\"abc-2\""}}));
  EXPECT_EQ(parts.verdict.details->md5_base64, "");
}

TEST_F(S3ServiceTest, ReadsListings) {
  options_.details = DetailUse::kAsk;
  S3Service amazon = service();
  EXPECT_EQ(amazon.ask_page("bu", "a/", "t=").value().request.url.text(),
            "https://bu.s3.eu-west-1.amazonaws.com/?continuation-token=t%3D&encoding-type=url&"
            "list-type=2&max-keys=1000&prefix=a%2F");
  const PageReading page = amazon.read_page(
      "bu", response(200,
                     "<ListBucketResult "
                     "xmlns=\"x\"><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b"
                     "</NextContinuationToken><Contents><Key>a/1+%C3%A4%2B</"
                     "Key><LastModified>2025-01-01T00:00:00.000Z"
                     "</LastModified><Size>5</Size></Contents><Contents><Key>a/2</Key></Contents></"
                     "ListBucketResult>"));
  ASSERT_TRUE(page.is_page);
  EXPECT_EQ(page.next_page, "a&b");
  ASSERT_EQ(page.objects.size(), 2U);
  EXPECT_EQ(page.objects[0].name, "a/1 \xC3\xA4+");
  EXPECT_EQ(page.objects[0].details->size_bytes, 5U);
  EXPECT_EQ(page.objects[1].name, "a/2");
}

TEST_F(S3ServiceTest, BrokenListingsAreNoPages) {
  S3Service amazon = service();
  EXPECT_EQ(amazon.read_page("bu", response(200, "<html>")).next, NextStep::kRetry);
  EXPECT_EQ(amazon.read_page("bu", response(200, "<ListBucketResult><Contents>")).next,
            NextStep::kRetry);
  EXPECT_FALSE(amazon
                   .read_page("bu", response(200,
                                             "<ListBucketResult><IsTruncated>true</IsTruncated>"
                                             "</ListBucketResult>"))
                   .is_page);
  EXPECT_FALSE(amazon
                   .read_page("bu", response(200,
                                             "<ListBucketResult><Contents><Key>%zz</Key></Contents>"
                                             "</ListBucketResult>"))
                   .is_page);
  EXPECT_FALSE(amazon.read_page("bu", response(403)).is_page);
}

TEST(XmlText, ReadsEntities) {
  EXPECT_EQ(xml_text("a&amp;&lt;&gt;&quot;&apos;&#65;&#x20AC;"), "a&<>\"'A\xE2\x82\xAC");
  EXPECT_EQ(xml_text("&nope;"), std::nullopt);
  EXPECT_EQ(xml_text("&amp"), std::nullopt);
  EXPECT_EQ(xml_text("&#x110000;"), std::nullopt);
  EXPECT_EQ(xml_text(""), "");
}

}  // namespace
}  // namespace assay::storage
