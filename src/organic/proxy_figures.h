/// \file
/// What became of the requests to a proxy, counted.

#pragma once

#include "core/timestamp.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::organic {

/// How a request ended.
enum class Outcome : std::uint8_t {
  kAnswered,
  kUnanswered,       ///< Miners were asked, and none gave a usable answer.
  kNoMiners,         ///< Nobody may be asked.
  kStopped,          ///< The validator ended first.
  kMalformed,        ///< No request, or no image.
  kTooLarge,         ///< Over a limit of bytes or pixels.
  kUnauthenticated,  ///< Nobody, or somebody else than it says.
  kUnwelcome,        ///< Authentic, and not allowed to ask.
  kTooOften,         ///< Over the limit of its client.
  kRepeated,         ///< The image was asked about lately.
  kBusy,             ///< As many as may be are worked on.
};
inline constexpr std::size_t kNumOutcomes = 11;

/// In snake case, for JSON and logs.
std::string_view to_string(Outcome outcome);

struct ProxyFigures {
  /// By Outcome, since the start.
  std::array<std::uint64_t, kNumOutcomes> num_by_outcome = {};
  std::optional<Timestamp> last_request = std::nullopt;
  std::optional<Timestamp> last_answer = std::nullopt;
  std::size_t num_active = 0;

  std::uint64_t count(Outcome outcome) const {
    return num_by_outcome.at(static_cast<std::size_t>(outcome));
  }
  std::uint64_t num_requests() const;
};

}  // namespace assay::organic
