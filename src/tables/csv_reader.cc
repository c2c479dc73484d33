#include "tables/csv_reader.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "tables/utf8_scan_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

// The grammar is the one of Python's csv module with its default dialect, run over text whose line
// ends were already made LF. What is particular to it: a quote counts only as the first character
// of a field; after a closing quote further characters belong to the field as they are; an unclosed
// quote takes in everything up to the end of the file, and that is no error.

namespace assay::tables {
namespace {

constexpr std::size_t kBufferSize = 64 << 10;

bool is_special(char character) {
  return character == ',' || character == '"' || character == '\n' || character == '\r';
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

}  // namespace

struct CsvReader::State {
  State(const files::ByteSource& the_source, const CsvReaderOptions& the_options)
      : source(&the_source), options(the_options), buffer(kBufferSize, '\0') {}

  enum class Where { kStartOfRecord, kStartOfField, kInField, kInQuotes, kAfterQuote };

  const files::ByteSource* source;
  CsvReaderOptions options;

  std::string buffer;
  std::size_t position = 0;       // of the next byte in the buffer
  std::size_t end = 0;            // of what may be read of it
  std::uint64_t next_offset = 0;  // in the source, of the first byte not yet in the buffer
  bool is_at_end = false;
  Utf8Scan utf8;
  std::optional<std::uint64_t> wrong_byte;  // offset in the source of what ends the text too early
  bool skips_line_feed = false;             // the last character was a CR

  // One row: the cells' text in one string, and where each ends.
  std::string text;
  std::vector<std::size_t> ends;
  std::size_t num_cells = 0;  // with those beyond the header, which are not kept
  std::size_t cell_start = 0;
  std::size_t cell_characters = 0;  // of the cell being read
  std::size_t max_cells = kMaxCsvColumns + 1;
  bool is_header_read = false;

  std::vector<std::string> header;
  std::uint64_t row_number = 0;
  std::uint64_t line_number = 1;  // of the next character
  std::uint64_t row_line = 1;     // where the current row began

  Result<bool> fill();
  Result<bool> read_record();
  Status add(std::string_view part);
  void end_cell();
  std::string where() const {
    if (!is_header_read) return "header";
    return fmt::format("row {} (line {})", row_number, row_line);
  }
  Error within_row(Error error) const {
    return std::move(error).within(fmt::format("{}: {}", source->name(), where()));
  }
  Result<bool> end_of_text(Where where_it_ends);
  Status step(Where& where, char character);
  Status take_run(Where where);
};

/// Have something to read in the buffer; false at the end of the text.
Result<bool> CsvReader::State::fill() {
  while (position == end) {
    if (wrong_byte) {
      return within_row(
          corrupt(fmt::format("byte {} is not UTF-8; save the file as UTF-8 and try "
                              "again",
                              *wrong_byte)));
    }
    if (is_at_end) return false;
    const bool is_first = next_offset == 0;
    ASSIGN_OR_RETURN(const std::size_t got,
                     source->read_at(next_offset, std::as_writable_bytes(std::span(buffer))));
    is_at_end = got < buffer.size();
    position = 0;
    end = got;
    const std::size_t wrong = utf8.find_wrong_byte(std::string_view(buffer.data(), got));
    if (wrong != Utf8Scan::kNone) {
      wrong_byte = next_offset + wrong;
      end = wrong;
    } else if (is_at_end && utf8.is_inside_character()) {
      wrong_byte = next_offset + got;
    }
    next_offset += got;
    if (is_first && std::string_view(buffer.data(), end).starts_with(kByteOrderMark)) {
      position = kByteOrderMark.size();
    }
  }
  return true;
}

Status CsvReader::State::add(std::string_view part) {
  text.append(part);
  cell_characters += count_characters(part);
  if (cell_characters > kMaxCsvFieldSize) {
    return within_row(
        exhausted(fmt::format("field {} has more than {} characters; is a quote left open?",
                              num_cells + 1, kMaxCsvFieldSize)));
  }
  return {};
}

void CsvReader::State::end_cell() {
  ++num_cells;
  if (num_cells <= max_cells) {
    ends.push_back(text.size());
  } else {
    text.resize(cell_start);
  }
  cell_start = text.size();
  cell_characters = 0;
}

/// Add the plain characters from here to the next special one.
Status CsvReader::State::take_run(Where where) {
  const char* const begin = buffer.data() + position;
  const char* const stop =
      where == Where::kInQuotes
          ? std::find_if(begin, static_cast<const char*>(buffer.data() + end),
                         [](char c) { return c == '"' || c == '\r' || c == '\n'; })
          : std::find_if(begin, static_cast<const char*>(buffer.data() + end), is_special);
  const auto size = static_cast<std::size_t>(stop - begin);
  RETURN_IF_ERROR(add(std::string_view(begin, size)));
  position += size;
  return {};
}

/// A quote, or a comma outside quotes.
Status CsvReader::State::step(Where& where, char character) {
  if (character == ',') {
    end_cell();
    where = Where::kStartOfField;
    return {};
  }
  switch (where) {
    case Where::kStartOfRecord:
    case Where::kStartOfField:
      where = Where::kInQuotes;
      return {};
    case Where::kInQuotes:
      where = Where::kAfterQuote;
      return {};
    case Where::kAfterQuote:
      where = Where::kInQuotes;
      return add("\"");
    case Where::kInField:
      return add("\"");
  }
  std::unreachable();
}

Result<bool> CsvReader::State::end_of_text(Where where) {
  if (where == Where::kStartOfRecord) return false;
  end_cell();
  return true;
}

/// Read one record into text and ends, which may have no cell: a blank line. False at the end.
Result<bool> CsvReader::State::read_record() {
  text.clear();
  ends.clear();
  num_cells = 0;
  cell_start = 0;
  cell_characters = 0;
  row_line = line_number;
  Where where = Where::kStartOfRecord;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_more, fill());
    if (!has_more) return end_of_text(where);
    const char character = buffer[position];
    if (std::exchange(skips_line_feed, false) && character == '\n') {
      ++position;
      // Only inside quotes are we still in the record that the CR belongs to.
      if (where == Where::kInQuotes && options.quoted_newlines == QuotedNewlines::kKept) {
        RETURN_IF_ERROR(add("\n"));
      }
      continue;
    }
    const bool is_quoted = where == Where::kInQuotes;
    if (character == '\n' || character == '\r') {
      ++position;
      ++line_number;
      skips_line_feed = character == '\r';
      if (is_quoted) {
        const bool is_kept = options.quoted_newlines == QuotedNewlines::kKept;
        RETURN_IF_ERROR(add(is_kept ? std::string_view(&character, 1) : "\n"));
        continue;
      }
      if (where != Where::kStartOfRecord) end_cell();
      return true;
    }
    if (character == '"' || (character == ',' && !is_quoted)) {
      ++position;
      RETURN_IF_ERROR(step(where, character));
      continue;
    }
    if (!is_quoted) where = Where::kInField;
    RETURN_IF_ERROR(take_run(where));
  }
}

CsvReader::CsvReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

Result<CsvReader> CsvReader::open(const files::ByteSource& source,
                                  const CsvReaderOptions& options) {
  auto state = std::make_unique<State>(source, options);
  RETURN_IF_ERROR(state->read_record());
  if (state->num_cells > kMaxCsvColumns) {
    return exhausted(fmt::format("{}: header: {} columns, at most {} are read; is this a CSV file?",
                                 source.name(), state->num_cells, kMaxCsvColumns));
  }
  std::size_t start = 0;
  for (const std::size_t stop : state->ends) {
    state->header.emplace_back(state->text, start, stop - start);
    start = stop;
  }
  state->max_cells = state->header.size();
  state->is_header_read = true;
  return CsvReader(std::move(state));
}

const std::vector<std::string>& CsvReader::header() const { return state_->header; }

std::optional<std::size_t> CsvReader::find_column(std::string_view name) const {
  for (std::size_t column = state_->header.size(); column > 0; --column) {
    if (state_->header[column - 1] == name) return column - 1;
  }
  return std::nullopt;
}

Result<bool> CsvReader::next_row() {
  ++state_->row_number;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_record, state_->read_record());
    if (!has_record) {
      --state_->row_number;
      return false;
    }
    if (state_->num_cells > 0) return true;
  }
}

std::optional<std::string_view> CsvReader::cell(std::size_t column) const {
  CHECK(column < state_->header.size(), "a cell beyond the header was asked for");
  if (column >= state_->ends.size()) return std::nullopt;
  const std::size_t start = column == 0 ? 0 : state_->ends[column - 1];
  return std::string_view(state_->text).substr(start, state_->ends[column] - start);
}

std::uint64_t CsvReader::row_number() const { return state_->row_number; }

std::string CsvReader::row_position() const { return state_->where(); }

}  // namespace assay::tables
