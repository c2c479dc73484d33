/// \file
/// The files of the data folder that are derived from the journal.

#pragma once

#include "core/result.h"
#include "derivation/derived_file.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace assay::derivation {

inline constexpr std::string_view kHistoryName = "generation_history.jsonl";
inline constexpr std::string_view kFeedbackName = "generation_feedback.jsonl";
inline constexpr std::string_view kConfigName = "miner_config_history.jsonl";
inline constexpr std::string_view kPendingName = "pending_generations.json";

/// What the journal's events add to each file: lines in order, without LF.
struct DerivedLines {
  std::vector<std::string> history;
  std::vector<std::string> feedback;
  std::vector<std::string> config;

  std::uint64_t num_bytes() const;
  bool is_empty() const { return history.empty() && feedback.empty() && config.empty(); }
  /// Put `later` behind these.
  void take_in(DerivedLines later);
};

/// The derived files of one data folder, which follow its journal.
///
/// Errors: those of the file system; kCorrupt when a file does not hold what it must.
/// Threads: one thread at a time.
class Derivation {
 public:
  /// Bring all files into agreement with their anchors and the lines behind them.
  static Result<Derivation> open(files::FileSystem& file_system,
                                 const std::filesystem::path& folder,
                                 const std::map<std::string, DerivedAnchor>& anchors,
                                 const DerivedLines& lines);

  /// Append, and take what was written out of `lines`: after a failure the rest is in it.
  Status append(DerivedLines& lines);
  /// Replace pending_generations.json.
  Status write_pending(const std::string& json);
  /// Return once all is on disk, names too.
  Result<std::map<std::string, DerivedAnchor>> sync();

  /// The history's file is about to be replaced: see DerivedFile::release().
  void release_history() { history_.release(); }

  /// Over all files: see DerivedFile.
  Result<bool> is_in_place() const;
  Result<bool> is_as_anchored() const;

  const DerivedRecovery& history_recovery() const { return history_.recovery(); }
  /// Lines that were missing, over all files.
  std::uint64_t num_completed() const;
  /// Whether a file is not as the checkpoint knew it.
  bool was_changed() const;

 private:
  Derivation(files::FileSystem& file_system, std::filesystem::path folder, DerivedFile history,
             DerivedFile feedback, DerivedFile config)
      : file_system_(&file_system),
        folder_(std::move(folder)),
        history_(std::move(history)),
        feedback_(std::move(feedback)),
        config_(std::move(config)) {}

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  DerivedFile history_;
  DerivedFile feedback_;
  DerivedFile config_;
};

}  // namespace assay::derivation
