/// \file
/// Write a Parquet file of nested optional columns; it appears whole or not at all.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::tables {

enum class ColumnType : std::uint8_t {
  kBoolean,
  kInt32,
  kInt64,
  kDouble,
  kText,
  kBinary,
  kTimestamp,  ///< Microseconds in UTC, given as 64-bit integers.
  kFloatList,  ///< Lists of 32-bit floats, all of one length.
};

/// A leaf to write. Every part of the path is optional: a struct can be null as well as its field.
struct ColumnSpec {
  std::string path = {};  ///< Dotted; columns of one struct stand side by side.
  ColumnType type = ColumnType::kText;
  std::size_t list_length = 0;  ///< Of every list that is there; at least 1.
};

/// The values of one leaf in the rows of a row group.
struct ColumnData {
  /// For each row how many parts of the path are there: all of them for a value, none when the
  /// outermost is null. Empty: a value in every row.
  std::span<const std::int16_t> levels = {};
  /// Only the values that are there, in the order of the rows; of the type of the column. Those of
  /// lists one after the other.
  std::variant<std::span<const bool>, std::span<const std::int32_t>, std::span<const std::int64_t>,
               std::span<const double>, std::span<const float>, std::span<const std::string_view>>
      values = {};
};

enum class Codec : std::uint8_t { kNone, kSnappy, kZstd };

struct ParquetWriterOptions {
  Codec codec = Codec::kSnappy;
  /// Columns (paths) that are written without a dictionary: values that are all different.
  std::vector<std::string> plain_columns = {};
};

/// Threads: one thread at a time.
/// Errors: kNoSpace, kDenied, kUnavailable; each names the file.
class ParquetWriter {
 public:
  /// Errors: also kInvalidInput (no columns, a struct in two places, or a list without a length).
  static Result<ParquetWriter> create(files::FileSystem& file_system,
                                      const std::filesystem::path& target,
                                      std::span<const ColumnSpec> columns,
                                      const ParquetWriterOptions& options = {});

  ParquetWriter(ParquetWriter&&) noexcept;
  ParquetWriter& operator=(ParquetWriter&&) = delete;
  /// Without finish() the target stays as it was.
  ~ParquetWriter();

  /// Write a row group. Pre: one element for each column, each of `num_rows` rows.
  Status write_row_group(std::size_t num_rows, std::span<const ColumnData> columns);
  /// Write the footer and publish the file. Nothing may follow.
  Status finish();

 private:
  class Implementation;
  explicit ParquetWriter(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace assay::tables
