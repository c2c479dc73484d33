#include "net/http_route.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(RequestTarget, IsTakenApartAndThenDecoded) {
  const auto target = parse_request_target("/v1/a%2Fb/c%20d?limit=5&name=x+y%2B&flag&&=e");
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "a/b", "c d"}));
  EXPECT_EQ(target->query, (Pairs{{"limit", "5"}, {"name", "x y+"}, {"flag", ""}, {"", "e"}}));
}

TEST(RequestTarget, OfTheRootHasOneEmptySegment) {
  EXPECT_EQ(parse_request_target("/")->segments, std::vector<std::string>{""});
  EXPECT_EQ(parse_request_target("/?a=b")->query, (Pairs{{"a", "b"}}));
  EXPECT_TRUE(parse_request_target("/?")->query.empty());
}

TEST(RequestTarget, IsRefusedWhenItIsNone) {
  for (const char* wrong : {"", "*", "http://a/b", "/a b", "/a#b", "/%", "/%4", "/%zz", "/%00",
                            "/a?x=%0a", "/\x7f", "/a\tb"}) {
    EXPECT_FALSE(parse_request_target(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_request_target("/" + std::string(9000, 'a')));
}

TEST(PathPattern, GivesTheNamedSegments) {
  const PathPattern pattern("/v1/jobs/{id}/lines/{line}");
  const auto parameters = pattern.match(*parse_request_target("/v1/jobs/a%2Fb/lines/7"));
  ASSERT_TRUE(parameters);
  EXPECT_EQ(*parameters, (Pairs{{"id", "a/b"}, {"line", "7"}}));
}

TEST(PathPattern, TakesNoOtherPath) {
  const PathPattern pattern("/v1/jobs/{id}");
  for (const char* other :
       {"/", "/v1/jobs", "/v1/jobs/", "/v1/jobs/1/", "/v1/jobs/1/2", "/V1/jobs/1"}) {
    EXPECT_FALSE(pattern.match(*parse_request_target(other))) << other;
  }
}

TEST(HostOfAuthority, LeavesPortAndBracketsOut) {
  EXPECT_EQ(host_of_authority("LocalHost:8404"), "localhost");
  EXPECT_EQ(host_of_authority("[::1]:80"), "::1");
  EXPECT_EQ(host_of_authority("127.0.0.1"), "127.0.0.1");
  for (const char* wrong : {"", ":80", "a:b", "a:123456", "[::1", "[x]", "a b", "user@a", "a/b"}) {
    EXPECT_FALSE(host_of_authority(wrong)) << wrong;
  }
}

TEST(IsLoopbackHost, KnowsThisMachineAndNothingThatLooksLikeIt) {
  for (const char* ours : {"localhost", "127.0.0.1", "127.255.0.3", "::1"}) {
    EXPECT_TRUE(is_loopback_host(ours)) << ours;
  }
  for (const char* other : {"127.0.0.1.example.com", "localhost.example.com", "128.0.0.1", "127.1",
                            "127.0.0.256", "127.0.0.", "::2", "0.0.0.0"}) {
    EXPECT_FALSE(is_loopback_host(other)) << other;
  }
}

}  // namespace
}  // namespace assay::net
