#include "audit/missing.h"

#include "audit/image_rule.h"
#include "audit/missing_counter_internal.h"
#include "tables/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace assay::audit {

namespace {

tables::LeafScanOptions scan_options(const MissingOptions& options) {
  tables::LeafScanOptions scan{
      .num_workers = options.num_workers, .max_rows = options.max_rows, .time = options.time};
  scan.leaves.resize(options.depth == CountDepth::kBreakdown ? missing_leaf::kPaths.size()
                                                             : missing_leaf::kCreatedAt);
  for (std::size_t leaf = 0; leaf < scan.leaves.size(); ++leaf) {
    scan.leaves[leaf] = missing_leaf::kPaths[leaf];
  }
  return scan;
}

Status check_files(const std::vector<tables::ScannedFile>& files) {
  for (const tables::ScannedFile& file : files) {
    const Status status = check_hotkey_type(file.leaves[missing_leaf::kHotkey]);
    if (status) continue;
    return Error(status.error())
        .within(
            fmt::format("{}: column {}", file.name, missing_leaf::kPaths[missing_leaf::kHotkey]));
  }
  return {};
}

void add_warnings(const std::vector<tables::ScannedFile>& files, const MissingOptions& options,
                  std::vector<std::string>& warnings) {
  for (const tables::ScannedFile& file : files) {
    const tables::LeafKind payload = file.leaves[missing_leaf::kPayload].kind;
    if (payload == tables::LeafKind::kText && options.json_payload == JsonPayload::kIgnore) {
      warnings.push_back(
          fmt::format("{}: column {} is JSON text, so that all its jobs count as missing; "
                      "--parse-json reads it",
                      file.name, missing_leaf::kPaths[missing_leaf::kPayload]));
    } else if (payload == tables::LeafKind::kRepeated || payload == tables::LeafKind::kBinary ||
               payload == tables::LeafKind::kInteger || payload == tables::LeafKind::kOther) {
      warnings.push_back(fmt::format(
          "{}: column {} is of type {}, not a struct, so that all its jobs count as missing",
          file.name, missing_leaf::kPaths[missing_leaf::kPayload],
          file.leaves[missing_leaf::kPayload].type));
    }
  }
}

std::vector<JobGroup> sorted_models(const GroupCounts<std::string>& counts) {
  std::vector<JobGroup> groups;
  for (const auto& [name, count] : counts) groups.push_back({name, count.jobs, count.missing});
  std::ranges::stable_sort(groups, std::ranges::greater{}, &JobGroup::jobs);
  return groups;
}

std::vector<JobGroup> sorted_hours(const GroupCounts<std::int64_t>& counts) {
  std::vector<JobGroup> groups;
  for (const auto& [hour, count] : counts) {
    const std::string name = hour == kNoHour ? std::string(kUnknownHotkey)
                                             : to_rfc3339(Timestamp(std::chrono::hours(hour)));
    groups.push_back({name, count.jobs, count.missing});
  }
  return groups;
}

}  // namespace

std::size_t MissingSummary::num_miners_with_missing() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      miners, [](const MinerTally& miner) { return miner.first_missing_row != kNoRow; }));
}

Result<MissingSummary> summarise_missing(const tables::DatasetSources& sources,
                                         std::vector<tables::DatasetFile> files,
                                         const MissingOptions& options,
                                         const std::stop_token& stop) {
  ASSIGN_OR_RETURN(auto scan,
                   tables::LeafScan::open(sources, std::move(files), scan_options(options), stop));
  RETURN_IF_ERROR(check_files(scan.files()));
  MissingSummary summary;
  add_warnings(scan.files(), options, summary.warnings);

  std::vector<std::unique_ptr<MissingCounter>> counters;
  counters.reserve(scan.num_workers());
  for (std::size_t worker = 0; worker < scan.num_workers(); ++worker) {
    counters.push_back(std::make_unique<MissingCounter>(options, scan.files()));
  }
  RETURN_IF_ERROR(scan.run(
      [&](std::size_t worker, tables::LeafBatch& batch) { return counters[worker]->add(batch); },
      stop));

  MissingCounter& total = *counters.front();
  for (std::size_t worker = 1; worker < counters.size(); ++worker) {
    total.merge(*counters[worker]);
    counters[worker].reset();  // with a million miners, two tables are enough
  }
  summary.num_jobs = total.num_jobs();
  summary.num_missing = total.num_missing();
  summary.miners = total.miners().tallies();
  sort_for_report(summary.miners);
  summary.hours = sorted_hours(total.hours());
  summary.models = sorted_models(total.models());
  return summary;
}

std::string missing_csv(const MissingSummary& summary) {
  std::string csv;
  constexpr std::array<std::string_view, 6> kHeader = {"miner_hotkey",    "missing_jobs",
                                                       "success_missing", "failed_missing",
                                                       "pending_missing", "other_status_missing"};
  tables::append_csv_row(csv, kHeader);
  for (const MinerTally& miner : summary.miners) {
    if (miner.first_missing_row == kNoRow) continue;
    std::array<std::string, kHeader.size()> cells = {miner.hotkey,
                                                     fmt::to_string(miner.count_of_missing())};
    for (std::size_t i = 0; i < kNumStatuses; ++i) cells[i + 2] = fmt::to_string(miner.missing[i]);
    std::array<std::string_view, kHeader.size()> views;
    std::ranges::copy(cells, views.begin());
    tables::append_csv_row(csv, views);
  }
  return csv;
}

std::string missing_message(const MissingSummary& summary, std::string_view output) {
  return fmt::format("Wrote {} with {} miners. {} missing-image jobs out of {} total.", output,
                     summary.num_miners_with_missing(), summary.num_missing, summary.num_jobs);
}

}  // namespace assay::audit
