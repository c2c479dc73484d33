#include "core/check.h"
#include "tables/group_batch_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::tables {

GroupBatch::GroupBatch(const LeafScanOptions& options, const FileState& state,
                       std::shared_ptr<const ParquetFile> parquet, const ScanTask& task)
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

Result<bool> GroupBatch::next() {
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

Result<const LeafColumn*> GroupBatch::column(std::size_t leaf) {
  CHECK(is_loaded_[leaf] != kInPart, "a leaf was asked for in part before");
  if (is_loaded_[leaf] == 0) {
    RETURN_IF_ERROR(load(leaf, row_offsets_));
    is_loaded_[leaf] = kWhole;
  }
  return &columns_[leaf];
}

Result<const LeafColumn*> GroupBatch::column_at(std::size_t leaf,
                                                std::span<const std::uint32_t> rows) {
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

Status GroupBatch::select() {
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

Status GroupBatch::load(std::size_t leaf, std::span<const std::uint32_t> keep) {
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

Result<LeafColumn> GroupBatch::read(std::size_t leaf, const LeafPlace& place,
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

Status GroupBatch::load_constant(std::size_t leaf, std::size_t num_rows) {
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

}  // namespace assay::tables
