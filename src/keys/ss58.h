/// \file
/// SS58: an account's public key as text, with the number of its network and a checksum.

#pragma once

#include "core/result.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace assay::keys {

using AccountId = std::array<std::byte, 32>;

/// The network of addresses that begin with 5: Substrate's own, which Bittensor uses.
inline constexpr std::uint16_t kSubstrateNetwork = 42;
/// Two bytes hold 14 bits of it.
inline constexpr std::uint16_t kMaxSs58Network = 16'383;

struct Ss58Address {
  std::uint16_t network = kSubstrateNetwork;
  AccountId account{};

  bool operator==(const Ss58Address&) const = default;
};

/// Read the one text form of an address with an account of 32 bytes.
/// Errors: kInvalidInput (not base58, another length, a wrong checksum, a network's number written
///         longer than need be).
Result<Ss58Address> parse_ss58(std::string_view text);

/// Pre: the network's number is at most kMaxSs58Network.
std::string to_ss58(const Ss58Address& address);

/// The public key by which a neuron is known.
class Hotkey {
 public:
  explicit Hotkey(const AccountId& account) : account_(account) {}
  /// Errors: kInvalidInput, as parse_ss58(); also an address of another network.
  static Result<Hotkey> parse(std::string_view ss58);

  std::string to_ss58() const;
  const AccountId& account() const { return account_; }

  auto operator<=>(const Hotkey&) const = default;

 private:
  AccountId account_;
};

}  // namespace assay::keys

/// The bytes are a point on a curve that nobody chooses freely, so a few of them do.
template <>
struct std::hash<assay::keys::Hotkey> {
  std::size_t operator()(const assay::keys::Hotkey& hotkey) const noexcept;
};
