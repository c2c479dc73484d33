#include "tables/leaf_scan.h"

#include "core/check.h"
#include "tables/arrow_error_internal.h"
#include "tables/column_cursor_internal.h"
#include "tables/integer_conversion_internal.h"
#include "tables/parquet_file_internal.h"

#include <fmt/format.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace assay::tables {

namespace {

// Files whose footer stays in memory between opening and reading; the others are opened twice.
constexpr std::size_t kMaxKeptFiles = 64;

// A row group to read, and how much of it.
struct Task {
  std::size_t file = 0;
  int row_group = 0;
  std::uint64_t first_row = 0;  // in the data set
  std::uint64_t num_rows = 0;
  bool check_time = false;
};

struct FileState {
  DatasetFile source;
  std::vector<LeafPlace> places;  // of the leaves, then of the time column when there is a filter
  std::vector<const std::optional<std::string>*> constants;  // of the leaves; null: from the file
  std::uint64_t first_row = 0;
  int num_row_groups = 0;
  std::mutex mutex;  // guards what follows
  std::shared_ptr<ParquetFile> open;
  std::size_t pending_tasks = 0;
};

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

// The batches of one row group, one after the other in the same object.
class GroupBatch final : public LeafBatch {
 public:
  GroupBatch(const LeafScanOptions& options, const FileState& state,
             std::shared_ptr<const ParquetFile> parquet, const Task& task)
      : options_(options),
        state_(state),
        parquet_(std::move(parquet)),
        task_(task),
        cursors_(state.places.size()),
        columns_(state.places.size()),
        is_loaded_(state.places.size(), 0) {
    file_ = task.file;
    row_group_ = static_cast<std::size_t>(task.row_group);
    file_first_row_ = state.first_row;
  }

  // Go to the next batch that has rows; false at the end.
  Result<bool> next() {
    while (begin_ + rows_in_range_ < task_.num_rows) {
      begin_ += rows_in_range_;
      rows_in_range_ = static_cast<std::size_t>(
          std::min<std::uint64_t>(options_.batch_rows, task_.num_rows - begin_));
      std::ranges::fill(is_loaded_, std::uint8_t{0});
      first_row_ = task_.first_row + begin_;
      row_offsets_.clear();
      num_rows_ = rows_in_range_;
      if (task_.check_time) RETURN_IF_ERROR(select());
      if (num_rows_ > 0) return true;
    }
    return false;
  }

  Result<const LeafColumn*> column(std::size_t leaf) override {
    CHECK(is_loaded_[leaf] != kInPart, "a leaf was asked for in part before");
    if (is_loaded_[leaf] == 0) {
      RETURN_IF_ERROR(load(leaf, row_offsets_));
      is_loaded_[leaf] = kWhole;
    }
    return &columns_[leaf];
  }

  Result<const LeafColumn*> column_at(std::size_t leaf,
                                      std::span<const std::uint32_t> rows) override {
    CHECK(is_loaded_[leaf] == 0, "a leaf was asked for twice");
    is_loaded_[leaf] = kInPart;
    if (rows.empty()) {
      columns_[leaf] = LeafColumn{.kind = state_.places[leaf].info.kind};
    } else if (row_offsets_.empty()) {
      RETURN_IF_ERROR(load(leaf, rows));
    } else {
      chosen_.clear();
      for (const std::uint32_t row : rows) chosen_.push_back(row_offsets_[row]);
      RETURN_IF_ERROR(load(leaf, chosen_));
    }
    return &columns_[leaf];
  }

 private:
  // Keeps the rows within the time filter.
  Status select() {
    const std::size_t place = options_.leaves.size();
    RETURN_IF_ERROR(load(place, {}));
    const LeafColumn& times = columns_[place];
    for (std::size_t row = 0; row < rows_in_range_; ++row) {
      const auto time = times.timestamp(row);
      const bool keep = time && (!options_.time.since || *time >= *options_.time.since) &&
                        (!options_.time.until || *time < *options_.time.until);
      if (keep) row_offsets_.push_back(static_cast<std::uint32_t>(row));
    }
    num_rows_ = row_offsets_.size();
    if (num_rows_ == rows_in_range_) row_offsets_.clear();
    return {};
  }

  Status load(std::size_t leaf, std::span<const std::uint32_t> keep) {
    const LeafPlace& place = state_.places[leaf];
    if (place.info.is_constant) return load_constant(leaf, keep.empty() ? num_rows_ : keep.size());
    if (place.column < 0 || place.info.kind == LeafKind::kOther ||
        place.info.kind == LeafKind::kAbsent) {
      columns_[leaf] = LeafColumn{.kind = place.info.kind};
      return {};
    }
    Result<LeafColumn> column = read(leaf, place, keep);
    if (!column) {
      const std::string& path =
          leaf < options_.leaves.size() ? options_.leaves[leaf] : options_.time.column;
      return std::move(column.error())
          .within(fmt::format("{}: row group {}: column {}", state_.source.address, task_.row_group,
                              path));
    }
    columns_[leaf] = *column;
    return {};
  }

  Result<LeafColumn> read(std::size_t leaf, const LeafPlace& place,
                          std::span<const std::uint32_t> keep) {
    if (!cursors_[leaf]) {
      ASSIGN_OR_RETURN(
          cursors_[leaf],
          open_column(*parquet_, task_.row_group, place, options_.batch_rows,
                      is_remote_address(state_.source.address) ? options_.remote_read_size
                                                               : options_.read_size));
    }
    return cursors_[leaf]->read(begin_, rows_in_range_, keep);
  }

  Status load_constant(std::size_t leaf, std::size_t num_rows) {
    const std::optional<std::string>& value = *state_.constants[leaf];
    constant_codes_.assign(num_rows, value ? 0 : LeafColumn::kNullCode);
    null_codes_.assign(num_rows, LeafColumn::kNullCode);
    if (constants_.empty()) constants_.resize(options_.leaves.size());
    constants_[leaf] = value ? std::string_view(*value) : std::string_view();
    LeafColumn column{.kind = LeafKind::kText};
    column.codes = value ? constant_codes_ : null_codes_;
    column.dictionary = std::span(&constants_[leaf], value ? 1 : 0);
    column.has_dictionary = true;
    columns_[leaf] = column;
    return {};
  }

  // What is_loaded_ holds beside 0.
  static constexpr std::uint8_t kWhole = 1;
  static constexpr std::uint8_t kInPart = 2;

  const LeafScanOptions& options_;
  const FileState& state_;
  std::shared_ptr<const ParquetFile> parquet_;
  Task task_;
  std::vector<std::unique_ptr<ColumnCursor>> cursors_;
  std::vector<LeafColumn> columns_;
  std::vector<std::uint8_t> is_loaded_;
  std::uint64_t begin_ = 0;
  std::size_t rows_in_range_ = 0;
  std::vector<std::uint32_t> chosen_;  // rows of the file's range, for column_at()
  std::vector<std::int32_t> constant_codes_;
  std::vector<std::int32_t> null_codes_;
  std::vector<std::string_view> constants_;
};

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
    for (const Task& task : tasks_) states_[task.file]->pending_tasks = 0;
    for (const Task& task : tasks_) ++states_[task.file]->pending_tasks;
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
      Task task{.file = states_.size(), .row_group = group, .first_row = first, .num_rows = rows};
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
      const Task& task = tasks_[number];
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

  Status read_group(const Task& task, std::size_t worker, const OnBatch& on_batch,
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
  std::vector<Task> tasks_;
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
