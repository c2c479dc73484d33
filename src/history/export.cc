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

// Whether several threads may make the lines. Which of two duplicates comes first, and whose files
// are copied, is known only in the order of the history; the other formats have no lines.
unsigned num_workers_for(const ExportOptions& options) {
  const bool is_line_by_line = options.format == ExportFormat::kJsonLines &&
                               options.duplicates == Duplicates::kKept && !options.copy_folder;
  return is_line_by_line ? std::max(options.num_threads, 1U) : 1U;
}

// The outputs of one export. An output is made with its first record.
class Exporter {
 public:
  Exporter(files::FileSystem& file_system, const fs::path& data_folder,
           const ExportOptions& options)
      : options_(options),
        context_{.file_system = file_system, .data_folder = data_folder},
        counts_(num_workers_for(options)) {
    if (options.split.empty()) {
      summary_.parts.push_back({.name = {}, .path = options.output});
    }
    for (const SplitPart& part : options.split) {
      summary_.parts.push_back({.name = part.name, .path = part_path(options.output, part.name)});
    }
    sinks_.resize(summary_.parts.size());
    for (Counts& counts : counts_) counts.records.resize(summary_.parts.size());
    if (options.format != ExportFormat::kJsonLines) return;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      const auto num_workers = static_cast<unsigned>(counts_.size());
      sinks_[i] = open_json_lines(context_, summary_.parts[i].path, num_workers);
    }
  }

  Status add(const records::RecordView& view, unsigned worker) {
    Counts& counts = counts_[worker];
    const ExportRecord record = export_record_of(view);
    if (!passes(record, options_.filter)) {
      ++counts.num_filtered;
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
    if (Status added = sinks_[part]->add(record, worker); !added) {
      if (added.error().code != ErrorCode::kExhausted) return added;
      ++counts.num_too_deep;
      return {};
    }
    if (options_.copy_folder) RETURN_IF_ERROR(copy_files(context_, record, *options_.copy_folder));
    ++counts.records[part];
    return {};
  }

  Status write_block(unsigned worker) {
    for (const auto& sink : sinks_) {
      if (sink != nullptr) RETURN_IF_ERROR(sink->write_block(worker));
    }
    return {};
  }

  Result<ExportSummary> finish(record_reading::LineCounts lines) {
    for (const Counts& counts : counts_) {
      summary_.num_filtered += counts.num_filtered;
      summary_.num_too_deep += counts.num_too_deep;
      for (std::size_t i = 0; i < sinks_.size(); ++i) {
        summary_.parts[i].num_records += counts.records[i];
        summary_.num_exported += counts.records[i];
      }
    }
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

  // Of one worker.
  struct alignas(64) Counts {
    std::vector<std::uint64_t> records;  // by output
    std::uint64_t num_filtered = 0;
    std::uint64_t num_too_deep = 0;
  };

  const ExportOptions& options_;
  ExportContext context_;
  ExportSummary summary_;  // its counts by finish() only, where workers have their own
  std::vector<Counts> counts_;
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
      return open_json_lines(context, output, 1);
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
  const auto lines = record_reading::read_history(
      file_system, data_folder,
      {.since = options.filter.since,
       .num_threads = num_workers_for(options),
       .fields = export_fields(),
       .start_over = start_over,
       .block_done = [&](unsigned worker) { return exporter->write_block(worker); }},
      [&](const records::RecordView& record, unsigned worker, std::uint64_t) {
        return exporter->add(record, worker);
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
