#include "audit/object_address_text.h"

#include <gtest/gtest.h>

namespace assay::audit {
namespace {

std::string claim(std::string_view uri, const ClaimRules& rules = {}) {
  const auto address = claimed_address(uri, rules);
  if (!address) return "none";
  const char scheme = "gshpf"[static_cast<std::size_t>(address->scheme)];
  return std::string(1, scheme) + "|" + address->bucket + "|" + address->name;
}

TEST(ClaimedAddress, OfBucketsIsStripped) {
  EXPECT_EQ(claim("gs://b/ok"), "g|b|ok");
  EXPECT_EQ(claim("gs:// b / ok "), "g|b|ok");
  EXPECT_EQ(claim("gs://b//ok"), "g|b|/ok");
  EXPECT_EQ(claim("gs://b/a/b c#?%2F"), "g|b|a/b c#?%2F");
  EXPECT_EQ(claim("gs://B A/x"), "g|B A|x");
  EXPECT_EQ(claim("s3://b/k"), "s|b|k");
  EXPECT_EQ(claim("gs://b/\xC2\xA0x\xE2\x80\x83"), "g|b|x");
}

TEST(ClaimedAddress, WithoutBucketOrNameIsNone) {
  for (const auto* uri : {"gs://b/", "gs://b", "gs:///x", "gs:// /x", "gs://b/ \t", "", " gs://b/x",
                          "GS://b/x", "x", "ftp://h/x", "gs:/b/x"}) {
    EXPECT_EQ(claim(uri), "none") << uri;
  }
}

TEST(ClaimedAddress, OfTheWebIsEncodedWhereItMustBe) {
  EXPECT_EQ(claim("https://h.example:8443/a b/\xC3\xA4%20.png?q=1#part"),
            "h|h.example:8443|/a%20b/%C3%A4%20.png?q=1");
  EXPECT_EQ(claim("https://h"), "none");
  EXPECT_EQ(claim("https://h/"), "none");
  EXPECT_EQ(claim("https:///x"), "none");
  EXPECT_EQ(claim("http://h/x"), "none");
  EXPECT_EQ(claim("http://h/x", {.plain_http = ClaimRules::PlainHttp::kAccept}), "p|h|/x");
}

TEST(ClaimedAddress, OfFilesIsAbsoluteOrBelowTheRoot) {
  EXPECT_EQ(claim("file:///a/b%20c"), "f||/a/b c");
  EXPECT_EQ(claim("file://localhost/a"), "f||/a");
  EXPECT_EQ(claim("file://other/a"), "none");
  EXPECT_EQ(claim("file:///a%00b"), "none");
  const ClaimRules rules{.root = "/data"};
  EXPECT_EQ(claim("images/1.png", rules), "f||/data/images/1.png");
  EXPECT_EQ(claim("/images/1.png", rules), "f||/data/images/1.png");
  EXPECT_EQ(claim("a/../../etc/passwd", rules), "none");
  EXPECT_EQ(claim("..", rules), "none");
  EXPECT_EQ(claim(" ", rules), "none");
  EXPECT_EQ(claim("ftp://h/x", rules), "none");
}

TEST(Stripped, LeavesBrokenUtf8Alone) {
  EXPECT_EQ(stripped(" \xFF "), "\xFF");
  EXPECT_EQ(stripped("\x80\x80\x80\x80\x80"), "\x80\x80\x80\x80\x80");
  EXPECT_EQ(stripped("\xE2\x80\x8B"), "\xE2\x80\x8B");
}

}  // namespace
}  // namespace assay::audit
