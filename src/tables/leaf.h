/// \file
/// A leaf column of nested Parquet: what type it is of, and its values in a batch of rows.

#pragma once

#include "core/timestamp.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay::tables {

/// What is found in a file under a dotted path.
enum class LeafKind {
  kAbsent,  ///< No such column.
  kBoolean,
  kText,       ///< Declared as text; the bytes are not checked to be UTF-8.
  kBinary,     ///< Bytes of any kind, of fixed or variable length.
  kInteger,    ///< Of 8 to 64 bits.
  kTimestamp,  ///< Of any unit.
  kReal,       ///< Floating point of 32 or 64 bits.
  kOther,      ///< A scalar of another type (float16, date, decimal): values are not read.
  kRepeated,   ///< In or at a list or map: values are not read.
  kGroup,      ///< A struct: ask for one of its fields.
};

/// For messages: `text`, `a list or map`.
std::string_view to_string(LeafKind kind);

struct LeafInfo {
  LeafKind kind = LeafKind::kAbsent;
  /// As for people: `string`, `int32`, `timestamp[us, UTC]`; empty when absent.
  std::string type;
  /// Integers of 64 bits whose values are to be read as unsigned.
  bool is_unsigned = false;
  /// The same in every row: from a folder name, not from the file.
  bool is_constant = false;
};

/// The values of one leaf in the rows of a batch; every row has its place, null or not.
/// Only the span that belongs to the kind is filled, and none for kinds that have no values.
/// Lifetime: all views hold until the callback that got the batch returns.
struct LeafColumn {
  static constexpr std::uint8_t kFalse = 0;
  static constexpr std::uint8_t kTrue = 1;
  static constexpr std::uint8_t kNull = 2;
  static constexpr std::int32_t kNullCode = -1;

  LeafKind kind = LeafKind::kAbsent;
  /// kBoolean: kFalse, kTrue or kNull.
  std::span<const std::uint8_t> booleans = {};
  /// kInteger: the value; kTimestamp: microseconds since 1970 in UTC. See `valid`.
  std::span<const std::int64_t> integers = {};
  /// kReal. See `valid`.
  std::span<const double> reals = {};
  /// For `integers` and `reals`: 1 where there is a value. Empty: everywhere.
  std::span<const std::uint8_t> valid = {};
  /// kText and kBinary, when the chunk has no dictionary: data() is null where the row is null.
  std::span<const std::string_view> texts = {};
  /// kText and kBinary, when the whole column chunk is dictionary-encoded: an index into
  /// `dictionary`, kNullCode where the row is null. The codes were checked against its size.
  std::span<const std::int32_t> codes = {};
  /// The same for every batch of a row group; entries may be equal to each other.
  std::span<const std::string_view> dictionary = {};
  /// Whether `codes` is in use in place of `texts`.
  bool has_dictionary = false;

  /// The row's value; nothing when it is null or of another kind.
  std::optional<bool> boolean(std::size_t row) const {
    if (kind != LeafKind::kBoolean || booleans[row] == kNull) return std::nullopt;
    return booleans[row] == kTrue;
  }
  std::optional<std::int64_t> integer(std::size_t row) const {
    if (kind != LeafKind::kInteger || !is_valid(row)) return std::nullopt;
    return integers[row];
  }
  std::optional<Timestamp> timestamp(std::size_t row) const {
    if (kind != LeafKind::kTimestamp || !is_valid(row)) return std::nullopt;
    return Timestamp(std::chrono::microseconds(integers[row]));
  }
  std::optional<double> real(std::size_t row) const {
    if (kind != LeafKind::kReal || !is_valid(row)) return std::nullopt;
    return reals[row];
  }
  /// Text or binary. Lifetime: as the column's.
  std::optional<std::string_view> text(std::size_t row) const {
    if (has_dictionary) {
      if (codes[row] == kNullCode) return std::nullopt;
      return dictionary[static_cast<std::size_t>(codes[row])];
    }
    if (texts.empty() || texts[row].data() == nullptr) return std::nullopt;
    return texts[row];
  }

 private:
  bool is_valid(std::size_t row) const { return valid.empty() || valid[row] != 0; }
};

}  // namespace assay::tables
