/// \file
/// Verdicts of a run that is not finished, kept so that a kill loses none, and of one that left
/// something open, kept so that the next run asks only that: hashes, never names.
/// Format: docs/formats/verdict-journal.md.

#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"
#include "files/journal.h"
#include "storage/existence.h"

#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <unordered_map>

namespace assay::audit {

/// A digest is as good as random: its first bytes spread well.
struct Sha256Hash {
  std::size_t operator()(const Sha256& digest) const {
    std::size_t bits = 0;
    std::memcpy(&bits, digest.bytes().data(), sizeof bits);
    return bits;
  }
};

using VerdictsByKey = std::unordered_map<Sha256, storage::ExistenceVerdict, Sha256Hash>;

/// Holds present, absent and denied. An object whose verdict is unknown is asked again; a denied
/// one is once its run has come to its end, because by then the rights may have changed. Threads:
/// one thread at a time. Errors: those of files::Journal; each names the file.
class VerdictJournal {
 public:
  /// A journal that nothing was added to for so long is not gone on with: its verdicts are stale.
  static constexpr auto kMaxAge = std::chrono::hours(24);

  /// Open or make the journal. What an unfinished run of the same `fingerprint` left is in found();
  /// the journal of any other run, or of one too long ago, is begun anew.
  /// Errors: also kCorrupt (a record that this program cannot have written).
  static Result<VerdictJournal> open(files::FileSystem& file_system,
                                     const std::filesystem::path& path, const Sha256& fingerprint,
                                     Clock& clock);

  const VerdictsByKey& found() const { return found_; }
  /// Found and recorded ones.
  std::size_t num_verdicts() const { return num_verdicts_; }

  /// Add a verdict. On return it survives a kill of the process, and within some seconds a loss of
  /// power.
  Status record(const Sha256& key, const storage::ExistenceVerdict& verdict);
  /// The run has come to its end and left something open: keep what the next one need not ask.
  Status close_run();
  /// Remove it: nothing is open.
  Status retire();

 private:
  VerdictJournal(files::Journal journal, Clock& clock, VerdictsByKey found);

  files::Journal journal_;
  Clock* clock_;
  VerdictsByKey found_;
  std::size_t num_verdicts_;
  std::chrono::nanoseconds synced_at_;
};

}  // namespace assay::audit
