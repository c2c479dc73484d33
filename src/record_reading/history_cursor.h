/// \file
/// Reads the records of a data folder for whoever wants to stop in between.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "record_reading/history_reader.h"

#include <filesystem>
#include <memory>

namespace assay::record_reading {

/// What read_history() hands over, a block of lines at a time, on the caller's thread.
/// Threads: one thread at a time.
/// Errors: those of read_history().
class HistoryCursor {
 public:
  /// `options.num_threads` means nothing here. Lifetime: `file_system` outlives the cursor.
  static Result<HistoryCursor> open(files::FileSystem& file_system,
                                    const std::filesystem::path& folder, ReadOptions options);
  HistoryCursor(HistoryCursor&&) noexcept;
  HistoryCursor& operator=(HistoryCursor&&) noexcept;
  ~HistoryCursor();

  /// Call `on_record`, as worker 0, for the records of the next lines, about a MiB of them; false
  /// at the end. Pre: no call has failed before.
  Result<bool> next(const OnRecord& on_record);
  /// Of the lines read so far.
  LineCounts counts() const;

 private:
  struct State;
  explicit HistoryCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::record_reading
