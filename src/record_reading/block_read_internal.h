/// \file
/// One worker's part in reading a history: the lines of a block become records.

#pragma once

#include "record_reading/history_reader.h"
#include "record_reading/id_set.h"
#include "record_reading/late_feedback_internal.h"
#include "record_reading/line_blocks.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace assay::record_reading {

/// What becomes of records whose id stands twice.
enum class PassKind : std::uint8_t {
  kFirst,   ///< The one that is met first is handed over, the others noted.
  kLocate,  ///< Nothing is handed over: where the noted ids stand last is found out.
  kLast,    ///< The one that stands last is handed over.
};

/// Of one pass over the files, for all workers.
struct PassIds {
  PassKind kind = PassKind::kFirst;
  IdSet seen;
  ContestedIds* contested = nullptr;
};

/// Threads: one thread at a time.
class BlockRead {
 public:
  /// All of them outlive this.
  BlockRead(const ReadOptions& options, const LateFeedback& feedback, PassIds& ids,
            const OnRecord& on_record, unsigned worker);

  /// Hand over the records of `block`, whose first byte has the ordinal `ordinal`.
  /// Errors: those of `on_record`.
  Status read(const LineBlock& block, std::uint64_t ordinal);
  const LineCounts& counts() const { return counts_; }

 private:
  /// The id that a line will have, seen before it is read.
  struct Foreseen {
    const char* raw = nullptr;  ///< Where its opening quote stands; null for none.
    IdDigest digest = {};
    std::size_t hash = 0;
  };

  /// Of the line that `rest` begins with, where it has the recorder's form.
  Foreseen foresee(std::string_view rest) const;
  Status read_line(std::string_view line, std::uint64_t ordinal, const Foreseen& foreseen);
  /// Whether the line holds a record.
  bool count_verdict(json::LineVerdict verdict);
  /// Whether the record of this id at this place is the one that counts.
  bool is_the_one(const IdDigest& digest, std::size_t hash, std::uint64_t ordinal);
  void count_missing_sections();
  std::optional<Timestamp> read_time();

  const ReadOptions* options_;
  const OnRecord* on_record_;
  PassIds* ids_;
  bool has_late_feedback_;
  unsigned worker_;
  json::LineScan scan_;
  FeedbackMerge merge_;
  std::vector<json::Field> merged_;
  LineCounts counts_;
};

}  // namespace assay::record_reading
