/// \file
/// What a request passes before any work is done for it: authenticity, then policy, then memory.

#pragma once

#include "protocol/clock_skew.h"
#include "protocol/replay_store.h"
#include "protocol/scheme.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::protocol {

/// Why an authentic sender is not let in, or nothing.
using Policy = std::function<std::optional<std::string>(const keys::Hotkey& sender)>;

/// Threads: check() is safe from any thread, if the policy is.
class Gate {
 public:
  /// The schemes are tried in this order: the first that a request uses judges it alone, so that
  /// nobody falls back to a weaker one. Pre: at least one.
  Gate(keys::Hotkey self, std::vector<std::unique_ptr<Scheme>> schemes, Policy policy,
       ReplayLimits limits = {});

  /// As ReplayStore::keep_in(). Errors: as there.
  Status keep_replays_in(files::FileSystem& file_system, const std::filesystem::path& path,
                         Instant now) {
    return replays_.keep_in(file_system, path, now);
  }

  /// A request that is Authentic here is new, too.
  Verdict check(const ReceivedRequest& request, Instant now);

  ClockSkewReport clock_skew() const { return clock_skew_.report(); }

 private:
  Verdict judge(const ReceivedRequest& request, Instant now);

  keys::Hotkey self_;
  std::vector<std::unique_ptr<Scheme>> schemes_;
  Policy policy_;
  ReplayStore replays_;
  ClockSkew clock_skew_;
};

}  // namespace assay::protocol
