/// \file
/// What a journal has lost, and the notes about it that stay in its folder.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay::files {

/// Records that were acknowledged once and cannot be read any more: so many of those with these
/// numbers. Where the damage took the lengths away, how many is known within bounds only.
struct LostRecords {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t num_at_least = 0;
  std::uint64_t num_at_most = 0;
  bool operator==(const LostRecords&) const = default;
};

/// One thing that was found wrong while a journal was opened.
struct JournalDamage {
  std::string segment;             ///< The file's name; empty when a file is missing.
  std::string reason;              ///< For people.
  std::uint64_t num_salvaged = 0;  ///< Records of that file that could be read.
  std::vector<LostRecords> lost;   ///< In order; empty when every record could be read.
  bool operator==(const JournalDamage&) const = default;
};

/// The folder, in that of the journal, for damaged segments and the notes beside them.
inline constexpr std::string_view kJournalQuarantine = "quarantine";

/// `17 to 21, at most 3 of 40 to 60`; empty for none.
std::string to_text(const std::vector<LostRecords>& lost);

/// Put a note about `damage` into the quarantine of the journal in `folder`, whole or not at all;
/// one of the same name is replaced. Format: docs/formats/journal.md.
/// Errors: kNoSpace, kDenied, kUnavailable.
Status write_damage_note(FileSystem& file_system, const std::filesystem::path& folder,
                         std::string_view name, const JournalDamage& damage);

/// The notes there, by their paths. Order: by name. Errors: kDenied, kUnavailable.
Result<std::vector<std::filesystem::path>> list_damage_notes(FileSystem& file_system,
                                                             const std::filesystem::path& folder);

}  // namespace assay::files
