#include "net/url.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::net {
namespace {

std::string parsed(std::string_view text) {
  const auto url = Url::parse(text);
  return url ? url->text() : "refused";
}

TEST(Url, IsHeldInOneForm) {
  EXPECT_EQ(parsed("HTTPS://Example.COM:443"), "https://example.com/");
  EXPECT_EQ(parsed("http://example.com:80/A%2fb?q=1&r"), "http://example.com/A%2fb?q=1&r");
  EXPECT_EQ(parsed("http://example.com:8080?x"), "http://example.com:8080/?x");
  EXPECT_EQ(parsed("https://h/a/../b/./c//d"), "https://h/a/../b/./c//d");
  EXPECT_EQ(parsed("file:///data/a.parquet"), "file:///data/a.parquet");
  EXPECT_EQ(parsed("file://localhost/data"), "file:///data");
  EXPECT_EQ(parsed("gs://my_bucket.x/images/1.png"), "gs://my_bucket.x/images/1.png");
}

TEST(Url, GivesItsParts) {
  const Url url = Url::parse("http://[::1]:9023/storage/v1?a=b?c").value();
  EXPECT_EQ(url.scheme(), UrlScheme::kHttp);
  EXPECT_EQ(url.host(), "::1");
  EXPECT_EQ(url.port(), 9023);
  EXPECT_EQ(url.origin(), "http://[::1]:9023");
  EXPECT_EQ(url.path(), "/storage/v1");
  EXPECT_EQ(url.query(), "a=b?c");
  EXPECT_EQ(url.target(), "/storage/v1?a=b?c");
  EXPECT_TRUE(url.is_loopback());

  const Url plain = Url::parse("https://storage.example").value();
  EXPECT_EQ(plain.port(), std::nullopt);
  EXPECT_EQ(plain.effective_port(), 443);
  EXPECT_EQ(plain.path(), "/");
  EXPECT_EQ(plain.query(), std::nullopt);
  EXPECT_FALSE(plain.is_loopback());
}

TEST(Url, KnowsThisMachineByItsNamesOnly) {
  for (const std::string_view here :
       {"http://localhost:1", "http://127.0.0.1", "http://127.9.9.9"}) {
    EXPECT_TRUE(Url::parse(here)->is_loopback()) << here;
  }
  for (const std::string_view away :
       {"http://127.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"}) {
    EXPECT_FALSE(Url::parse(away)->is_loopback()) << away;
  }
}

TEST(Url, RefusesWhatIsNotAnAbsoluteAddressOfAKnownKind) {
  for (const std::string_view text : {"",
                                      "http",
                                      "http:",
                                      "http:/x",
                                      "http://",
                                      "http:///path",
                                      "ftp://host/",
                                      "//host/x",
                                      "https://user@host/",
                                      "https://user:word@host/",
                                      "http://host:0/",
                                      "http://host:65536/",
                                      "http://host:/",
                                      "http://host:8x/",
                                      "http://ho st/",
                                      "http://h/a b",
                                      "http://h/a\nb",
                                      "http://h/%",
                                      "http://h/%4",
                                      "http://h/%zz",
                                      "http://h/x#part",
                                      "http://a..b/",
                                      "http://[::1/",
                                      "http://[::1]x/",
                                      "http://[gg]/",
                                      "http://h\\x/",
                                      "http://h/\"",
                                      "file://other/x",
                                      "gs://bucket:80/x",
                                      "http://h/\xc3\xa9"}) {
    EXPECT_EQ(parsed(text), "refused") << text;
  }
  EXPECT_EQ(parsed("http://h/" + std::string(kMaxUrlBytes, 'a')), "refused");
  EXPECT_EQ(parsed("http://" + std::string(254, 'a') + "/"), "refused");
  EXPECT_EQ(parsed(std::string_view("http://[::1\0]/", 14)), "refused");
}

TEST(Url, SaysWhyCredentialsDoNotBelongThere) {
  EXPECT_NE(Url::parse("https://user:word@host/").error().message.find("user or password"),
            std::string::npos);
}

TEST(Url, ErrorsDoNotShowTheAddress) {
  for (const std::string_view text : {"https://user:hush@host/", "https://host/hush hush"}) {
    EXPECT_EQ(Url::parse(text).error().message.find("hush"), std::string::npos);
  }
}

TEST(Url, AnotherTargetKeepsTheOrigin) {
  const Url base = Url::parse("https://storage.example:8443/x?y").value();
  EXPECT_EQ(base.with_target("/b/o%2Fp?fields=name")->text(),
            "https://storage.example:8443/b/o%2Fp?fields=name");
  EXPECT_EQ(base.with_target("/b").value(), Url::parse("https://storage.example:8443/b").value());
  EXPECT_FALSE(base.with_target("b"));
  EXPECT_FALSE(base.with_target("/b HTTP/1.1\r\nEvil: 1"));
  EXPECT_FALSE(base.with_target("/" + std::string(kMaxUrlBytes, 'a')));
}

TEST(Url, WhateverIsAcceptedReadsBackAsItself) {
  SeededRandom random(7);
  constexpr std::string_view kPieces[] = {
      "http", "https", "://", "/",  ":",   "@",    "[",    "]",  "::1", "%2F",  "%", "?", "#",
      "a",    "..",    "443", "80", "\0x", "\xff", "host", "gs", "s3",  "file", " ", "-", "&="};
  int num_accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random.below(3) == 0 ? "" : "http://";
    for (std::uint64_t k = random.below(8); k > 0; --k)
      text += kPieces[random.below(std::size(kPieces))];
    if (random.below(4) == 0 && !text.empty()) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    const auto url = Url::parse(text);
    if (!url) continue;
    ++num_accepted;
    const auto again = Url::parse(url->text());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->text(), url->text());
    EXPECT_EQ(std::string(url->origin()) + std::string(url->target()), url->text());
    EXPECT_TRUE(url->target().starts_with('/'));
  }
  EXPECT_GT(num_accepted, 1000);
}

}  // namespace
}  // namespace assay::net
