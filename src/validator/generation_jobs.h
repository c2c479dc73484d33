/// \file
/// What the validator needs of the desk that sends generation jobs to miners.

#pragma once

#include "core/result.h"
#include "validator/network_view.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace assay::validator {

/// Of one miner.
struct JobCounts {
  std::uint64_t num_sent = 0;
  std::uint64_t num_accepted = 0;
  std::uint64_t num_completed = 0;
  /// Callbacks that say there is an image.
  std::uint64_t num_claimed = 0;
  /// Of these, the image was looked for: it is there, or it is not.
  std::uint64_t num_verified = 0;
  std::uint64_t num_missing = 0;
};

/// Threads: one thread at a time. Both calls return at once: the work is done elsewhere.
class GenerationJobs {
 public:
  virtual ~GenerationJobs() = default;
  GenerationJobs() = default;
  GenerationJobs(const GenerationJobs&) = delete;
  GenerationJobs& operator=(const GenerationJobs&) = delete;

  /// Called several times a second, between rounds, with the network as it is now.
  /// Errors: jobs cannot be sent any more; the validator ends with it.
  virtual Status between_rounds(const std::shared_ptr<const NetworkView>& view) = 0;
  /// Which of its threads has not gone on for longer than `limit`, in a sentence; empty: none. The
  /// process then ends, for such a thread cannot be waited for.
  virtual std::string stuck(std::chrono::milliseconds limit) const {
    static_cast<void>(limit);
    return {};
  }
  /// By hotkey.
  virtual std::map<std::string, JobCounts, std::less<>> counts() const = 0;
};

}  // namespace assay::validator
