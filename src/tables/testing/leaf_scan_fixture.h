/// \file
/// Files whose every value follows from its row, and scans of them.

#pragma once

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "tables/leaf_scan.h"
#include "tables/parquet_writer.h"
#include "tables/testing/memory_sources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tables::testing {

/// Writes files with a flat text column `name`, and `outer.inner.flag`, `outer.when`, `outer.note`.
class LeafScanFixture : public ::testing::Test {
 protected:
  static constexpr std::size_t kRows = 1000;

  std::string path(std::string_view name) const { return (folder_.path() / name).native(); }

  // Row r: name `n<r % 7>` or null at r % 11 == 0; flag by r % 3, null at 0; `when` is r minutes;
  // note is r in words of 100 letters, all different, null where r % 5 == 0 (outer null at r % 10).
  std::string write(std::string_view name, std::size_t rows_per_group = 250, std::size_t first = 0,
                    std::size_t rows = kRows, Codec codec = Codec::kSnappy) {
    const std::vector<ColumnSpec> columns = {{"name", ColumnType::kText},
                                             {"outer.inner.flag", ColumnType::kBoolean},
                                             {"outer.when", ColumnType::kTimestamp},
                                             {"outer.note", ColumnType::kText},
                                             {"count", ColumnType::kInt32}};
    auto writer = ParquetWriter::create(files::posix_file_system(), path(name), columns,
                                        {.codec = codec, .plain_columns = {"outer.note"}});
    EXPECT_TRUE(writer) << writer.error().message;
    for (std::size_t begin = first; begin < first + rows; begin += rows_per_group) {
      write_group(*writer, begin, std::min(rows_per_group, first + rows - begin));
    }
    const Status finished = writer->finish();
    EXPECT_TRUE(finished) << finished.error().message;
    return path(name);
  }

  static std::string note(std::size_t row) {
    const std::string digits = std::to_string(row);
    return std::string(100 - digits.size(), '0') + digits;
  }
  static std::optional<std::string> name_at(std::size_t row) {
    if (row % 11 == 0) return std::nullopt;
    return "n" + std::to_string(row % 7);
  }
  static std::optional<bool> flag_at(std::size_t row) {
    if (row % 10 == 0 || row % 3 == 0) return std::nullopt;
    return row % 3 == 1;
  }
  static std::optional<std::string> note_at(std::size_t row) {
    if (row % 5 == 0) return std::nullopt;
    return note(row);
  }

  static std::int16_t flag_level_at(std::size_t row) {
    if (row % 10 == 0) return 0;
    if (row % 6 == 0) return 1;
    return row % 3 == 0 ? 2 : 3;
  }

  static std::int16_t note_level_at(std::size_t row) {
    if (row % 10 == 0) return 0;
    return row % 5 == 0 ? 1 : 2;
  }

  static void write_group(ParquetWriter& writer, std::size_t first, std::size_t rows) {
    std::vector<std::string> owned;
    owned.reserve(2 * rows);
    std::vector<std::string_view> names;
    std::vector<std::string_view> notes;
    std::vector<std::int64_t> whens;
    std::vector<std::int32_t> counts;
    const auto flags = std::make_unique<bool[]>(rows);
    std::size_t num_flags = 0;
    std::vector<std::int16_t> name_levels;
    std::vector<std::int16_t> flag_levels;
    std::vector<std::int16_t> when_levels;
    std::vector<std::int16_t> note_levels;
    for (std::size_t row = first; row < first + rows; ++row) {
      name_levels.push_back(row % 11 == 0 ? 0 : 1);
      if (const auto text = name_at(row)) names.push_back(owned.emplace_back(*text));
      const bool has_outer = row % 10 != 0;
      flag_levels.push_back(flag_level_at(row));
      if (const auto flag = flag_at(row)) flags[num_flags++] = *flag;
      when_levels.push_back(has_outer ? 2 : 0);
      if (has_outer) whens.push_back(static_cast<std::int64_t>(row) * 60'000'000);
      note_levels.push_back(note_level_at(row));
      if (const auto text = note_at(row)) notes.push_back(owned.emplace_back(*text));
      counts.push_back(static_cast<std::int32_t>(row) - 5);
    }
    const std::vector<ColumnData> data = {
        {.levels = name_levels, .values = std::span<const std::string_view>(names)},
        {.levels = flag_levels, .values = std::span<const bool>(flags.get(), num_flags)},
        {.levels = when_levels, .values = std::span<const std::int64_t>(whens)},
        {.levels = note_levels, .values = std::span<const std::string_view>(notes)},
        {.values = std::span<const std::int32_t>(counts)}};
    const Status status = writer.write_row_group(rows, data);
    EXPECT_TRUE(status) << status.error().message;
  }

  LeafScan open(std::vector<DatasetFile> files, LeafScanOptions options) {
    auto scan = LeafScan::open(sources_, std::move(files), std::move(options), {});
    EXPECT_TRUE(scan) << scan.error().message;
    return std::move(*scan);
  }

  Error open_error(const std::string& file, LeafScanOptions options = {}) {
    auto scan = LeafScan::open(sources_, {{file, {}}}, std::move(options), {});
    EXPECT_FALSE(scan);
    return scan ? Error() : scan.error();
  }

  // The texts of one leaf, by row number.
  static std::map<std::uint64_t, std::optional<std::string>> texts(LeafScan& scan,
                                                                   std::size_t leaf) {
    std::map<std::uint64_t, std::optional<std::string>> found;
    std::mutex mutex;
    const Status status = scan.run(
        [&](std::size_t, LeafBatch& batch) -> Status {
          ASSIGN_OR_RETURN(const LeafColumn* column, batch.column(leaf));
          const std::scoped_lock lock(mutex);
          for (std::size_t row = 0; row < batch.num_rows(); ++row) {
            found.emplace(batch.row_number(row), column->text(row));
          }
          return {};
        },
        {});
    EXPECT_TRUE(status) << status.error().message;
    return found;
  }

  files::testing::TemporaryFolder folder_;
  MemorySources memory_;
  DatasetSources sources_{.file_system = &files::posix_file_system(), .remote = &memory_};
};

}  // namespace assay::tables::testing
