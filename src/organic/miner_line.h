/// \file
/// What the proxy needs of the network: who may be asked, and a way to send them one image.

#pragma once

#include "core/result.h"
#include "keys/ss58.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::organic {

struct Miner {
  std::uint16_t uid = 0;
  keys::Hotkey hotkey;
  /// SS58; only ever shown.
  std::string coldkey = {};
  /// By the chain; only ever shown. Nothing where it does not tell.
  std::optional<double> rank = std::nullopt;
  std::optional<double> incentive = std::nullopt;
  /// Of a tempo, in whole tokens of the network.
  std::optional<double> emission = std::nullopt;
  /// In numbers; IPv6 without brackets.
  std::string ip = {};
  std::uint16_t port = 0;
};

struct PlannedAsk {
  Miner miner;
  /// From the call of ask().
  std::chrono::milliseconds start_after{0};
  /// From when it leaves to the last byte of the answer.
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
};

struct MinerAnswer {
  /// In [0, 1]; nothing when there was no usable one in time.
  std::optional<double> prediction = std::nullopt;
  std::chrono::milliseconds latency{0};
};

/// Nothing of a cache, a label or a score is behind this seam: an organic request can touch none.
/// Threads: all calls are safe from any thread.
class MinerLine {
 public:
  virtual ~MinerLine() = default;
  MinerLine() = default;
  MinerLine(const MinerLine&) = delete;
  MinerLine& operator=(const MinerLine&) = delete;

  /// Who may be asked now: serving, no validator, not this one itself. Empty while the network is
  /// not known. Order: by uid.
  virtual std::vector<Miner> available() const = 0;

  /// Send `body` as planned, all at once but for their starts, and wait for the last.
  /// Order: of `plan`. Errors: kCancelled (the validator stops), kUnavailable, kInternal.
  virtual Result<std::vector<MinerAnswer>> ask(std::span<const PlannedAsk> plan,
                                               std::shared_ptr<const std::string> body) = 0;
};

}  // namespace assay::organic
