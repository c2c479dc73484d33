/// \file
/// What is known of each file of a month, so that a reader opens only those it needs:
/// history_index.json. Format: docs/formats/history.md.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::record_files {

struct HistoryIndexEntry {
  /// Of the file that the rest is said of.
  ByteCount size;
  Timestamp modified;
  std::uint64_t num_lines = 0;
  /// Of the records whose time can be read; nothing when there is none.
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
};

/// By the path of a file in the data folder.
using HistoryIndex = std::map<std::string, HistoryIndexEntry>;

/// Whether the file is still the one that the entry speaks of.
bool is_current(const HistoryIndexEntry& entry, const files::FileInfo& info);

/// An index that is absent, damaged or of a later version is empty. Errors: kDenied, kUnavailable.
Result<HistoryIndex> read_history_index(files::FileSystem& file_system,
                                        const std::filesystem::path& folder);

/// Read the files of months that changed since the index was made, and write it anew. A file that
/// cannot be read, or changes meanwhile, has no entry.
/// Errors: kDenied, kNoSpace, kUnavailable, kCancelled. Without the index nothing is lost but time.
Status update_history_index(files::FileSystem& file_system, const std::filesystem::path& folder,
                            const std::stop_token& stop);

}  // namespace assay::record_files
