/// \file
/// The header in front of each page of a column chunk.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace assay::tables {

/// As Parquet numbers them.
enum class PageKind : std::int32_t { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };

/// What it claims, not held against anything but its own types: nothing is below zero.
struct PageHeader {
  std::size_t header_size = 0;
  PageKind kind = PageKind::kData;
  std::uint64_t raw_size = 0;
  std::uint64_t stored_size = 0;  ///< In the file, without the header.
  std::uint64_t num_values = 0;   ///< Of data pages: rows, nulls included.
  std::int32_t encoding = 0;
  std::int32_t level_encoding = 3;
  /// Of kDataV2: of the levels, which stand in front and are never compressed.
  std::uint64_t definition_size = 0;
  std::uint64_t repetition_size = 0;
  bool is_compressed = true;
};

/// Read a header from the first bytes of a page; nothing: it is longer than `bytes`.
/// Errors: kCorrupt.
Result<std::optional<PageHeader>> parse_page_header(std::span<const std::byte> bytes);

}  // namespace assay::tables
