/// \file
/// Who is on the subnet, as the miner last saw it, and who of them may ask.

#pragma once

#include "core/clock.h"
#include "keys/ss58.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace assay::miner {

struct SenderStanding {
  std::uint16_t uid = 0;
  bool has_permit = false;
  /// In TAO, all kinds together.
  double stake = 0;
};

using Senders = std::unordered_map<keys::Hotkey, SenderStanding>;

/// The last good copy of the metagraph.
/// Threads: all calls are safe from any thread.
class SenderDirectory {
 public:
  void replace(Senders senders);
  /// Nothing for one who is not registered.
  std::optional<SenderStanding> find(const keys::Hotkey& sender) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;  // guards senders_
  Senders senders_;
};

struct SenderPolicy {
  /// Also those whom the metagraph does not have. Only for tests of one's own miner.
  enum class Unregistered : std::uint8_t { kRefused, kTaken } unregistered = Unregistered::kRefused;
  /// Whether one without a validator's permit is refused.
  enum class Permit : std::uint8_t { kNotAsked, kRequired } permit = Permit::kNotAsked;
  double min_stake = 0;
};

/// Why `sender` is not let in, or nothing. What is said does not tell how the others stand.
std::optional<std::string> objection_to(const SenderDirectory& directory,
                                        const keys::Hotkey& sender, const SenderPolicy& policy);

}  // namespace assay::miner
