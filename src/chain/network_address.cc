#include "chain/network_address.h"

#include "core/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace assay::chain {
namespace {

constexpr std::string_view kLocalPrefix = "local:";

struct PublicNetwork {
  std::string_view name;
  std::string_view endpoint;
};
constexpr std::array kPublicNetworks = {
    PublicNetwork{"finney", "wss://entrypoint-finney.opentensor.ai:443"},
    PublicNetwork{"test", "wss://test.finney.opentensor.ai:443"},
    PublicNetwork{"archive", "wss://archive.chain.opentensor.ai:443"},
};

constexpr std::string_view kExpected =
    "expected local:PATH, finney, test, archive, or the ws:// or wss:// address of a node";

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

bool is_address_character(char c) {
  return std::isgraph(static_cast<unsigned char>(c)) != 0 && c != '@' && c != '#' && c != '\\';
}

/// The address with scheme and host in lower case; nothing when it is none. One with a user or a
/// password is none, because it would end in logs.
std::string node_address(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos) return {};
  const std::string scheme = lower(text.substr(0, mark));
  if (scheme != "ws" && scheme != "wss") return {};
  const std::string_view rest = text.substr(mark + 3);
  if (!std::ranges::all_of(rest, is_address_character)) return {};
  const std::size_t host_size = std::min(rest.find('/'), rest.size());
  if (host_size == 0 || rest.starts_with(':')) return {};
  return fmt::format("{}://{}{}", scheme, lower(rest.substr(0, host_size)), rest.substr(host_size));
}

}  // namespace

Result<NetworkAddress> parse_network_address(std::string_view text) {
  if (text.starts_with(kLocalPrefix)) {
    const std::string_view path = text.substr(kLocalPrefix.size());
    if (path.empty() || path.contains('\0')) {
      return invalid_input("network 'local:' names no file; write local:PATH");
    }
    return NetworkAddress{
        .kind = NetworkKind::kLocal, .text = std::string(text), .path = std::string(path)};
  }
  for (const PublicNetwork& network : kPublicNetworks) {
    if (text == network.name) {
      return NetworkAddress{.kind = NetworkKind::kRemote,
                            .text = std::string(text),
                            .endpoint = std::string(network.endpoint)};
    }
  }
  std::string address = node_address(text);
  if (address.empty()) {
    return invalid_input(fmt::format("network {}: {}", shown_text(text), kExpected));
  }
  return NetworkAddress{.kind = NetworkKind::kRemote, .text = address, .endpoint = address};
}

}  // namespace assay::chain
