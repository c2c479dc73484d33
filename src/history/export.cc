#include "history/export.h"

#include "crypto/digest.h"
#include "history/export_files_internal.h"
#include "history/export_record_internal.h"
#include "history/export_sink_internal.h"
#include "record_files/data_folder.h"
#include "record_reading/id_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

namespace fs = std::filesystem;
using records::RecordField;

// The outputs of one export. Workers put records aside, a block at a time; what is known only in
// the order of the history, as which of two duplicates came first, is decided when a block is
// written.
class Exporter {
 public:
  Exporter(files::FileSystem& file_system, const fs::path& data_folder,
           const ExportOptions& options)
      : options_(options),
        context_{.file_system = file_system, .data_folder = data_folder},
        workers_(std::max(options.num_threads, 1U)) {
    if (options.split.empty()) {
      summary_.parts.push_back({.name = {}, .path = options.output});
    }
    for (const SplitPart& part : options.split) {
      summary_.parts.push_back({.name = part.name, .path = part_path(options.output, part.name)});
    }
    for (const ExportedPart& part : summary_.parts) {
      sinks_.push_back(
          make_sink(context_, options.format, part.path, static_cast<unsigned>(workers_.size())));
    }
    for (Worker& worker : workers_) worker.is_kept.resize(sinks_.size());
  }

  /// The history that is read would be replaced.
  Status check_outputs() const {
    for (const ExportedPart& part : summary_.parts) {
      RETURN_IF_ERROR(
          record_files::refuse_own_file(context_.file_system, context_.data_folder, part.path));
    }
    return {};
  }

  Status add(const records::RecordView& record, unsigned worker) {
    Worker& mine = workers_[worker];
    if (!passes(record, options_.filter)) {
      ++mine.num_filtered;
      return {};
    }
    Row row;
    if (options_.duplicates == Duplicates::kDropped || !options_.split.empty()) {
      const std::string key = prompt_key_of(record);
      if (options_.duplicates == Duplicates::kDropped) row.digest = digest_of(record, key);
      if (!options_.split.empty()) row.part = part_of(crypto::sha256(key), options_.split);
    }
    if (Status added = sinks_[row.part]->add(record, worker); !added) {
      if (added.error().code != ErrorCode::kExhausted) return added;
      ++mine.num_too_deep;
      return {};
    }
    if (options_.copy_folder) {
      for (const std::string_view named : named_files(record)) row.files.emplace_back(named);
    }
    mine.rows.push_back(std::move(row));
    return {};
  }

  Status write_block(unsigned worker) {
    Worker& mine = workers_[worker];
    for (const Row& row : mine.rows) {
      const bool is_kept =
          options_.duplicates == Duplicates::kKept || seen_.insert(row.digest).second;
      mine.is_kept[row.part].push_back(is_kept ? 1 : 0);
      if (!is_kept) {
        ++summary_.num_duplicates;
        continue;
      }
      ++summary_.parts[row.part].num_records;
      ++summary_.num_exported;
    }
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      RETURN_IF_ERROR(sinks_[i]->write_block(worker, mine.is_kept[i]));
    }
    if (options_.copy_folder) RETURN_IF_ERROR(copy_kept(mine, *options_.copy_folder));
    mine.rows.clear();
    for (auto& kept : mine.is_kept) kept.clear();
    return {};
  }

  Result<ExportSummary> finish(record_reading::LineCounts lines) {
    for (const Worker& worker : workers_) {
      summary_.num_filtered += worker.num_filtered;
      summary_.num_too_deep += worker.num_too_deep;
    }
    for (const auto& sink : sinks_) RETURN_IF_ERROR(sink->finish());
    summary_.lines = lines;
    summary_.files = options_.copy_folder ? context_.copied : context_.samples;
    return std::move(summary_);
  }

 private:
  // Half a SHA-256: that two of a million differ and agree in it does not happen.
  using Digest = record_reading::IdDigest;

  struct Row {
    std::size_t part = 0;
    Digest digest = {};  // where duplicates are dropped
    std::vector<std::string> files = {};
  };
  struct alignas(64) Worker {
    // Of its block:
    std::vector<Row> rows;
    std::vector<std::vector<std::uint8_t>> is_kept;  // by output
    // Of all its blocks:
    std::uint64_t num_filtered = 0;
    std::uint64_t num_too_deep = 0;
  };

  static Digest digest_of(const records::RecordView& view, const std::string& key) {
    const Sha256 hash =
        crypto::sha256(fmt::format("{}\n{}", text_of(view[RecordField::kTaskType]), key));
    std::array<std::uint64_t, 2> halves{};
    std::memcpy(halves.data(), hash.bytes().data(), sizeof halves);
    return {.high = halves[0], .low = halves[1]};
  }

  Status copy_kept(const Worker& mine, const fs::path& target) {
    std::vector<std::size_t> next(sinks_.size());
    for (const Row& row : mine.rows) {
      const bool is_kept = mine.is_kept[row.part][next[row.part]++] != 0;
      if (is_kept) RETURN_IF_ERROR(copy_files(context_, row.files, target));
    }
    return {};
  }

  const ExportOptions& options_;
  ExportContext context_;
  ExportSummary summary_;  // but for what each worker counts
  std::vector<Worker> workers_;
  std::vector<std::unique_ptr<ExportSink>> sinks_;
  std::unordered_set<Digest, record_reading::IdDigestHash> seen_;
};

}  // namespace

ExportFormat export_format_of(const fs::path& output) {
  if (output.extension() == ".parquet") return ExportFormat::kParquet;
  if (output.extension() == ".tar") return ExportFormat::kTar;
  return ExportFormat::kJsonLines;
}

std::unique_ptr<ExportSink> make_sink(ExportContext& context, ExportFormat format,
                                      const fs::path& output, unsigned num_workers) {
  switch (format) {
    case ExportFormat::kJsonLines:
      break;
    case ExportFormat::kParquet:
      return make_parquet(context, output, num_workers);
    case ExportFormat::kTar:
      return make_tar(context, output, num_workers);
  }
  return make_json_lines(context, output, num_workers);
}

Result<ExportSummary> export_history(files::FileSystem& file_system, const fs::path& data_folder,
                                     const ExportOptions& options, const std::stop_token& stop) {
  auto exporter = std::make_unique<Exporter>(file_system, data_folder, options);
  RETURN_IF_ERROR(exporter->check_outputs());
  const auto start_over = [&] {
    exporter.reset();  // first: what it has begun to write goes
    exporter = std::make_unique<Exporter>(file_system, data_folder, options);
  };
  const auto lines = record_reading::read_history(
      file_system, data_folder,
      {.since = options.filter.since,
       .num_threads = std::max(options.num_threads, 1U),
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
