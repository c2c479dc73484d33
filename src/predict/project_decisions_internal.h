/// \file
/// The last step of a project: from the embeddings of its images to its database.

#pragma once

#include "archives/entry_source.h"
#include "predict/project_run.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace assay::predict {

/// What became of the image at a path; nothing for one that nobody looked at.
using FindOutcome = std::function<const embedding::ImageOutcome*(const std::string& path)>;

struct DecidedProject {
  std::uint64_t num_groups = 0;
  std::uint64_t num_ungrouped = 0;
  std::uint64_t num_unreadable_groups = 0;
  decisions::PublishedDatabase database;
};

/// Called before the database appears, with the path that it will have.
using BeforePublishing = std::function<Status(const DecidedProject&)>;

/// Group the images, decide each group, and write the database.
/// Errors: those of the store, of DecisionDatabase, of `before_publishing`, and kCorrupt when an
///         embedding that was there cannot be read any more: the next run makes it anew.
Result<DecidedProject> decide_project(const ProjectTools& tools, const ProjectOptions& options,
                                      const archives::EntrySource& source,
                                      const FindOutcome& find_outcome, decisions::RunRecord run,
                                      const BeforePublishing& before_publishing);

}  // namespace assay::predict
