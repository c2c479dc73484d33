/// \file
/// Reads the bytes of one journal file in order, and tells a torn tail from damage.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assay::files {

struct JournalEntry {
  enum class Kind {
    kRecord,
    kMark,
    kEnd,
    kBad,  ///< Nothing that a journal holds: a torn tail, or damage.
  };
  Kind kind = Kind::kBad;
  std::size_t size = 0;  ///< With its prefix.
  std::span<const std::byte> payload = {};
};

enum class JournalHeader {
  kGood,
  kUnfinished,  ///< The file was being made: nothing was ever promised in it.
};

/// Threads: one thread at a time. Errors: those of File::read_at(), and those named below.
class JournalReader {
 public:
  /// `file` outlives this; `name` is for messages.
  JournalReader(const File& file, std::string name) : file_(&file), name_(std::move(name)) {}

  /// Errors: also kInvalidInput (not a journal, or of a later version), kCorrupt.
  Result<JournalHeader> read_header();
  /// Read the entry at position() and move behind it, unless it is kEnd or kBad. A payload is valid
  /// until the next call.
  Result<JournalEntry> next();
  /// Where the next entry begins.
  std::uint64_t position() const { return position_; }
  /// Look at the bad entry at position(): success when nothing behind it was ever synced, so that
  /// it can be cut. Errors: also kCorrupt when it was.
  Status check_that_the_tail_is_torn();
  /// kCorrupt, for the entry at position().
  Error damage() const;

 private:
  Result<std::span<const std::byte>> at(std::uint64_t offset, std::size_t length);
  Result<bool> has_mark_behind(std::uint64_t offset);

  const File* file_;
  std::string name_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> window_;
  std::uint64_t window_start_ = 0;
  bool window_at_end_ = false;
};

}  // namespace assay::files
