/// \file
/// Copy a Parquet file, replacing texts on the way: same schema, same row groups.

#pragma once

#include "core/result.h"
#include "tables/dataset.h"
#include "tables/leaf.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tables {

/// A leaf of a file. Within lists and maps the path has the file's own names (`tags.list.element`).
struct LeafPath {
  std::string path;
  /// The type of its values; not kRepeated, even when it lies within a list.
  LeafInfo info;

  /// Whether the values are text or bytes of any length, which can be replaced.
  bool is_replaceable() const;
};

/// All leaves of a file, in the order of the file, for a choice among them.
/// Errors: as LeafScan::open().
Result<std::vector<LeafPath>> list_leaves(const DatasetSources& sources,
                                          const std::string& address);

struct RewriteOptions {
  /// Paths as list_leaves() gives them.
  std::vector<std::string> leaves = {};
  /// The new value in place of one that is not null. One thread at a time.
  std::function<std::string(std::string_view)> replace = {};
};

struct RewriteSummary {
  std::uint64_t num_rows = 0;
  std::uint64_t num_replaced = 0;  ///< Values given to `replace`.
};

/// Write a copy of the file at `address` to `target`. Reads a page and writes a column chunk at a
/// time; statistics are made anew, from the new values.
/// Errors: those of reading as LeafScan; kInvalidInput (a leaf that is absent or not replaceable);
///         kNoSpace, kDenied, kUnavailable of writing; kCancelled. The target then stays as it was.
Result<RewriteSummary> rewrite_parquet(const DatasetSources& sources, const std::string& address,
                                       const std::filesystem::path& target,
                                       const RewriteOptions& options, const std::stop_token& stop);

}  // namespace assay::tables
