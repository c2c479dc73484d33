/// \file
/// What came when the record was written already, feedback above all: generation_feedback.jsonl.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "json/line_scan.h"
#include "record_reading/id_set.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>

namespace assay::record_reading {

/// The last feedback of each generation, as lines. Threads: immutable once read.
class LateFeedback {
 public:
  /// A file that is not there holds none; a line that is no feedback is passed over.
  /// Errors: kDenied, kUnavailable.
  static Result<LateFeedback> read(files::FileSystem& file_system,
                                   const std::filesystem::path& folder);

  bool is_empty() const { return places_.empty(); }
  /// The line, with padding behind it; empty when there is none.
  std::string_view find(const IdDigest& digest) const;

 private:
  struct Place {
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  std::string lines_;
  std::unordered_map<IdDigest, Place, IdDigestHash> places_;
};

/// Puts late feedback over that of a record. Threads: one thread at a time.
class FeedbackMerge {
 public:
  explicit FeedbackMerge(const LateFeedback& feedback);
  /// Put what came late over `fields`, a record's by RecordField. Whether feedback was among it: a
  /// line may also say only where the PLY file went in the end.
  bool apply(const IdDigest& digest, std::span<json::Field> fields);

 private:
  const LateFeedback* feedback_;
  json::LineScan scan_;
};

}  // namespace assay::record_reading
