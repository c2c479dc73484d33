#include "tables/leaf_scan.h"

#include "tables/arrow_error_internal.h"
#include "tables/group_batch_internal.h"
#include "tables/integer_conversion_internal.h"
#include "tables/parquet_file_internal.h"

#include <fmt/format.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

namespace assay::tables {

namespace {

// Files whose footer stays in memory between opening and reading; the others are opened twice.
constexpr std::size_t kMaxKeptFiles = 64;

enum class GroupFit { kOutside, kPartly, kInside };

GroupFit fit(const TimeFilter& filter, const ParquetFile& file, int row_group, int column) {
  const auto chunk = file.metadata->RowGroup(row_group)->ColumnChunk(column);
  const auto* type = file.metadata->schema()->Column(column);
  if (type->physical_type() != parquet::Type::INT64 || !chunk->is_stats_set()) {
    return GroupFit::kPartly;
  }
  const auto statistics = std::dynamic_pointer_cast<parquet::Int64Statistics>(chunk->statistics());
  if (!statistics || !statistics->HasMinMax()) return GroupFit::kPartly;
  const IntegerConversion convert(*type->logical_type());
  const auto instant = [&](std::int64_t value) {
    return Timestamp(std::chrono::microseconds(convert(value)));
  };
  const Timestamp least = instant(statistics->min());
  const Timestamp most = instant(statistics->max());
  if ((filter.since && most < *filter.since) || (filter.until && least >= *filter.until)) {
    return GroupFit::kOutside;
  }
  const bool is_inside =
      (!filter.since || least >= *filter.since) && (!filter.until || most < *filter.until);
  const bool has_no_nulls = statistics->HasNullCount() && statistics->null_count() == 0;
  return is_inside && has_no_nulls ? GroupFit::kInside : GroupFit::kPartly;
}

}  // namespace

class LeafScan::Implementation {
 public:
  Implementation(const DatasetSources& sources, LeafScanOptions options)
      : sources_(sources), options_(std::move(options)) {}

  Status open_files(std::vector<DatasetFile> files, const std::stop_token& stop) {
    for (DatasetFile& file : files) {
      if (stop.stop_requested()) return cancelled("stopped while reading Parquet footers");
      RETURN_IF_ERROR(add_file(std::move(file)));
    }
    const std::size_t wanted = options_.num_workers != 0
                                   ? options_.num_workers
                                   : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
    num_workers_ = std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(tasks_.size(), 1));
    return {};
  }

  Status run(const OnBatch& on_batch, const std::stop_token& stop) {
    for (const ScanTask& task : tasks_) states_[task.file]->pending_tasks = 0;
    for (const ScanTask& task : tasks_) ++states_[task.file]->pending_tasks;
    next_task_ = 0;
    first_failed_ = tasks_.size();
    failure_.reset();
    {
      std::vector<std::jthread> threads;
      for (std::size_t worker = 1; worker < num_workers_; ++worker) {
        threads.emplace_back([this, worker, &on_batch, &stop] { work(worker, on_batch, stop); });
      }
      work(0, on_batch, stop);
    }
    if (failure_) return *failure_;
    if (stop.stop_requested()) return cancelled("stopped while reading the data set");
    return {};
  }

  const std::vector<ScannedFile>& files() const { return scanned_; }
  std::size_t num_workers() const { return num_workers_; }
  std::uint64_t num_rows() const {
    return options_.max_rows ? std::min(num_rows_, *options_.max_rows) : num_rows_;
  }

 private:
  Status add_file(DatasetFile source) {
    ASSIGN_OR_RETURN(auto bytes, open_source(sources_, source.address));
    ASSIGN_OR_RETURN(auto opened, open_parquet(std::move(bytes), options_.max_page_size));
    const ParquetFile& parquet = *opened;
    auto state = std::make_unique<FileState>();
    state->source = std::move(source);
    state->first_row = num_rows_;
    state->num_row_groups = parquet.metadata->num_row_groups();
    find_places(*state, parquet);
    if (options_.time.is_set()) RETURN_IF_ERROR(check_time_column(*state));
    ScannedFile scanned{
        .name = state->source.address,
        .num_rows = static_cast<std::uint64_t>(parquet.metadata->num_rows()),
        .num_row_groups = static_cast<std::size_t>(parquet.metadata->num_row_groups()),
        .leaves = {}};
    for (std::size_t leaf = 0; leaf < options_.leaves.size(); ++leaf) {
      scanned.leaves.push_back(state->places[leaf].info);
    }
    scanned_.push_back(std::move(scanned));
    // Parts of the footer are decoded, and found wrong, when they are first asked for.
    RETURN_IF_ERROR(
        with_context(guard_parquet(ErrorCode::kCorrupt, [&] { add_tasks(*state, parquet); }),
                     state->source.address + ": bad Parquet footer"));
    if (states_.size() < kMaxKeptFiles) state->open = std::move(opened);
    states_.push_back(std::move(state));
    return {};
  }

  void find_places(FileState& state, const ParquetFile& parquet) const {
    for (const std::string& path : options_.leaves) {
      const auto constant =
          std::ranges::find_if(state.source.constants,
                               [&](const ConstantColumn& column) { return path == column.name; });
      const LeafPlace place = find_leaf(*parquet.metadata->schema(), path);
      if (place.info.kind == LeafKind::kAbsent && constant != state.source.constants.end()) {
        state.places.push_back(
            {.info = {.kind = LeafKind::kText, .type = "folder name", .is_constant = true}});
        state.constants.push_back(&constant->value);
        continue;
      }
      state.places.push_back(place);
      state.constants.push_back(nullptr);
    }
    if (options_.time.is_set()) {
      state.places.push_back(find_leaf(*parquet.metadata->schema(), options_.time.column));
    }
  }

  Status check_time_column(const FileState& state) const {
    const LeafInfo& info = state.places.back().info;
    if (info.kind == LeafKind::kTimestamp) return {};
    return invalid_input(fmt::format(
        "{}: column {} is {}, but a time filter needs a timestamp; name another by --time-column",
        state.source.address, options_.time.column,
        info.kind == LeafKind::kAbsent ? "absent" : info.type));
  }

  void add_tasks(FileState& state, const ParquetFile& parquet) {
    for (int group = 0; group < parquet.metadata->num_row_groups(); ++group) {
      const auto rows = static_cast<std::uint64_t>(parquet.metadata->RowGroup(group)->num_rows());
      const std::uint64_t first = num_rows_;
      num_rows_ += rows;
      ScanTask task{
          .file = states_.size(), .row_group = group, .first_row = first, .num_rows = rows};
      if (options_.max_rows) {
        task.num_rows = std::min(rows, *options_.max_rows - std::min(first, *options_.max_rows));
      }
      if (options_.time.is_set() && task.num_rows > 0) {
        const GroupFit found = fit(options_.time, parquet, group, state.places.back().column);
        if (found == GroupFit::kOutside) continue;
        task.check_time = found == GroupFit::kPartly;
      }
      if (task.num_rows == 0) continue;
      tasks_.push_back(task);
    }
  }

  void work(std::size_t worker, const OnBatch& on_batch, const std::stop_token& stop) {
    while (true) {
      const std::size_t number = next_task_.fetch_add(1);
      if (number >= tasks_.size() || stop.stop_requested()) return;
      const ScanTask& task = tasks_[number];
      Status status = read_group(task, worker, on_batch, stop);
      release(*states_[task.file]);
      if (status) continue;
      const std::scoped_lock lock(failure_mutex_);
      if (number < first_failed_) {
        first_failed_ = number;
        failure_ = std::move(status.error());
      }
      next_task_ = tasks_.size();  // what was taken before goes on: it may hold an earlier error
      return;
    }
  }

  Status read_group(const ScanTask& task, std::size_t worker, const OnBatch& on_batch,
                    const std::stop_token& stop) {
    FileState& state = *states_[task.file];
    ASSIGN_OR_RETURN(auto parquet, acquire(state));
    GroupBatch batch(options_, state, std::move(parquet), task);
    while (!stop.stop_requested()) {
      ASSIGN_OR_RETURN(const bool more, batch.next());
      if (!more) return {};
      RETURN_IF_ERROR(on_batch(worker, batch));
    }
    return cancelled("stopped while reading the data set");
  }

  Result<std::shared_ptr<ParquetFile>> acquire(FileState& state) {
    const std::scoped_lock lock(state.mutex);
    if (!state.open) {
      ASSIGN_OR_RETURN(auto bytes, open_source(sources_, state.source.address));
      ASSIGN_OR_RETURN(state.open, open_parquet(std::move(bytes), options_.max_page_size));
      RETURN_IF_ERROR(check_unchanged(state));
    }
    return state.open;
  }

  // A file that was replaced in between could have other columns at the places that were found.
  Status check_unchanged(const FileState& state) const {
    bool is_same = state.open->metadata->num_row_groups() == state.num_row_groups;
    for (std::size_t place = 0; place < state.places.size(); ++place) {
      const std::string& path =
          place < options_.leaves.size() ? options_.leaves[place] : options_.time.column;
      is_same = is_same && find_leaf(*state.open->metadata->schema(), path).column ==
                               state.places[place].column;
    }
    if (is_same) return {};
    return invalid_input(state.source.address + ": the file changed while it was read");
  }

  static void release(FileState& state) {
    const std::scoped_lock lock(state.mutex);
    if (--state.pending_tasks == 0) state.open.reset();
  }

  DatasetSources sources_;
  LeafScanOptions options_;
  std::vector<std::unique_ptr<FileState>> states_;
  std::vector<ScannedFile> scanned_;
  std::vector<ScanTask> tasks_;
  std::uint64_t num_rows_ = 0;
  std::size_t num_workers_ = 1;
  std::atomic<std::size_t> next_task_ = 0;
  std::mutex failure_mutex_;  // guards the first failure
  std::size_t first_failed_ = 0;
  std::optional<Error> failure_;
};

LeafScan::LeafScan(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
LeafScan::LeafScan(LeafScan&&) noexcept = default;
LeafScan::~LeafScan() = default;

Result<LeafScan> LeafScan::open(const DatasetSources& sources, std::vector<DatasetFile> files,
                                LeafScanOptions options, const std::stop_token& stop) {
  auto implementation = std::make_unique<Implementation>(sources, std::move(options));
  RETURN_IF_ERROR(implementation->open_files(std::move(files), stop));
  return LeafScan(std::move(implementation));
}

const std::vector<ScannedFile>& LeafScan::files() const { return implementation_->files(); }
std::size_t LeafScan::num_workers() const { return implementation_->num_workers(); }
std::uint64_t LeafScan::num_rows() const { return implementation_->num_rows(); }
Status LeafScan::run(const OnBatch& on_batch, const std::stop_token& stop) {
  return implementation_->run(on_batch, stop);
}

}  // namespace assay::tables
