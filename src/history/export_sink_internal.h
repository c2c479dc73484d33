/// \file
/// Where an export goes: one output of one format.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "history/export.h"
#include "history/export_record_internal.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace assay::history {

/// What every record of one export shares. Threads: one at a time, the one that writes a block.
struct ExportContext {
  files::FileSystem& file_system;
  std::filesystem::path data_folder;
  ExportedFiles copied = {};   ///< By copy_files().
  ExportedFiles samples = {};  ///< Parts of the samples of a tar.
};

/// One output while it is written. Several workers put records into a block each, and the blocks
/// are written in the order of the history. The file is made with the first record that is written;
/// destroyed without finish() this leaves what was there.
/// Errors: kNoSpace, kDenied, kUnavailable, kInvalidInput (a folder is in the way).
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  ExportSink() = default;
  ExportSink(const ExportSink&) = delete;
  ExportSink& operator=(const ExportSink&) = delete;

  /// Put a record into the block of `worker`. Errors: also kExhausted: this one cannot be written,
  /// and the block is as it was before. Threads: of different workers at once.
  virtual Status add(const records::RecordView& record, unsigned worker) = 0;
  /// Write the block of `worker` and empty it. `is_kept` has an element for each of its records: 0
  /// leaves it out. Threads: one call at a time.
  virtual Status write_block(unsigned worker, std::span<const std::uint8_t> is_kept) = 0;
  /// Publish the output. Nothing may follow.
  virtual Status finish() = 0;
};

/// Begin an output. Lifetime: `context` outlives it.
std::unique_ptr<ExportSink> make_sink(ExportContext& context, ExportFormat format,
                                      const std::filesystem::path& output, unsigned num_workers);
std::unique_ptr<ExportSink> make_json_lines(ExportContext& context,
                                            const std::filesystem::path& output,
                                            unsigned num_workers);
std::unique_ptr<ExportSink> make_parquet(ExportContext& context,
                                         const std::filesystem::path& output, unsigned num_workers);
std::unique_ptr<ExportSink> make_tar(ExportContext& context, const std::filesystem::path& output,
                                     unsigned num_workers);

}  // namespace assay::history
