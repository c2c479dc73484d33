/// \file
/// CSV as Python's csv.DictReader reads it, row by row, without ever holding the file.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tables {

/// What becomes of a CRLF or CR inside quotes. Outside quotes CRLF, CR and LF all end a row.
enum class QuotedNewlines {
  kUnified,  ///< LF, as a file that Python opened in text mode.
  kKept,     ///< Itself, as our own files have it.
};

struct CsvReaderOptions {
  QuotedNewlines quoted_newlines = QuotedNewlines::kUnified;
};

/// Rows below a header, read in order.
///
/// The first line is the header, even a blank one; blank lines below it are skipped, a byte order
/// mark is skipped. A quote counts only at the start of a field; an unclosed one swallows the rest.
/// Cells beyond the header are ignored, those a short row lacks are absent.
///
/// Threads:  one thread at a time.
/// Lifetime: `source` outlives the reader; a cell is valid until the next next_row().
/// Cost:     one row of cells, and a buffer of 64 KiB.
/// Errors:   as ByteSource::read_at(); kCorrupt (not UTF-8; gives the byte and the row); kExhausted
///           (a field over kMaxCsvFieldSize characters, a header over kMaxCsvColumns cells). Each
///           names the source.
class CsvReader {
 public:
  /// Start and read the header.
  static Result<CsvReader> open(const files::ByteSource& source,
                                const CsvReaderOptions& options = {});

  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader();

  const std::vector<std::string>& header() const;
  /// The position of the last column of this name; nothing when there is none.
  std::optional<std::size_t> find_column(std::string_view name) const;

  /// Go to the next row; false at the end.
  Result<bool> next_row();
  /// The cell of the current row; nothing when the row is too short. Pre: a column of the header.
  std::optional<std::string_view> cell(std::size_t column) const;

  /// The current row, counted from 1 below the header.
  std::uint64_t row_number() const;
  /// Where the current row is, for messages: `row 3 (line 5)`.
  std::string row_position() const;

 private:
  struct State;
  explicit CsvReader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// Columns of a header. Our files have some ten; the bound keeps a wrong file from filling memory.
inline constexpr std::size_t kMaxCsvColumns = 16'384;

}  // namespace assay::tables
