/// \file
/// One project from its archive to its database of predictions.

#pragma once

#include "archives/entry_source.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/sha256.h"
#include "decisions/decision_database.h"
#include "embedding/embed_images.h"
#include "embedding/image_embedder.h"
#include "embedding/run_journal.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"
#include "grouping/group_id.h"
#include "grouping/grouping.h"
#include "predict/data_tree.h"
#include "predict/decide.h"
#include "predict/run_log.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace assay::predict {

/// What all projects of a batch are worked on with. Lifetime: all of it outlives the work.
struct ProjectTools {
  files::FileSystem& file_system;
  Clock& clock;
  embedding_store::EmbeddingStore& store;
  embedding_store::KnownImages& known;
  const embedding::ImageEmbedder& embedder;
  Heads heads;
  /// Named to the store.
  Sha256 variant;
};

struct ProjectReport;

struct ProjectOptions {
  std::string project;
  std::filesystem::path source;
  DataTree tree = DataTree("data");
  grouping::GroupingOptions grouping = {};
  grouping::GroupIdForm group_id_form = grouping::GroupIdForm::kStable;
  embedding::EmbedImagesOptions embedding = {};
  DecideOptions decide = {};
  decisions::ExistingResult existing = decisions::ExistingResult::kRefuse;
  /// Who predicts, with what: times, source and fingerprint are filled in.
  decisions::RunRecord run = {};
  /// Called when all is decided, with the database that is about to appear; when it fails, none
  /// does.
  std::function<Status(const ProjectReport&)> before_publishing = {};
};

/// Told once, before anything is read, and then after each batch. One call at a time.
struct ProjectProgress {
  std::uint64_t num_images = 0;
  /// Nothing to do for them: an earlier run did, or another entry of the same path counts.
  std::uint64_t num_before = 0;
  std::uint64_t num_resumed = 0;  ///< Of them, embedded by an earlier run.
  /// Of this run so far.
  embedding::EmbeddingFigures figures = {};
};
using OnProjectProgress = std::function<void(const ProjectProgress&)>;

struct ProjectReport {
  ImageCounts images;
  embedding::EmbeddingFigures figures;
  std::uint64_t num_resumed = 0;  ///< Images that an earlier run had embedded.
  /// Why images have no embedding: the words of their outcomes and verdicts, and how many.
  std::map<std::string, std::uint64_t> failures;
  /// Groups without a readable image, which the table has no row for.
  std::uint64_t num_unreadable_groups = 0;
  /// Nothing for one shard of several: the database needs the others' images too.
  std::optional<std::filesystem::path> database;
  /// Where the database that it replaced is kept.
  std::optional<std::filesystem::path> backup = std::nullopt;
};

/// Why no image of a source can be read, with how many for which verdict; empty when one can, and
/// when there is none.
std::string why_unreadable(const archives::EntrySource& source);

/// Embed what is not yet, group, decide, and publish the database. A run that was stopped or killed
/// goes on with the next image. An image that cannot be read is left out of its group's choice and
/// listed with the reason.
///
/// Errors: kNotFound, kDenied, kInvalidInput and kCorrupt of the source (also when none of its
///         images can be read); kCancelled; kNoSpace,
///         kUnavailable; and those of embed_images() and DecisionDatabase.
Result<ProjectReport> run_project(const ProjectTools& tools, const ProjectOptions& options,
                                  const OnProjectProgress& on_progress,
                                  const std::stop_token& stop = {});

}  // namespace assay::predict
