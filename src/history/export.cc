#include "history/export.h"

#include "crypto/digest.h"
#include "history/export_files_internal.h"
#include "history/export_record_internal.h"
#include "history/export_sink_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

namespace assay::history {
namespace {

namespace fs = std::filesystem;
using records::RecordField;

// The outputs of one export. An output is made with its first record.
class Exporter {
 public:
  Exporter(files::FileSystem& file_system, const fs::path& data_folder,
           const ExportOptions& options)
      : options_(options), context_{.file_system = file_system, .data_folder = data_folder} {
    if (options.split.empty()) {
      summary_.parts.push_back({.name = {}, .path = options.output});
    }
    for (const SplitPart& part : options.split) {
      summary_.parts.push_back({.name = part.name, .path = part_path(options.output, part.name)});
    }
    sinks_.resize(summary_.parts.size());
  }

  Status add(const records::RecordView& view) {
    const ExportRecord record = export_record_of(view);
    if (!passes(record, options_.filter)) {
      ++summary_.num_filtered;
      return {};
    }
    std::size_t part = 0;
    if (options_.duplicates == Duplicates::kDropped || !options_.split.empty()) {
      const std::string key = prompt_key_of(view);
      if (is_duplicate(key, view)) {
        ++summary_.num_duplicates;
        return {};
      }
      if (!options_.split.empty()) part = part_of(crypto::sha256(key), options_.split);
    }
    if (sinks_[part] == nullptr) {
      ASSIGN_OR_RETURN(sinks_[part],
                       open_sink(context_, options_.format, summary_.parts[part].path));
    }
    if (Status added = sinks_[part]->add(record); !added) {
      if (added.error().code != ErrorCode::kExhausted) return added;
      ++summary_.num_too_deep;
      return {};
    }
    if (options_.copy_folder) RETURN_IF_ERROR(copy_files(context_, record, *options_.copy_folder));
    ++summary_.parts[part].num_records;
    ++summary_.num_exported;
    return {};
  }

  Result<ExportSummary> finish(record_reading::LineCounts lines) {
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      // One whose only records could not be written has none.
      if (summary_.parts[i].num_records > 0) RETURN_IF_ERROR(sinks_[i]->finish());
    }
    summary_.lines = lines;
    summary_.files = context_.files;
    return std::move(summary_);
  }

 private:
  bool is_duplicate(const std::string& key, const records::RecordView& view) {
    if (options_.duplicates == Duplicates::kKept) return false;
    const Sha256 hash =
        crypto::sha256(fmt::format("{}\n{}", text_of(view[RecordField::kTaskType]), key));
    Prefix prefix{};
    std::copy_n(hash.bytes().begin(), prefix.size(), prefix.begin());
    return !seen_.insert(prefix).second;
  }

  // Half a SHA-256: that two of a million differ and agree in it does not happen.
  using Prefix = std::array<std::byte, 16>;

  const ExportOptions& options_;
  ExportContext context_;
  ExportSummary summary_;
  std::vector<std::unique_ptr<ExportSink>> sinks_;
  std::set<Prefix> seen_;
};

}  // namespace

ExportFormat export_format_of(const fs::path& output) {
  if (output.extension() == ".parquet") return ExportFormat::kParquet;
  if (output.extension() == ".tar") return ExportFormat::kTar;
  return ExportFormat::kJsonLines;
}

Result<std::unique_ptr<ExportSink>> open_sink(ExportContext& context, ExportFormat format,
                                              const fs::path& output) {
  switch (format) {
    case ExportFormat::kJsonLines:
      return open_json_lines(context, output);
    case ExportFormat::kParquet:
      return open_parquet(context, output);
    case ExportFormat::kTar:
      return open_tar(context, output);
  }
  return internal("an ExportFormat outside its enumerators");
}

Result<ExportSummary> export_history(files::FileSystem& file_system, const fs::path& data_folder,
                                     const ExportOptions& options, const std::stop_token& stop) {
  auto exporter = std::make_unique<Exporter>(file_system, data_folder, options);
  const auto start_over = [&] {
    exporter.reset();  // first: what it has begun to write goes
    exporter = std::make_unique<Exporter>(file_system, data_folder, options);
  };
  // One worker: the order of the lines is that of the history.
  const auto lines = record_reading::read_history(
      file_system, data_folder,
      {.since = options.filter.since, .fields = export_fields(), .start_over = start_over},
      [&](const records::RecordView& record, unsigned, std::uint64_t) {
        return exporter->add(record);
      },
      stop);
  if (!lines && lines.error().code == ErrorCode::kNotFound) {
    ExportSummary summary;
    summary.has_history = false;
    return summary;
  }
  if (!lines) return lines.error();
  return exporter->finish(*lines);
}

}  // namespace assay::history
