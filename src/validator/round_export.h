/// \file
/// What the validator needs of those who collect statistics of its rounds somewhere else.

#pragma once

#include "core/timestamp.h"
#include "scoring/neuron.h"
#include "validator/round_record.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace assay::validator {

/// A round whose answers are all in, scored and on disk.
struct FinishedRound {
  RoundRecord record;
  /// The JSON body that all its miners were sent.
  std::shared_ptr<const std::string> request;
  /// Of the validator.
  scoring::Uid own_uid = 0;
};

struct ExportStatus {
  /// `https://host`, without its path.
  std::string address = {};
  /// Why the last round was not taken; empty when it was.
  std::string problem = {};
  /// Since the start, in rounds.
  std::uint64_t num_sent = 0;
  std::uint64_t num_dropped = 0;
  /// Now.
  std::uint64_t num_queued = 0;
  std::optional<Timestamp> last_sent = std::nullopt;
};

/// Its trouble is its own: neither call can fail, and both return at once.
/// Threads: one thread at a time.
class RoundExport {
 public:
  virtual ~RoundExport() = default;
  RoundExport() = default;
  RoundExport(const RoundExport&) = delete;
  RoundExport& operator=(const RoundExport&) = delete;

  virtual void add(FinishedRound round) = 0;
  virtual ExportStatus status() const = 0;
};

}  // namespace assay::validator
