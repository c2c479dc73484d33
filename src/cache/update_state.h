/// \file
/// What the updates of a cache remember: which rows of which files came, what failed, what is due.

#pragma once

#include "cache/layout.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cache {

/// A table of a data set.
struct TableState {
  std::string path = {};      ///< Within the data set, or on the disk.
  std::string identity = {};  ///< Of its content: another content has another one.
  std::uint64_t size_bytes = 0;
  std::string local = {};  ///< Its name in the folder of kept tables; empty: not there.
  std::optional<std::uint64_t> num_rows = {};  ///< Once it was opened.
  std::vector<std::uint64_t> taken = {};       ///< Rows that were looked at, ascending.
  /// Of a folder: the marks of the images in these rows, by which they are known in other rows.
  std::string marks = {};
  std::string refused = {};  ///< Why it is not used, as long as its content stays.

  bool is_used_up() const { return num_rows && taken.size() >= *num_rows; }
};

struct UpdateFailure {
  std::string cause = {};  ///< In snake case: `rate_limited`.
  std::string message = {};
  Timestamp at = {};
};

/// A data set that a cache is updated from.
struct UpdateSource {
  std::string name = {};  ///< `owner/name`, or a path.
  std::string commit = {};
  std::optional<Timestamp> last_attempt = {};
  std::optional<Timestamp> last_success = {};
  /// Before it nothing is asked.
  std::optional<Timestamp> next_due = {};
  std::uint64_t num_failures = 0;             ///< In a row.
  std::optional<UpdateFailure> failure = {};  ///< The last attempt's.
  std::vector<TableState> tables = {};
};

struct UpdateState {
  std::vector<UpdateSource> sources = {};

  /// The source of this name, which is made when there is none. Lifetime: until the next call.
  UpdateSource& source(std::string_view name);
};

/// Nothing is remembered when there is no such file, or it cannot be read as one: what came is
/// found again by its content. Errors: those of FileSystem but kNotFound.
Result<UpdateState> read_update_state(files::FileSystem& file_system, const CacheLayout& layout);
/// Errors: as FileSystem.
Status write_update_state(files::FileSystem& file_system, const CacheLayout& layout,
                          const UpdateState& state);

/// `0-5,9` of rows that ascend, and back. Errors: kInvalidInput.
std::string rows_text(const std::vector<std::uint64_t>& rows);
Result<std::vector<std::uint64_t>> parse_rows(std::string_view text);

}  // namespace assay::cache
