#include "hub/hub_client.h"

#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "hub/hub_answer_internal.h"
#include "hub/testing/fake_hub.h"

#include <gtest/gtest.h>

namespace assay::hub {
namespace {

using testing::FakeHub;

class HubClientTest : public ::testing::Test {
 protected:
  HubClient client(std::string token = {}) {
    auto made = HubClient::create(
        {.transport = hub,
         .clock = clock,
         .random = random,
         .wait = [this](auto span, auto) -> Status {
           clock.advance(span);
           return {};
         }},
        {.endpoint = FakeHub::endpoint(), .token = crypto::Secret(std::move(token))});
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  FakeHub hub;
  assay::testing::FakeClock clock;
  SeededRandom random{1};
};

TEST_F(HubClientTest, ListsFilesOfAllPages) {
  for (int i = 0; i < 25; ++i) hub.put("data/" + std::to_string(i) + ".parquet", std::to_string(i));
  hub.put_small("README.md", "words");
  hub.faults.page_size = 10;
  HubClient asked = client();
  const auto files = asked.list(FakeHub::repo(), {});
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->size(), 26U);
  EXPECT_EQ(hub.requests().size(), 3U);
  EXPECT_EQ(files->front().path, "README.md");
  EXPECT_FALSE(files->front().content.has_value());
  EXPECT_EQ(files->back().content, crypto::sha256("9"));
  EXPECT_EQ(files->back().size, ByteCount(1));
}

TEST_F(HubClientTest, ResolvesToTheStoreAndKeepsTheTokenAtTheHub) {
  hub.put("a.parquet", "bytes");
  hub.faults.token = "hf_secret";
  HubClient asked = client("hf_secret");
  const auto file = asked.resolve(FakeHub::repo(), "a.parquet", {});
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->location.text(), "http://localhost:9/blobs/a.parquet");
  EXPECT_EQ(file->commit, FakeHub::commit());
  EXPECT_EQ(file->content, crypto::sha256("bytes"));
  std::string got;
  ASSERT_TRUE(asked.fetch(*file, {.max_size = ByteCount(100)},
                          [&](std::uint64_t, std::string_view bytes) -> Status {
                            got += bytes;
                            return {};
                          },
                          {}));
  EXPECT_EQ(got, "bytes");
  EXPECT_EQ(hub.num_leaked_tokens(), 0);
}

TEST_F(HubClientTest, SaysWhatARefusalMeans) {
  struct Case {
    int status;
    std::string token;
    ErrorCode code;
    std::string words;
  };
  for (const Case& known : {
           Case{401, "", ErrorCode::kDenied, "put a token into HF_TOKEN"},
           Case{401, "hf_old", ErrorCode::kDenied, "the token is not valid"},
           Case{403, "hf_other", ErrorCode::kDenied, "ask its owner for access"},
           Case{404, "", ErrorCode::kNotFound, "no such name, revision or file"},
           Case{429, "", ErrorCode::kUnavailable, "too many requests"},
           Case{500, "", ErrorCode::kUnavailable, "answered 500"},
           Case{503, "", ErrorCode::kUnavailable, "answered 503"},
           Case{418, "", ErrorCode::kInvalidInput, "answered 418"},
       }) {
    hub.faults = {.status = known.status};
    HubClient asked = client(known.token);
    const auto files = asked.list(FakeHub::repo(), {});
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, known.code) << known.status;
    EXPECT_NE(files.error().message.find(known.words), std::string::npos) << files.error().message;
    EXPECT_NE(files.error().message.find("owner/photos"), std::string::npos);
    EXPECT_EQ(files.error().message.find("hf_"), std::string::npos);
    EXPECT_EQ(asked.last_status(), known.status);
  }
}

TEST_F(HubClientTest, WaitsAsLongAsTheHubSays) {
  hub.put("a.parquet", "bytes");
  hub.faults = {.status = 429, .retry_after = "7", .num_refused = 1};
  const auto before = clock.now();
  EXPECT_TRUE(client().list(FakeHub::repo(), {}));
  EXPECT_GE(clock.now() - before, std::chrono::seconds(7));
  hub.faults = {.status = 503, .retry_after = "3600"};
  const auto files = client().list(FakeHub::repo(), {});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().retry_after, std::chrono::hours(1));
  EXPECT_EQ(hub.requests().size(), 3U);  // the hour is the caller's to wait
}

TEST_F(HubClientTest, SendsNoTokenOverAPlainWire) {
  const auto made = HubClient::create({.transport = hub, .clock = clock, .random = random},
                                      {.endpoint = net::Url::parse("http://hub.example").value(),
                                       .token = crypto::Secret(std::string_view("hf_x"))});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidInput);
}

TEST(ParseRepo, TakesNamesOfTwoParts) {
  const auto repo = parse_repo("natix-network-org/roadwork@v1.0", RepoKind::kDataset);
  ASSERT_TRUE(repo);
  EXPECT_EQ(repo->name, "natix-network-org/roadwork");
  EXPECT_EQ(repo->revision, "v1.0");
  for (const std::string_view text :
       {"", "roadwork", "a/b/c", "a/..", "a/b@", "a b/c", "/b", "a/"}) {
    EXPECT_FALSE(parse_repo(text, RepoKind::kDataset)) << text;
  }
}

TEST(ParseListing, RefusesWhatIsNoListing) {
  const std::string oid(40, 'a');
  const auto entry = [&](std::string_view path) {
    return R"([{"type":"file","size":1,"oid":")" + oid + R"(","path":")" + std::string(path) +
           "\"}]";
  };
  EXPECT_TRUE(parse_listing(entry("data/a.parquet")));
  for (const std::string_view path : {"../a", "/a", "a//b", "a/./b", "", "a\\\\b", "a\\nb", "a/"}) {
    EXPECT_FALSE(parse_listing(entry(path))) << path;
  }
  for (const std::string_view text : {"", "{}", "[1]", R"([{"type":"file"}])",
                                      R"([{"type":"file","path":"a","size":-1,"oid":""}])",
                                      R"([{"type":"file","path":"a","size":1,"oid":"xyz"}])"}) {
    const auto files = parse_listing(text);
    ASSERT_FALSE(files) << text;
    EXPECT_EQ(files.error().code, ErrorCode::kCorrupt);
  }
}

TEST(NextPage, IsTheLinkThatSaysSo) {
  EXPECT_EQ(next_page(R"(<https://h/a?b=1>; rel="prev", <https://h/a?b=2,3>; rel="next")"),
            "https://h/a?b=2,3");
  EXPECT_EQ(next_page(R"(</a?c=4>;rel=next)"), "/a?c=4");
  EXPECT_EQ(next_page(R"(<https://h/a>; rel="last")"), std::nullopt);
  EXPECT_EQ(next_page(""), std::nullopt);
  EXPECT_EQ(next_page("<"), std::nullopt);
}

TEST(PlainEtag, HasNoQuotes) {
  EXPECT_EQ(plain_etag("\"abc\""), "abc");
  EXPECT_EQ(plain_etag("W/\"abc\""), "abc");
  EXPECT_EQ(plain_etag("abc"), "abc");
}

}  // namespace
}  // namespace assay::hub
