/// \file
/// Chosen records of a history as training data: JSON lines, Parquet, or a tar of samples.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "history/export_split.h"
#include "record_reading/history_reader.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

enum class ExportFormat : std::uint8_t {
  kJsonLines,
  kParquet,
  kTar,  ///< A sample a record, as WebDataset reads them: its JSON, image and PLY file.
};

/// By the ending of the name: `.parquet`, `.tar`, and JSON lines for every other.
ExportFormat export_format_of(const std::filesystem::path& output);

enum class Rejected : std::uint8_t { kLeftOut, kIncluded };
enum class Duplicates : std::uint8_t {
  kKept,
  kDropped,  ///< Of records with one prompt (or prompt image) and task type the first stays.
};

/// A record passes a minimum when its value is a number that is not lower: one without a value, or
/// with a NaN, does not, also at a minimum of 0.
struct ExportFilter {
  std::optional<std::string> task_type = std::nullopt;
  std::optional<double> min_score = std::nullopt;
  std::optional<double> min_clip = std::nullopt;
  std::optional<std::int64_t> min_gaussians = std::nullopt;
  /// Records that no validator accepted, also those without an answer.
  Rejected rejected = Rejected::kLeftOut;
  std::optional<Timestamp> since = std::nullopt;
};

struct ExportOptions {
  std::filesystem::path output = {};
  ExportFormat format = ExportFormat::kJsonLines;
  ExportFilter filter = {};
  Duplicates duplicates = Duplicates::kKept;
  /// Empty for one output; else `FILE.ext` becomes `FILE.<part>.ext` for each.
  std::vector<SplitPart> split = {};
  /// Where images and PLY files of the exported records go, under their own relative paths.
  std::optional<std::filesystem::path> copy_folder = std::nullopt;
  /// At least 1. What is written does not depend on it.
  unsigned num_threads = 1;
};

struct ExportedPart {
  std::string name = {};  ///< Of the split; empty without one.
  std::filesystem::path path = {};
  std::uint64_t num_records = 0;
};

/// Images and PLY files that records name: those of the copies when files are copied, else those of
/// a tar's samples.
struct ExportedFiles {
  std::uint64_t num_written = 0;  ///< Copied, or put into a tar.
  std::uint64_t num_present = 0;  ///< Were at their place already, with the same size.
  /// Named by a record and not in the data folder, or with a path that leads out of it.
  std::uint64_t num_missing = 0;
};

struct ExportSummary {
  bool has_history = true;  ///< Whether there was any file of records to read.
  record_reading::LineCounts lines;
  std::uint64_t num_exported = 0;
  std::uint64_t num_filtered = 0;    ///< Read, and left out by the filter.
  std::uint64_t num_duplicates = 0;  ///< Passed the filter, and left out as duplicates.
  std::uint64_t num_too_deep = 0;    ///< Lost: JSON nested deeper than we write.
  std::vector<ExportedPart> parts;
  ExportedFiles files;
};

/// Write what passes the filter, in the order of the history. Each output appears whole or not at
/// all, and only when a record goes into it: without any, a file of that name stays as it is.
/// Memory: a few blocks a thread, whatever the size of the history; with duplicates dropped, some
/// 64 bytes a record more; of Parquet, the rows of a group. Errors: those of read_history() but for
/// an absent history; kNoSpace, kDenied, kInvalidInput (an
///         output that is a folder, or a file of the data folder).
Result<ExportSummary> export_history(files::FileSystem& file_system,
                                     const std::filesystem::path& data_folder,
                                     const ExportOptions& options, const std::stop_token& stop);

}  // namespace assay::history
