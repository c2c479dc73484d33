/// \file
/// Fuzzes the CSV reader: summaries and reports as others may have edited them.

#include "core/check.h"
#include "core/limits.h"
#include "files/byte_source.h"
#include "fuzz_target.h"
#include "tables/csv_reader.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

FUZZ_TARGET(csv) {
  using assay::tables::CsvReader;
  using assay::tables::QuotedNewlines;
  const auto source = assay::files::memory_byte_source(
      "fuzz.csv", std::string(reinterpret_cast<const char*>(data), size));
  for (const auto newlines : {QuotedNewlines::kUnified, QuotedNewlines::kKept}) {
    auto reader = CsvReader::open(*source, {.quoted_newlines = newlines});
    if (!reader) continue;
    std::size_t num_bytes = 0;
    for (auto more = reader->next_row(); more && *more; more = reader->next_row()) {
      for (std::size_t column = 0; column < reader->header().size(); ++column) {
        const auto cell = reader->cell(column);
        if (!cell) continue;
        for (const char character : *cell)
          CHECK(newlines == QuotedNewlines::kKept || character != '\r', "CR became LF");
        num_bytes += cell->size();
      }
    }
    CHECK(num_bytes <= size, "cells hold no more than the file");
  }
  return 0;
}
