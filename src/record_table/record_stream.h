/// \file
/// The records of a data folder as batches of rows.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "record_reading/history_reader.h"
#include "record_table/column.h"
#include "record_table/record_columns.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace assay::record_table {

struct StreamOptions {
  std::vector<RecordColumn> columns = {};
  /// Only records of this instant or later.
  std::optional<Timestamp> since = std::nullopt;
  /// Rows of a batch; the last has fewer, and one whose texts are long.
  std::size_t max_rows = std::size_t{64} << 10;
  /// A batch ends with the row that brings its texts to this size.
  std::size_t max_text_bytes = std::size_t{64} << 20;
};

struct StreamCounts {
  record_reading::LineCounts lines = {};
  std::uint64_t num_wrong_type = 0;  ///< Values that their columns cannot hold: null there.
};

/// Reads as far as it is asked. Memory: a batch, and what records::read_history() needs.
/// Threads: one thread at a time.
/// Errors: those of records::read_history(); also kInternal (a call after a failure).
class RecordStream {
 public:
  /// Lifetime: `file_system` outlives the stream.
  static Result<RecordStream> open(files::FileSystem& file_system,
                                   const std::filesystem::path& folder,
                                   const StreamOptions& options);
  RecordStream(RecordStream&&) noexcept;
  RecordStream& operator=(RecordStream&&) noexcept;
  ~RecordStream();

  /// The next rows, one at least; nothing at the end.
  Result<std::optional<RecordBatch>> next();
  /// Of what was read so far.
  StreamCounts counts() const;

 private:
  struct State;
  explicit RecordStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::record_table
