/// \file
/// The end of a project, at which two things must happen that no disk does in one step: its
/// database appears, and the logs tell of it. A note is written before the first and removed after
/// the second, so that what a run that dies leaves undone is done by the next one. Format:
/// docs/formats/predict-journal.md.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "predict/data_tree.h"
#include "predict/run_log.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay::predict {

/// Note what is to be logged once there is a database that holds the run `run_id`. It is on disk on
/// return. Errors: kDenied, kNoSpace, kUnavailable.
Status note_result(files::FileSystem& file_system, const DataTree& tree, std::string_view run_id,
                   const ProjectResult& result);

/// Remove the note: the logs tell of the project. Errors: kNotFound, kDenied, kUnavailable.
Status remove_note(files::FileSystem& file_system, const DataTree& tree, std::string_view project);

/// Remove the journals of a project and of its shards: once all is decided they say nothing any
/// more. Errors: kNotFound (no folder of journals), kDenied, kUnavailable.
Status remove_journals(files::FileSystem& file_system, const DataTree& tree,
                       std::string_view project);

/// Log what earlier runs have finished and did not come to log, and nothing twice. Returns the
/// projects. A note stays while a database that may be its own cannot be read.
/// Pre: no other run decides below the root. Errors: those of the logs; kDenied, kUnavailable.
Result<std::vector<std::string>> log_noted_results(files::FileSystem& file_system,
                                                   const DataTree& tree);

}  // namespace assay::predict
