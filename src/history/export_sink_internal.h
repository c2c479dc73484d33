/// \file
/// Where an export goes: one output of one format.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "history/export.h"
#include "history/export_record_internal.h"

#include <filesystem>
#include <memory>

namespace assay::history {

/// What every record of one export shares.
struct ExportContext {
  files::FileSystem& file_system;
  std::filesystem::path data_folder;
  ExportText text = {};
  ExportedFiles files = {};
};

/// One output while it is written. Destroyed without finish() it leaves what was there.
/// Errors: kNoSpace, kDenied, kUnavailable; kExhausted of add(): this record cannot be written, and
///         the output is as it was before.
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  ExportSink() = default;
  ExportSink(const ExportSink&) = delete;
  ExportSink& operator=(const ExportSink&) = delete;

  /// Of JSON lines each worker has its own: several may call at once.
  virtual Status add(const ExportRecord& record, unsigned worker) = 0;
  /// All that `worker` added may go out: those of earlier blocks are out. Threads: one call at a
  /// time.
  virtual Status write_block(unsigned /*worker*/) { return {}; }
  /// Publish the output. Nothing may follow.
  virtual Status finish() = 0;
};

/// Its file is made by the first write_block() that has something to write.
std::unique_ptr<ExportSink> open_json_lines(ExportContext& context,
                                            const std::filesystem::path& output,
                                            unsigned num_workers);

/// Start an output. Lifetime: `context` outlives it. Errors: as the files it makes.
Result<std::unique_ptr<ExportSink>> open_sink(ExportContext& context, ExportFormat format,
                                              const std::filesystem::path& output);
Result<std::unique_ptr<ExportSink>> open_parquet(ExportContext& context,
                                                 const std::filesystem::path& output);
Result<std::unique_ptr<ExportSink>> open_tar(ExportContext& context,
                                             const std::filesystem::path& output);

}  // namespace assay::history
