/// \file
/// What the notes in `journal/quarantine/` of a data folder say is lost.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "files/journal_damage.h"

#include <filesystem>
#include <string>
#include <vector>

namespace assay::record_files {

struct DamageNote {
  std::filesystem::path path;  ///< Relative to the data folder.
  /// A note that is damaged itself says so in `reason`, and nothing else.
  files::JournalDamage damage;

  /// `events 17 to 21 are lost: <reason>`, in one line.
  std::string to_text() const;
};

/// Order: by name. Errors: kDenied, kUnavailable.
Result<std::vector<DamageNote>> read_damage_notes(files::FileSystem& file_system,
                                                  const std::filesystem::path& data_folder);

}  // namespace assay::record_files
