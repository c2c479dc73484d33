/// \file
/// A made-up export of jobs in the shape of a real one: for the demo, tests and benchmarks.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace assay::tools {

struct ExportOptions {
  /// With exactly this number every template row is used once, so that the totals are fixed:
  /// 3,779 jobs without an image, of 59 miners, 29 of them suspect at ratio 0.5 and 50 missing.
  std::uint64_t num_rows = 7884;
  std::uint64_t seed = 20251027;
  std::size_t row_group_rows = 250'000;
  /// Draw the hotkeys from so many in place of the templates' 240.
  std::optional<std::uint64_t> num_hotkeys = std::nullopt;
  /// Where to list the claimed gs:// objects: bucket, name, size, MD5 in Base64 or a dash, and time
  /// of creation, with tabs between.
  std::optional<std::filesystem::path> objects = std::nullopt;
  /// The share of claimed objects that the list leaves out.
  double absent_share = 0.0;
  /// The share of claimed objects whose name makes the test server answer with a fault.
  double fault_share = 0.0;
};

/// Write the export. The same options give the same bytes.
/// Errors: kNoSpace, kDenied, kUnavailable, kInvalidInput (the target is a folder).
Status write_export(files::FileSystem& file_system, const std::filesystem::path& target,
                    const ExportOptions& options);

}  // namespace assay::tools
