/// \file
/// Events that a killed recorder left in its journal, and that no reader of the files sees.

#pragma once

#include "files/file_system.h"

#include <filesystem>
#include <string>

namespace assay::history {

/// One line about the events that wait in the journal of `folder`, and what to do; empty when there
/// are none, or when it cannot be told. Cost: that of reading the journal behind its checkpoint.
std::string waiting_events_text(files::FileSystem& file_system,
                                const std::filesystem::path& folder);

}  // namespace assay::history
