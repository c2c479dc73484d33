#include "tables/leaf_scan.h"

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "tables/parquet_writer.h"
#include "tables/testing/leaf_scan_fixture.h"
#include "tables/testing/memory_sources.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace assay::tables {
namespace {

using namespace literals;
using Texts = std::vector<std::optional<std::string>>;

using LeafScanTest = testing::LeafScanFixture;

TEST_F(LeafScanTest, ReportsWhatIsFoundUnderAPath) {
  auto scan = open({{write("a.parquet"), {}}},
                   {.leaves = {"name", "outer.inner.flag", "outer.when", "outer", "none",
                               "name.below", "outer.none", "count"}});
  const auto& leaves = scan.files().front().leaves;
  const std::vector<LeafKind> expected = {
      LeafKind::kText,   LeafKind::kBoolean, LeafKind::kTimestamp, LeafKind::kGroup,
      LeafKind::kAbsent, LeafKind::kAbsent,  LeafKind::kAbsent,    LeafKind::kInteger};
  ASSERT_EQ(leaves.size(), expected.size());
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_EQ(leaves[i].kind, expected[i]) << i;
  EXPECT_EQ(leaves[2].type, "timestamp[us, UTC]");
  EXPECT_EQ(scan.num_rows(), kRows);
  EXPECT_EQ(scan.files().front().num_row_groups, 4);
}

TEST_F(LeafScanTest, GivesEveryRowItsValueWhateverTheBatchSize) {
  const std::string file = write("a.parquet");
  for (const std::size_t batch_rows : {1U, 7U, 100U, 250U, 5000U}) {
    auto scan = open({{file, {}}},
                     {.leaves = {"name", "outer.inner.flag", "outer.when", "outer.note", "count"},
                      .num_workers = 1,
                      .batch_rows = batch_rows});
    std::uint64_t next = 0;
    const Status status = scan.run(
        [&](std::size_t, LeafBatch& batch) -> Status {
          EXPECT_LE(batch.num_rows(), batch_rows);
          ASSIGN_OR_RETURN(const LeafColumn* name, batch.column(0));
          ASSIGN_OR_RETURN(const LeafColumn* flag, batch.column(1));
          ASSIGN_OR_RETURN(const LeafColumn* when, batch.column(2));
          ASSIGN_OR_RETURN(const LeafColumn* noted, batch.column(3));
          ASSIGN_OR_RETURN(const LeafColumn* count, batch.column(4));
          for (std::size_t i = 0; i < batch.num_rows(); ++i, ++next) {
            EXPECT_EQ(batch.row_number(i), next);
            EXPECT_EQ(name->text(i), name_at(next));
            EXPECT_EQ(flag->boolean(i), flag_at(next));
            EXPECT_EQ(noted->text(i), note_at(next));
            EXPECT_EQ(when->timestamp(i).has_value(), next % 10 != 0);
            if (const auto time = when->timestamp(i)) {
              EXPECT_EQ(*time, Timestamp(std::chrono::minutes(next)));
            }
            EXPECT_EQ(count->integer(i), static_cast<std::int64_t>(next) - 5);
          }
          return {};
        },
        {});
    EXPECT_TRUE(status) << status.error().message;
    EXPECT_EQ(next, kRows);
  }
}

TEST_F(LeafScanTest, TextsSurviveAPageThatEndsWithinABatch) {
  // 40,000 notes of 100 letters are four pages and more.
  auto scan = open({{write("a.parquet", 40'000, 1, 40'000), {}}},
                   {.leaves = {"outer.note"}, .num_workers = 1, .batch_rows = 7000});
  const auto found = texts(scan, 0);
  ASSERT_EQ(found.size(), 40'000);
  for (const auto& [row, text] : found) ASSERT_EQ(text, note_at(row + 1)) << row;
}

TEST_F(LeafScanTest, BatchesThatAreNotAskedForAreSkipped) {
  auto scan = open({{write("a.parquet", 40'000, 0, 40'000), {}}},
                   {.leaves = {"outer.note", "name", "outer.inner.flag", "count"},
                    .num_workers = 1,
                    .batch_rows = 900});
  std::size_t number = 0;
  const Status status = scan.run(
      [&](std::size_t, LeafBatch& batch) -> Status {
        ++number;
        if (number % 13 != 5 && number % 7 != 3) return {};
        ASSIGN_OR_RETURN(const LeafColumn* noted, batch.column(0));
        ASSIGN_OR_RETURN(const LeafColumn* name, batch.column(1));
        ASSIGN_OR_RETURN(const LeafColumn* flag, batch.column(2));
        ASSIGN_OR_RETURN(const LeafColumn* count, batch.column(3));
        for (std::size_t i = 0; i < batch.num_rows(); ++i) {
          const auto row = batch.row_number(i);
          EXPECT_EQ(noted->text(i), note_at(row));
          EXPECT_EQ(name->text(i), name_at(row));
          EXPECT_EQ(flag->boolean(i), flag_at(row));
          EXPECT_EQ(count->integer(i), static_cast<std::int64_t>(row) - 5);
        }
        return {};
      },
      {});
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_GT(number, 40);
}

TEST_F(LeafScanTest, SomeRowsOfABatchCanBeAskedFor) {
  const std::string file = write("a.parquet", 40'000, 0, 40'000);
  const TimeFilter filter{.column = "outer.when",
                          .since = Timestamp(std::chrono::minutes(700)),
                          .until = Timestamp(std::chrono::minutes(30'000))};
  for (const TimeFilter& time : {TimeFilter(), filter}) {
    auto scan = open({{file, {{"region", "eu"}}}}, {.leaves = {"outer.note", "name", "region"},
                                                    .num_workers = 1,
                                                    .time = time,
                                                    .batch_rows = 700});
    std::size_t num_seen = 0;
    const Status status = scan.run(
        [&](std::size_t, LeafBatch& batch) -> Status {
          std::vector<std::uint32_t> rows;
          for (std::uint32_t row = 0; row < batch.num_rows(); ++row) {
            if (batch.row_number(row) % 4 == 1) rows.push_back(row);
          }
          ASSIGN_OR_RETURN(const LeafColumn* noted, batch.column_at(0, rows));
          ASSIGN_OR_RETURN(const LeafColumn* name, batch.column_at(1, rows));
          ASSIGN_OR_RETURN(const LeafColumn* region, batch.column_at(2, rows));
          for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto row = batch.row_number(rows[i]);
            EXPECT_EQ(noted->text(i), note_at(row));
            EXPECT_EQ(name->text(i), name_at(row));
            EXPECT_EQ(region->text(i), "eu");
          }
          num_seen += rows.size();
          return {};
        },
        {});
    EXPECT_TRUE(status) << status.error().message;
    EXPECT_GT(num_seen, 5000);
  }
}

TEST_F(LeafScanTest, ExposesTheDictionaryOfAChunkThatHasOne) {
  auto scan =
      open({{write("a.parquet"), {}}}, {.leaves = {"name", "outer.note"}, .num_workers = 1});
  const Status status = scan.run(
      [&](std::size_t, LeafBatch& batch) -> Status {
        ASSIGN_OR_RETURN(const LeafColumn* name, batch.column(0));
        ASSIGN_OR_RETURN(const LeafColumn* noted, batch.column(1));
        EXPECT_TRUE(name->has_dictionary);
        EXPECT_EQ(name->dictionary.size(), 7);
        EXPECT_FALSE(noted->has_dictionary);
        return {};
      },
      {});
  EXPECT_TRUE(status) << status.error().message;
}

TEST_F(LeafScanTest, EveryRowGroupIsReadOnceByWhateverNumberOfWorkers) {
  const std::vector<DatasetFile> files = {{write("a.parquet", 10), {}},
                                          {write("b.parquet", 90), {}}};
  for (const std::size_t workers : {1U, 2U, 7U}) {
    auto scan = open(files, {.leaves = {"name"}, .num_workers = workers, .batch_rows = 4});
    EXPECT_EQ(scan.num_workers(), workers);
    const auto found = texts(scan, 0);
    ASSERT_EQ(found.size(), 2 * kRows);
    for (const auto& [row, text] : found) ASSERT_EQ(text, name_at(row % kRows)) << row;
  }
}

TEST_F(LeafScanTest, MoreFilesThanStayOpenAreOpenedAgain) {
  std::vector<DatasetFile> files;
  for (int i = 0; i < 70; ++i) files.push_back({write(fmt::format("{}.parquet", i), 5, 0, 10), {}});
  auto scan = open(files, {.leaves = {"name"}});
  EXPECT_EQ(texts(scan, 0).size(), 700);
}

TEST_F(LeafScanTest, AFileThatChangedInBetweenIsRefused) {
  std::vector<DatasetFile> files;
  for (int i = 0; i < 70; ++i) files.push_back({write(fmt::format("{}.parquet", i), 5, 0, 10), {}});
  auto scan = open(files, {.leaves = {"name"}});
  write("69.parquet", 2, 0, 10);
  const Status status = scan.run([](std::size_t, LeafBatch&) -> Status { return {}; }, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(status.error().message.find("69.parquet: the file changed"), std::string::npos);
}

TEST_F(LeafScanTest, MaxRowsCutsTheDataSetAcrossFiles) {
  const std::vector<DatasetFile> files = {{write("a.parquet"), {}}, {write("b.parquet"), {}}};
  for (const std::uint64_t rows : {0U, 1U, 250U, 999U, 1000U, 1001U, 1777U, 2000U, 9999U}) {
    auto scan = open(files, {.leaves = {"name"}, .max_rows = rows});
    EXPECT_EQ(scan.num_rows(), std::min<std::uint64_t>(rows, 2 * kRows));
    const auto found = texts(scan, 0);
    ASSERT_EQ(found.size(), scan.num_rows());
    if (!found.empty()) {
      EXPECT_EQ(found.rbegin()->first, scan.num_rows() - 1);
    }
  }
}

TEST_F(LeafScanTest, TimeFilterKeepsTheRowsInRangeAndDropsNulls) {
  const std::string file = write("a.parquet");
  const auto minute = [](int count) { return Timestamp(std::chrono::minutes(count)); };
  struct Case {
    std::optional<Timestamp> since;
    std::optional<Timestamp> until;
    std::size_t first;
    std::size_t end;
  };
  const std::vector<Case> cases = {
      {minute(121), minute(129), 121, 129}, {minute(745), std::nullopt, 745, 1000},
      {std::nullopt, minute(257), 0, 257},  {minute(5000), std::nullopt, 0, 0},
      {std::nullopt, minute(1), 0, 1},      {minute(0), minute(100'000), 0, 1000}};
  for (const Case& one : cases) {
    auto scan = open({{file, {}}},
                     {.leaves = {"outer.note"},
                      .time = {.column = "outer.when", .since = one.since, .until = one.until},
                      .batch_rows = 64});
    const auto found = texts(scan, 0);
    std::size_t expected = 0;
    for (std::size_t row = one.first; row < one.end; ++row) {
      if (row % 10 == 0) continue;
      ++expected;
      ASSERT_TRUE(found.contains(row)) << row;
      EXPECT_EQ(found.at(row), note_at(row));
    }
    EXPECT_EQ(found.size(), expected);
  }
}

TEST_F(LeafScanTest, TimeFilterNeedsATimestamp) {
  const std::string file = write("a.parquet");
  const TimeFilter filter{.column = "name", .since = Timestamp()};
  const Error error = open_error(file, {.time = filter});
  EXPECT_EQ(error.code, ErrorCode::kInvalidInput);
  EXPECT_NE(error.message.find("column name is string"), std::string::npos) << error.message;
  const Error absent = open_error(file, {.time = {.since = Timestamp()}});
  EXPECT_NE(absent.message.find("column created_at is absent"), std::string::npos);
}

TEST_F(LeafScanTest, FolderNamesGiveColumnsThatTheFileLacks) {
  const std::string file = write("a.parquet");
  auto scan = open({{file, {{"region", "eu"}, {"empty", std::nullopt}, {"name", "ignored"}}}},
                   {.leaves = {"region", "empty", "name"}, .num_workers = 1});
  const auto& leaves = scan.files().front().leaves;
  EXPECT_TRUE(leaves[0].is_constant);
  EXPECT_FALSE(leaves[2].is_constant);
  EXPECT_EQ(texts(scan, 0).at(17), "eu");
  EXPECT_EQ(texts(scan, 1).at(17), std::nullopt);
  EXPECT_EQ(texts(scan, 2).at(17), name_at(17));
}

TEST_F(LeafScanTest, SaysWhatIsWrongWithAFileThatIsNotParquet) {
  memory_.set("mem://empty", "");
  memory_.set("mem://short", "PAR1");
  memory_.set("mem://text", "this is not a Parquet file at all");
  memory_.set("mem://encrypted", "PAR1........PARE");
  memory_.set("mem://footer", std::string("PAR1....\xff\xff\xff\x7fPAR1", 16));
  EXPECT_EQ(open_error("mem://empty").message, "mem://empty: not a Parquet file (it is empty)");
  EXPECT_NE(open_error("mem://short").message.find("4 bytes are too few"), std::string::npos);
  EXPECT_NE(open_error("mem://text").message.find("no PAR1 magic at the end"), std::string::npos);
  EXPECT_EQ(open_error("mem://text").code, ErrorCode::kInvalidInput);
  EXPECT_NE(open_error("mem://encrypted").message.find("encrypted"), std::string::npos);
  EXPECT_EQ(open_error("mem://footer").code, ErrorCode::kCorrupt);
  EXPECT_EQ(open_error("mem://none").code, ErrorCode::kNotFound);
}

TEST_F(LeafScanTest, ACorruptPageNamesFileRowGroupAndColumn) {
  const std::string file = write("a.parquet", 250, 0, kRows, Codec::kNone);
  auto bytes = files::read_file(files::posix_file_system(), file, 10_MiB);
  ASSERT_TRUE(bytes);
  // The length in front of the first note of the second row group.
  const std::size_t place = bytes->find(note(251));
  ASSERT_NE(place, std::string::npos);
  std::fill_n(bytes->begin() + static_cast<std::ptrdiff_t>(place) - 4, 4, '\xff');
  memory_.set("mem://bad.parquet", *bytes);
  auto scan = open({{"mem://bad.parquet", {}}}, {.leaves = {"outer.note", "name"}});
  EXPECT_EQ(texts(scan, 1).size(), kRows) << "a column that is not asked for does not matter";
  const Status status = scan.run(
      [&](std::size_t, LeafBatch& batch) -> Status {
        ASSIGN_OR_RETURN([[maybe_unused]] const auto* column, batch.column(0));
        return {};
      },
      {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(
      status.error().message.starts_with("mem://bad.parquet: row group 1: column outer.note: "))
      << status.error().message;
}

TEST_F(LeafScanTest, APageOverTheLimitIsRefused) {
  // Snappy is decoded by us, the other codecs by the library.
  for (const Codec codec : {Codec::kSnappy, Codec::kZstd}) {
    auto scan = open({{write("a.parquet", 40'000, 0, 40'000, codec), {}}},
                     {.leaves = {"outer.note"}, .max_page_size = 64_KiB});
    const Status status = scan.run(
        [&](std::size_t, LeafBatch& batch) -> Status {
          ASSIGN_OR_RETURN([[maybe_unused]] const auto* column, batch.column(0));
          return {};
        },
        {});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kExhausted);
    EXPECT_NE(status.error().message.find("over the limit of 65536"), std::string::npos)
        << status.error().message;
  }
}

TEST_F(LeafScanTest, TheEarliestErrorWins) {
  auto scan = open({{write("a.parquet", 10), {}}}, {.leaves = {"name"}, .num_workers = 4});
  const Status status = scan.run(
      [&](std::size_t, LeafBatch& batch) -> Status {
        if (batch.row_group() < 3) return {};
        return invalid_input(fmt::format("group {}", batch.row_group()));
      },
      {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "group 3");
}

TEST_F(LeafScanTest, AStopEndsTheScan) {
  auto scan = open({{write("a.parquet", 10), {}}}, {.leaves = {"name"}, .num_workers = 1});
  std::stop_source stop;
  std::size_t batches = 0;
  const Status status = scan.run(
      [&](std::size_t, LeafBatch&) -> Status {
        ++batches;
        stop.request_stop();
        return {};
      },
      stop.get_token());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(batches, 1);
}

}  // namespace
}  // namespace assay::tables
