/// \file
/// Which chain, as flags and settings name it.

#pragma once

#include "core/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace assay::chain {

enum class NetworkKind : std::uint8_t {
  kLocal,   ///< A file that processes of this machine share.
  kRemote,  ///< A node of a real chain.
};

struct NetworkAddress {
  NetworkKind kind = NetworkKind::kLocal;
  /// As it was given, but an address in lower case: `local:PATH`, `finney`, `test`, `ws://...`.
  std::string text = {};
  /// Of kLocal.
  std::filesystem::path path = {};
  /// Of kRemote: `ws://` or `wss://`.
  std::string endpoint = {};

  bool operator==(const NetworkAddress&) const = default;
};

/// Read `local:PATH`, `finney`, `test`, `archive`, or the `ws://` or `wss://` address of a node.
/// Errors: kInvalidInput (none of these; the message says what is expected).
Result<NetworkAddress> parse_network_address(std::string_view text);

}  // namespace assay::chain
