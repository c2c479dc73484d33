#include "chain/network_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::chain {
namespace {

TEST(ParseNetworkAddress, ReadsAFile) {
  const auto address = parse_network_address("local:some folder/net.sqlite");
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->kind, NetworkKind::kLocal);
  EXPECT_EQ(address->path, "some folder/net.sqlite");
  EXPECT_EQ(address->text, "local:some folder/net.sqlite");
}

TEST(ParseNetworkAddress, KnowsThePublicNetworks) {
  for (const std::string_view name : {"finney", "test", "archive"}) {
    const auto address = parse_network_address(name);
    ASSERT_TRUE(address) << name;
    EXPECT_EQ(address->kind, NetworkKind::kRemote);
    EXPECT_EQ(address->text, name);
    EXPECT_TRUE(address->endpoint.starts_with("wss://")) << address->endpoint;
  }
}

TEST(ParseNetworkAddress, ReadsTheAddressOfANode) {
  const auto address = parse_network_address("WS://Node.Example:9944/Path");
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->kind, NetworkKind::kRemote);
  EXPECT_EQ(address->endpoint, "ws://node.example:9944/Path");
  EXPECT_EQ(parse_network_address("wss://[::1]:9944").value().endpoint, "wss://[::1]:9944");
}

TEST(ParseNetworkAddress, RefusesAllElseAndSaysWhatIsExpected) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "local"sv, "local:"sv, "local:a\0b"sv, "Finney"sv, "mainnet"sv, "http://node"sv,
        "ws://"sv, "ws:///path"sv, "ws://:9944"sv, "ws://user:word@node"sv, "ws://a b"sv,
        "ws://a\nb"sv, "://node"sv}) {
    const auto address = parse_network_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidInput);
    EXPECT_TRUE(address.error().message.contains("local:PATH")) << address.error().message;
    EXPECT_FALSE(address.error().message.contains('\n'));
  }
}

}  // namespace
}  // namespace assay::chain
