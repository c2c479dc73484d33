/// \file
/// Large values of some rows of a column, such as images, without the pages that hold them in
/// memory.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "tables/dataset.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::tables {

struct WideValueOptions {
  /// A dotted path, of texts or binary values of variable length.
  std::string leaf = {};
  /// A longer value is refused.
  ByteCount max_value_size{std::uint64_t{256} << 20};
};

/// Gets the value of a row, or nothing when it is null. Lifetime: of the view: of the call.
using OnWideValue = std::function<Status(std::uint64_t row, std::optional<std::string_view>)>;

enum class WideRead : std::uint8_t {
  kDone,
  /// The file is not of the form that this reads: packed by something else than Snappy, or another
  /// type. Nothing was read; LeafScan reads it.
  kUnsuited,
};

/// Read the values of `rows`, which ascend, each below the number of rows of the file. Writers put
/// values into a dictionary until that is full, and it is full only when they look: one page may
/// hold all images of a row group. Here a page is gone through once, and what nobody asked for
/// passes by: it is not even read, but for what Snappy has packed.
///
/// Order:  by row group; within one those of a dictionary come last.
/// Cost:   one value, the codes of a page and 512 KiB in memory, of a remote file 5 MiB.
/// Errors: those of LeafScan::open() and LeafBatch::column(), and of `on_value`; kExhausted also
///         for a value over the limit.
Result<WideRead> read_wide_values(const DatasetSources& sources, const std::string& address,
                                  const WideValueOptions& options,
                                  std::span<const std::uint64_t> rows, const OnWideValue& on_value,
                                  const std::stop_token& stop);

}  // namespace assay::tables
