#include "tables/parquet_writer.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "tables/file_description.h"
#include "tables/rewrite.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>

#include <array>

namespace assay::tables {
namespace {

class ParquetWriterTest : public ::testing::Test {
 protected:
  Error create_error(const std::vector<ColumnSpec>& columns) {
    const auto writer = ParquetWriter::create(disk_, "x.parquet", columns);
    EXPECT_FALSE(writer);
    return writer ? Error() : writer.error();
  }
  Status write(const std::filesystem::path& path) {
    const std::vector<ColumnSpec> columns = {{"s.when", ColumnType::kTimestamp},
                                             {"s.deep.text", ColumnType::kText},
                                             {"number", ColumnType::kDouble}};
    ASSIGN_OR_RETURN(auto writer, ParquetWriter::create(disk_, path, columns));
    const std::vector<std::int16_t> when_levels = {2, 0, 1};
    const std::vector<std::int64_t> whens = {5'000'000};
    const std::vector<std::int16_t> text_levels = {3, 0, 1};
    const std::vector<std::string_view> texts = {"secret"};
    const std::vector<double> numbers = {1, 2, 3};
    const std::vector<ColumnData> data = {
        {.levels = when_levels, .values = std::span<const std::int64_t>(whens)},
        {.levels = text_levels, .values = std::span<const std::string_view>(texts)},
        {.values = std::span<const double>(numbers)}};
    RETURN_IF_ERROR(writer.write_row_group(3, data));
    RETURN_IF_ERROR(writer.write_row_group(3, data));
    return writer.finish();
  }

  files::testing::SimulatedFileSystem disk_;
  DatasetSources sources_{.file_system = &disk_};
};

TEST_F(ParquetWriterTest, TheDescriptionTellsWhatWasWritten) {
  ASSERT_TRUE(write("a/x.parquet"));
  const auto file = describe_file(sources_, "a/x.parquet");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->num_rows, 6);
  EXPECT_EQ(file->num_columns, 2);
  EXPECT_EQ(file->num_row_groups, 2);
  ASSERT_EQ(file->fields.size(), 5);
  EXPECT_EQ(file->fields[0].path, "s");
  EXPECT_EQ(file->fields[0].info.kind, LeafKind::kGroup);
  EXPECT_EQ(file->fields[1].path, "s.when");
  EXPECT_EQ(file->fields[1].num_nulls, 4);
  EXPECT_EQ(file->fields[1].first, Timestamp(std::chrono::seconds(5)));
  EXPECT_EQ(file->fields[1].last, Timestamp(std::chrono::seconds(5)));
  EXPECT_EQ(file->fields[1].codec, "snappy");
  EXPECT_EQ(file->fields[3].depth, 2);
  EXPECT_EQ(file->fields[3].info.type, "string");
  EXPECT_EQ(file->fields[4].info.type, "double");
  EXPECT_EQ(file->fields[4].null_share(), 0.0F);
}

TEST_F(ParquetWriterTest, ListsKeepTheirRowsAndGaps) {
  const std::vector<ColumnSpec> columns = {
      {.path = "vector", .type = ColumnType::kFloatList, .list_length = 3}};
  auto writer = ParquetWriter::create(disk_, "x.parquet", columns);
  ASSERT_TRUE(writer) << writer.error().message;
  // More rows than are written in one piece; every third is null.
  constexpr std::size_t kNumRows = 200;
  std::vector<std::int16_t> row_levels;
  std::vector<float> values;
  for (std::size_t row = 0; row < kNumRows; ++row) {
    row_levels.push_back(row % 3 == 0 ? 0 : 1);
    if (row % 3 == 0) continue;
    for (int i = 0; i < 3; ++i) values.push_back(static_cast<float>(values.size()));
  }
  ASSERT_TRUE(writer->write_row_group(
      kNumRows,
      std::vector<ColumnData>{{.levels = row_levels, .values = std::span<const float>(values)}}));
  const std::vector<float> whole = {1, 2, 3, 4, 5, 6};
  ASSERT_TRUE(writer->write_row_group(
      2, std::vector<ColumnData>{{.values = std::span<const float>(whole)}}));
  ASSERT_TRUE(writer->finish());

  const std::string bytes =
      files::read_file(disk_, "x.parquet", ByteCount(1U << 20)).value_or(std::string());
  auto reader = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  EXPECT_EQ(reader->metadata()->num_rows(), 202);
  auto column = std::static_pointer_cast<parquet::FloatReader>(reader->RowGroup(0)->Column(0));
  std::vector<float> read(values.size());
  std::vector<std::int16_t> levels(values.size() + kNumRows);
  std::vector<std::int16_t> repetitions(levels.size());
  std::int64_t num_values = 0;
  std::size_t num_levels = 0;
  while (column->HasNext()) {
    std::int64_t some = 0;
    num_levels += static_cast<std::size_t>(column->ReadBatch(
        static_cast<std::int64_t>(levels.size() - num_levels), levels.data() + num_levels,
        repetitions.data() + num_levels, read.data() + num_values, &some));
    num_values += some;
  }
  EXPECT_EQ(static_cast<std::size_t>(num_values), values.size());
  EXPECT_EQ(read, values);
  EXPECT_EQ((std::vector(levels.begin(), levels.begin() + 7)),
            (std::vector<std::int16_t>{0, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ((std::vector(repetitions.begin(), repetitions.begin() + 8)),
            (std::vector<std::int16_t>{0, 0, 1, 1, 0, 1, 1, 0}));
}

TEST_F(ParquetWriterTest, NothingAppearsWithoutFinish) {
  {
    const std::vector<ColumnSpec> columns = {{"a", ColumnType::kText}};
    auto writer = ParquetWriter::create(disk_, "x.parquet", columns);
    ASSERT_TRUE(writer);
  }
  const auto info = disk_.info("x.parquet");
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->has_value());
}

TEST_F(ParquetWriterTest, RefusesColumnsThatMakeNoSchema) {
  EXPECT_EQ(create_error({}).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(create_error({{"a"}, {"a"}}).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(create_error({{"s.a"}, {"b"}, {"s.c"}}).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(create_error({{""}}).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(create_error({{"list", ColumnType::kFloatList}}).code, ErrorCode::kInvalidInput);
}

TEST_F(ParquetWriterTest, ARewriteReplacesTheChosenTextsOnly) {
  ASSERT_TRUE(write("x.parquet"));
  const auto summary =
      rewrite_parquet(sources_, "x.parquet", "y.parquet",
                      {.leaves = {"s.deep.text"},
                       .replace = [](std::string_view text) { return std::string(text) + "!"; }},
                      {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_rows, 6);
  EXPECT_EQ(summary->num_replaced, 2);
  const auto before = describe_file(sources_, "x.parquet");
  const auto after = describe_file(sources_, "y.parquet");
  ASSERT_TRUE(before && after);
  ASSERT_EQ(after->fields.size(), before->fields.size());
  for (std::size_t i = 0; i < after->fields.size(); ++i) {
    EXPECT_EQ(after->fields[i].path, before->fields[i].path);
    EXPECT_EQ(after->fields[i].info.type, before->fields[i].info.type);
    EXPECT_EQ(after->fields[i].num_nulls, before->fields[i].num_nulls);
  }
}

TEST_F(ParquetWriterTest, ARewriteRefusesWhatItCannotReplace) {
  ASSERT_TRUE(write("x.parquet"));
  for (const char* leaf : {"number", "s", "none"}) {
    const auto summary =
        rewrite_parquet(sources_, "x.parquet", "y.parquet", {.leaves = {leaf}}, {});
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidInput) << leaf;
  }
  EXPECT_FALSE(disk_.info("y.parquet")->has_value());
}

}  // namespace
}  // namespace assay::tables
