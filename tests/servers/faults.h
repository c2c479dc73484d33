/// \file
/// Faults on demand, written into the name of an object: `fault/503x2/a` answers 503 twice, then
/// 200.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace servers {

enum class FaultKind { kStatus, kHtml, kBadJson, kDrop, kSlow, kStall, kHalfBody };

struct Fault {
  FaultKind kind = FaultKind::kStatus;
  int status = 200;                          ///< Of kStatus and kHtml.
  std::chrono::milliseconds delay{0};        ///< Of kSlow.
  std::optional<std::uint32_t> retry_after;  ///< Seconds; of kStatus.
  std::uint32_t times = 0;                   ///< How often, before all is well; 0 = always.
};

/// Read one specification: `<status>[r<seconds>][x<n>]`, `plain<status>`, `badjson`, `drop[x<n>]`,
/// `slow<ms>`, `stall`, `halfbody`, each with an optional `x<n>`. Nothing when it is none of them.
std::optional<Fault> parse_fault(std::string_view text);

/// The fault that an object's name asks for: `fault/<specification>/...`.
std::optional<Fault> fault_of_name(std::string_view object);

}  // namespace servers
