/// \file
/// What a Parquet file says about itself in its footer.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "tables/dataset.h"
#include "tables/leaf.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace assay::tables {

/// A column or a part of one. Order of a file's list: a struct, then its fields.
struct FieldDescription {
  std::string name;
  std::string path;       ///< Dotted, with the file's own names within lists and maps.
  std::size_t depth = 0;  ///< 0: a column of the table.
  LeafInfo info;
  bool is_leaf = false;  ///< What follows is of leaves only.
  std::string codec;     ///< `snappy`; several with commas when row groups differ.
  ByteCount compressed;
  ByteCount raw;
  std::uint64_t num_values = 0;  ///< Nulls included.
  /// Nothing when a row group does not say.
  std::optional<std::uint64_t> num_nulls;
  /// Of timestamps; nothing when a row group with values does not say.
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;

  /// Nothing when it is not known or there are no values.
  std::optional<float> null_share() const;
};

struct FileDescription {
  std::string name;
  ByteCount size;
  std::uint64_t num_rows = 0;
  std::size_t num_columns = 0;  ///< Of the table, a struct being one.
  std::size_t num_row_groups = 0;
  std::string written_by;
  ByteCount compressed;  ///< Of all columns.
  ByteCount raw;
  std::vector<FieldDescription> fields;
};

/// Read the footer of a file; no values are read.
/// Errors: as LeafScan::open().
Result<FileDescription> describe_file(const DatasetSources& sources, const std::string& address);

}  // namespace assay::tables
