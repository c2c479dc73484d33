#include "cache/budget.h"

#include <fmt/format.h>

#include <array>

namespace assay::cache {

std::string_view to_string(EvictionOrder order) {
  constexpr std::array<std::string_view, 3> kNames = {"oldest", "least-used", "random"};
  return kNames[static_cast<std::size_t>(order)];
}

Result<EvictionOrder> parse_eviction_order(std::string_view text) {
  for (const EvictionOrder order :
       {EvictionOrder::kOldest, EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
    if (text == to_string(order)) return order;
  }
  return invalid_input(
      fmt::format("no order is called '{}'; there are oldest, least-used and random", text));
}

ByteCount share_of(ByteCount bytes, double share) {
  return ByteCount(static_cast<std::uint64_t>(static_cast<double>(bytes.count()) * share));
}

}  // namespace assay::cache
