/// \file
/// Generations that finished so long ago that the recorder has forgotten them, found in its files.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "record_reading/id_index.h"
#include "records/known_generation.h"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

namespace assay::recorder {

/// Threads: all calls are safe from any thread; they wait for each other.
class FinishedLookup {
 public:
  FinishedLookup(files::FileSystem& file_system, std::filesystem::path folder,
                 const record_reading::IdIndexOptions& options = {});

  /// What the files say of a generation, with the feedback that came last; nothing when no file
  /// has its record. Cost: as IdIndex::find_last() for each file.
  /// Errors: those of open_history() and IdIndex.
  Result<std::optional<records::KnownGeneration>> find(const std::string& generation_id);

 private:
  Result<std::optional<records::KnownGeneration>> find_record(const std::string& generation_id);
  Status add_late_feedback(records::KnownGeneration& known);

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  std::mutex mutex_;  // guards index_ and its files
  record_reading::IdIndex index_;
};

}  // namespace assay::recorder
