/// \file
/// What became of each image of one project while it runs, so that a run that was killed goes on
/// with the next. Format: docs/formats/predict-journal.md.

#pragma once

#include "core/error.h"
#include "core/result.h"
#include "core/sha256.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"
#include "files/journal.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace assay::embedding {

/// What a journal is about. One of another project, source or way of embedding is of no use.
struct RunIdentity {
  std::string project;
  Sha256 source;   ///< The fingerprint of the archive or folder.
  Sha256 variant;  ///< id_of() the embeddings.

  bool operator==(const RunIdentity&) const = default;
};

/// What became of one image: its embedding is in the store, or why there is none.
struct ImageOutcome {
  std::string entry;
  /// Nothing for an image that could not be embedded.
  std::optional<embedding_store::KnownImage> embedded = std::nullopt;
  /// Of one that could not: a name in snake case, and words for a person.
  std::string error = {};
  std::string message = {};

  bool operator==(const ImageOutcome&) const = default;
};

enum class RunStart : std::uint8_t {
  kNew,
  kResumed,
  kOtherRun,  ///< The journal there was of another identity; it was begun anew.
  kDamaged,   ///< The one there could not be read; it was begun anew. The embeddings are safe.
};

/// Threads: one thread at a time.
/// Errors: kNoSpace, kDenied, kUnavailable.
class RunJournal {
 public:
  /// Open or make the journal at `path`, and read what an earlier run of this identity did.
  /// Errors: also kUnavailable when another run has it, kInvalidInput when the file is none.
  static Result<RunJournal> open(files::FileSystem& file_system, const std::filesystem::path& path,
                                 const RunIdentity& identity);

  RunStart start() const { return start_; }
  /// Of earlier runs, of an entry the last. Order: as they were added. Taken once.
  std::vector<ImageOutcome> take_done() { return std::move(done_); }

  /// Add an outcome; it lasts after sync(). An embedding is on disk before it stands here.
  Status add(const ImageOutcome& outcome);
  /// Return once all that was added is on disk.
  Status sync() { return journal_.sync(); }
  /// Remove the journal: the project is done.
  Status retire() { return journal_.retire(); }

 private:
  RunJournal(files::Journal journal, RunStart start, std::vector<ImageOutcome> done)
      : journal_(std::move(journal)), start_(start), done_(std::move(done)) {}

  files::Journal journal_;
  RunStart start_;
  std::vector<ImageOutcome> done_;
};

}  // namespace assay::embedding
