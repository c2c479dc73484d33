/// \file
/// A file of lines that replaces others once it is known to be good.

#pragma once

#include "compress/stream.h"
#include "crypto/digest.h"
#include "files/file_system.h"
#include "record_files/line_hash.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::rotation {

/// Writes lines to a file under a name of its own, and puts it in the place of its target when it
/// has read it back. Threads: one thread at a time.
/// Errors: kNoSpace, kDenied, kUnavailable.
class StagedLines {
 public:
  /// Begin; missing folders are made. By the target's name the lines are compressed.
  static Result<StagedLines> create(files::FileSystem& file_system, std::filesystem::path target);
  StagedLines(StagedLines&&) noexcept = default;
  StagedLines& operator=(StagedLines&&) = delete;
  /// Removes what was not published.
  ~StagedLines();

  Status add(std::string_view line);
  /// Write, sync, read back. Errors: also kCorrupt, kCancelled.
  Status verify(const std::stop_token& stop);
  /// Rename, and sync the folder. Pre: verified.
  Status publish();
  std::uint64_t num_lines() const { return num_lines_; }

 private:
  StagedLines(files::FileSystem& file_system, std::filesystem::path target,
              std::filesystem::path staging, std::unique_ptr<files::File> file);
  Status write_out();

  files::FileSystem* file_system_;
  std::filesystem::path target_;
  std::filesystem::path staging_;
  std::unique_ptr<files::File> file_;
  std::optional<compress::Compressor> compressor_;
  crypto::Sha256Hasher hasher_;
  std::string buffer_;
  std::uint64_t num_lines_ = 0;
};

/// One month: what its files hold, what comes from the current file, each line once. Of the lines
/// of an id the same one is the last as before.
class MonthMerge {
 public:
  /// Pre: `sources` are files of the month, in the order of readers, relative to `folder`; `target`
  /// too.
  MonthMerge(files::FileSystem& file_system, std::filesystem::path folder,
             std::filesystem::path target, std::vector<std::filesystem::path> sources);

  /// Take over the lines of the sources.
  /// Errors: also kCorrupt and kExhausted: a source cannot be read.
  Status begin(const std::stop_token& stop);
  /// Add a line of the current file, unless it is there and no other line of its `id`, which is
  /// empty when it has none, stands behind it. Errors: as StagedLines.
  Status add(std::string_view line, std::string_view id);
  /// Put the new file in place, then remove the sources. Errors: as StagedLines::verify.
  Status commit(const std::stop_token& stop);

  const std::filesystem::path& target() const { return target_; }
  /// The sources that are no longer there after commit().
  std::vector<std::filesystem::path> replaced() const;
  std::uint64_t num_moved() const { return num_moved_; }
  std::uint64_t num_duplicate() const { return num_duplicate_; }
  std::uint64_t num_lines() const { return staged_ == nullptr ? 0 : staged_->num_lines(); }
  /// Whether there is anything to write.
  bool has_changes() const { return num_moved_ > 0 || has_duplicates_ || !replaced().empty(); }

 private:
  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  std::filesystem::path target_;
  std::vector<std::filesystem::path> sources_;
  std::unique_ptr<StagedLines> staged_;  // from begin() on
  bool repeats(std::string_view line, std::string_view id);

  record_files::LineSet lines_;  // without an id
  std::unordered_map<record_files::LineHash, record_files::LineHash, record_files::LineHashHash>
      last_lines_;  // of each id
  std::uint64_t num_moved_ = 0;
  std::uint64_t num_duplicate_ = 0;
  bool has_duplicates_ = false;  // in the sources
};

}  // namespace assay::rotation
