#include "chain/chain_rules.h"

#include "core/check.h"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace assay::chain {
namespace {

constexpr std::uint64_t kMaxWeight = std::numeric_limits<std::uint16_t>::max();

WriteOutcome refused(BlockNumber block, std::string_view name, std::string message) {
  return {.result = WriteResult::kRefused,
          .error_name = std::string(name),
          .message = std::move(message),
          .block = block};
}

WriteOutcome too_early(BlockNumber block, std::string_view name, BlockCount passed,
                       BlockCount limit) {
  return {.result = WriteResult::kRateLimited,
          .error_name = std::string(name),
          .message = fmt::format("{} blocks since the last time, {} are required", passed, limit),
          .block = block,
          .wait_blocks = limit - passed};
}

BlockCount blocks_between(BlockNumber from, BlockNumber to) { return to > from ? to - from : 0; }

/// One weight for oneself: allowed to everybody, and of any size.
bool is_self_weight(Uid own, std::span<const WeightEntry> weights) {
  return weights.size() == 1 && weights.front().uid == own;
}

std::optional<Uid> repeated_uid(std::span<const WeightEntry> weights) {
  std::vector<Uid> uids(weights.size());
  std::ranges::transform(weights, uids.begin(), &WeightEntry::uid);
  std::ranges::sort(uids);
  const auto repeated = std::ranges::adjacent_find(uids);
  if (repeated == uids.end()) return std::nullopt;
  return *repeated;
}

/// Whether the largest share of all weight is above the limit.
bool exceeds_limit(std::span<const WeightEntry> weights, std::uint16_t limit) {
  if (limit == kMaxWeight || weights.empty()) return false;
  std::uint64_t sum = 0;
  for (const WeightEntry& entry : weights) sum += entry.weight;
  const std::uint64_t largest = std::ranges::max(weights, {}, &WeightEntry::weight).weight;
  return largest * kMaxWeight > limit * sum;
}

std::optional<WriteOutcome> sender_refusal(const WeightFacts& facts,
                                           const WeightFacts::Sender& sender,
                                           const WeightSubmission& submission) {
  const BlockNumber block = facts.block;
  if (sender.stake_rao < facts.min_stake_rao) {
    return refused(block, "NotEnoughStakeToSetWeights",
                   fmt::format("the stake is {} TAO, {} are required", to_tao(sender.stake_rao),
                               to_tao(facts.min_stake_rao)));
  }
  const std::uint64_t version_key = facts.rules.weights_version_key;
  if (version_key != 0 && submission.version_key < version_key) {
    return refused(block, "IncorrectWeightVersionKey",
                   fmt::format("the version key is {}, the network requires {}",
                               submission.version_key, version_key));
  }
  const BlockCount passed = blocks_between(sender.last_update, block);
  if (sender.last_update != 0 && passed < facts.rules.weights_rate_limit) {
    return too_early(block, "SettingWeightsTooFast", passed, facts.rules.weights_rate_limit);
  }
  if (!is_self_weight(sender.uid, submission.weights) && !sender.has_validator_permit &&
      !sender.is_owner) {
    return refused(block, "NeuronNoValidatorPermit",
                   fmt::format("uid {} has no validator permit", sender.uid));
  }
  return std::nullopt;
}

std::optional<WriteOutcome> entries_refusal(const WeightFacts& facts, Uid own,
                                            std::span<const WeightEntry> weights) {
  const BlockNumber block = facts.block;
  if (const auto uid = repeated_uid(weights)) {
    return refused(block, "DuplicateUids", fmt::format("uid {} is there twice", *uid));
  }
  const auto beyond = std::ranges::find_if(
      weights, [&](const WeightEntry& entry) { return entry.uid >= facts.num_neurons; });
  if (beyond != weights.end()) {
    return refused(
        block, "UidVecContainInvalidOne",
        fmt::format("uid {} is not one of the network's {}", beyond->uid, facts.num_neurons));
  }
  if (is_self_weight(own, weights)) return std::nullopt;
  const std::size_t required =
      std::min<std::size_t>(facts.rules.min_allowed_weights, facts.num_neurons);
  if (weights.size() < required) {
    return refused(block, "WeightVecLengthIsLow",
                   fmt::format("{} weights, {} are required", weights.size(), required));
  }
  if (exceeds_limit(kept_weights(weights), facts.rules.max_weight_limit)) {
    return refused(block, "MaxWeightExceeded",
                   fmt::format("one weight has more than {} of 65535 of the sum",
                               facts.rules.max_weight_limit));
  }
  return std::nullopt;
}

struct IpAddress {
  int family = 0;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};  // in network order; the first 4 of IPv4
};

std::optional<IpAddress> parse_ip(std::string_view text) {
  // inet_pton reads to a NUL, so a NUL within the text would hide what follows it.
  if (text.contains('\0')) return std::nullopt;
  IpAddress address;
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, std::string(text).c_str(), address.bytes.data()) == 1) {
      address.family = family;
      return address;
    }
  }
  return std::nullopt;
}

/// The chain knows one loopback address of IPv4; the others it takes.
bool is_refused_loopback(const IpAddress& address) {
  constexpr std::array<unsigned char, 4> kLocalhost = {127, 0, 0, 1};
  if (address.family == AF_INET6) {
    return std::memcmp(address.bytes.data(), &in6addr_loopback, address.bytes.size()) == 0;
  }
  return std::ranges::equal(std::span(address.bytes).first(4), kLocalhost);
}

bool is_all(const IpAddress& address, unsigned char value) {
  const std::size_t size = address.family == AF_INET ? 4 : 16;
  return std::ranges::all_of(std::span(address.bytes).first(size),
                             [&](unsigned char byte) { return byte == value; });
}

}  // namespace

std::vector<WeightEntry> kept_weights(std::span<const WeightEntry> weights) {
  std::vector<WeightEntry> kept(weights.begin(), weights.end());
  if (kept.empty()) return kept;
  const std::uint64_t largest = std::ranges::max(kept, {}, &WeightEntry::weight).weight;
  if (largest == 0) return kept;
  for (WeightEntry& entry : kept) {
    entry.weight = static_cast<std::uint16_t>((entry.weight * kMaxWeight + largest / 2) / largest);
  }
  return kept;
}

std::optional<WriteOutcome> weights_refusal(const WeightFacts& facts,
                                            const WeightSubmission& submission) {
  if (submission.netuid == Netuid{0}) {
    return refused(facts.block, "CanNotSetRootNetworkWeights", "nobody sets weights in network 0");
  }
  if (!facts.has_network) {
    return refused(facts.block, "MechanismDoesNotExist",
                   fmt::format("there is no network {}", std::to_underlying(submission.netuid)));
  }
  if (submission.weights.size() > facts.num_neurons) {
    return refused(
        facts.block, "UidsLengthExceedUidsInSubNet",
        fmt::format("{} weights for {} members", submission.weights.size(), facts.num_neurons));
  }
  if (!facts.sender) {
    return refused(facts.block, "HotKeyNotRegisteredInSubNet",
                   "the hotkey is not registered in this network");
  }
  if (auto refusal = sender_refusal(facts, *facts.sender, submission)) return refusal;
  return entries_refusal(facts, facts.sender->uid, submission.weights);
}

std::optional<WriteOutcome> axon_refusal(const ServeFacts& facts, const Axon& axon) {
  const BlockNumber block = facts.block;
  if (!facts.has_network) return refused(block, "SubnetNotExists", "there is no such network");
  if (!facts.is_registered) {
    return refused(block, "HotKeyNotRegisteredInNetwork",
                   "the hotkey is not registered in this network");
  }
  const auto address = parse_ip(axon.ip);
  if (!address) {
    return refused(block, "InvalidIpType", "the address is neither IPv4 nor IPv6; give numbers");
  }
  if (is_all(*address, 0) || is_all(*address, 0xff) ||
      (!facts.allows_loopback && is_refused_loopback(*address))) {
    return refused(block, "InvalidIpAddress",
                   "nobody else can reach this address; give the one others see");
  }
  if (facts.last_served && facts.serving_rate_limit != 0) {
    const BlockCount passed = blocks_between(*facts.last_served, block);
    if (passed < facts.serving_rate_limit) {
      return too_early(block, "ServingRateLimitExceeded", passed, facts.serving_rate_limit);
    }
  }
  if (axon.port == 0) return refused(block, "InvalidPort", "port 0 is no port to listen on");
  return std::nullopt;
}

std::optional<std::string> canonical_ip(std::string_view text) {
  const auto address = parse_ip(text);
  if (!address) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> shown{};
  CHECK(inet_ntop(address->family, address->bytes.data(), shown.data(), shown.size()) != nullptr,
        "an address that was read can be written");
  return std::string(shown.data());
}

}  // namespace assay::chain
