#include "audit/missing.h"

#include "files/testing/simulated_file_system.h"
#include "tables/parquet_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>

namespace assay::audit {
namespace {

using tables::ColumnData;
using tables::ColumnSpec;
using tables::ColumnType;

// A job of a small export; `depth` says which of response_payload and callback_metadata are there.
struct Job {
  std::optional<std::string_view> hotkey;
  std::optional<std::string_view> status;
  int depth = 2;
  std::optional<bool> has_image = std::nullopt;
  std::optional<std::string_view> uri = std::nullopt;
  std::int64_t hour = 0;
};

// The values of one optional text column.
struct TextColumn {
  std::vector<std::int16_t> levels;
  std::vector<std::string_view> texts;

  void add(std::optional<std::string_view> text, int null_level, int full_level) {
    levels.push_back(static_cast<std::int16_t>(text ? full_level : null_level));
    if (text) texts.push_back(*text);
  }
  ColumnData data() const {
    return {.levels = levels, .values = std::span<const std::string_view>(texts)};
  }
};

class MissingTest : public ::testing::Test {
 protected:
  void write_columns(const std::string& path, std::span<const ColumnSpec> columns, std::size_t rows,
                     std::span<const ColumnData> data) {
    auto writer = tables::ParquetWriter::create(disk_, path, columns);
    ASSERT_TRUE(writer) << writer.error().message;
    const Status written = writer->write_row_group(rows, data);
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_TRUE(writer->finish());
  }

  void write(const std::string& path, const std::vector<Job>& jobs, std::size_t group = 3) {
    const std::vector<ColumnSpec> columns = {
        {"miner_hotkey"},
        {"status"},
        {"created_at", ColumnType::kTimestamp},
        {"model_id"},
        {"response_payload.image_uri"},
        {"response_payload.callback_metadata.has_image", ColumnType::kBoolean}};
    auto writer = tables::ParquetWriter::create(disk_, path, columns);
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::size_t first = 0; first < jobs.size(); first += group) {
      write_group(*writer, std::span(jobs).subspan(first, std::min(group, jobs.size() - first)));
    }
    ASSERT_TRUE(writer->finish());
  }

  static void write_group(tables::ParquetWriter& writer, std::span<const Job> jobs) {
    TextColumn hotkeys;
    TextColumn statuses;
    TextColumn models;
    TextColumn uris;
    std::vector<std::int64_t> times;
    std::vector<std::int16_t> flag_levels;
    const auto flags = std::make_unique<bool[]>(jobs.size());
    std::size_t num_flags = 0;
    for (const Job& job : jobs) {
      hotkeys.add(job.hotkey, 0, 1);
      statuses.add(job.status, 0, 1);
      models.add(job.hour % 2 == 0 ? std::optional<std::string_view>("even") : std::nullopt, 0, 1);
      uris.add(job.depth > 0 ? job.uri : std::nullopt, std::min(job.depth, 1), 2);
      flag_levels.push_back(static_cast<std::int16_t>(job.has_image ? 3 : job.depth));
      if (job.has_image) flags[num_flags++] = *job.has_image;
      times.push_back(job.hour * 3'600'000'000 + 17);
    }
    const std::vector<ColumnData> data = {
        hotkeys.data(),
        statuses.data(),
        {.values = std::span<const std::int64_t>(times)},
        models.data(),
        uris.data(),
        {.levels = flag_levels, .values = std::span<const bool>(flags.get(), num_flags)}};
    ASSERT_TRUE(writer.write_row_group(jobs.size(), data));
  }

  MissingSummary summarise(const std::vector<std::string>& paths, MissingOptions options = {}) {
    auto summary = try_summarise(paths, options);
    EXPECT_TRUE(summary) << summary.error().message;
    return summary.value_or(MissingSummary());
  }
  Result<MissingSummary> try_summarise(const std::vector<std::string>& paths,
                                       const MissingOptions& options = {}) {
    const tables::DatasetSources sources{.file_system = &disk_};
    std::vector<tables::DatasetFile> files;
    for (const std::string& path : paths) files.push_back({path, {}});
    return summarise_missing(sources, std::move(files), options, {});
  }

  files::testing::SimulatedFileSystem disk_;
};

constexpr std::string_view kMissingHeader =
    "miner_hotkey,missing_jobs,success_missing,failed_missing,pending_missing,"
    "other_status_missing\r\n";

TEST_F(MissingTest, TheBooleanDecidesThenTheAddress) {
  write("a.parquet", {{"A", "success", 2, true},
                      {"A", "success", 2, false, "gs://b/o"},
                      {"B", "failed", 2, std::nullopt, "gs://b/o"},
                      {"B", "FAILED", 2, std::nullopt, " \t\u3000"},
                      {"B", "Pending", 2, std::nullopt, ""},
                      {"C", "odd", 1},
                      {"C", std::nullopt, 0},
                      {"C", "success", 1, std::nullopt, "\u200b"}});
  const MissingSummary summary = summarise({"a.parquet"});
  EXPECT_EQ(missing_csv(summary),
            std::string(kMissingHeader) + "B,2,0,1,1,0\r\nC,2,0,0,0,2\r\nA,1,1,0,0,0\r\n");
  EXPECT_EQ(missing_message(summary, "out.csv"),
            "Wrote out.csv with 3 miners. 5 missing-image jobs out of 8 total.");
  EXPECT_TRUE(summary.warnings.empty());
}

TEST_F(MissingTest, NullEmptyAndUnknownAreOneMiner) {
  write("a.parquet", {{std::nullopt, "success"},
                      {"", "success"},
                      {"unknown", "success"},
                      {"UNKNOWN", "success"},
                      {" ", "success"}});
  EXPECT_EQ(
      missing_csv(summarise({"a.parquet"})),
      std::string(kMissingHeader) + "UNKNOWN,3,3,0,0,0\r\nunknown,1,1,0,0,0\r\n ,1,1,0,0,0\r\n");
}

TEST_F(MissingTest, TiesKeepTheOrderOfTheirFirstMissingRowAcrossFilesAndWorkers) {
  std::vector<Job> first;
  std::vector<Job> second;
  const std::vector<std::string> names = {"z", "m", "a", "q", "b", "y"};
  for (const auto& name : names) first.push_back({name, "success", 2, true});
  for (std::size_t i = 0; i < names.size(); ++i) {
    (i < 3 ? first : second).push_back({names[i], "success"});
  }
  write("1.parquet", first, 2);
  write("2.parquet", second, 1);
  std::string expected(kMissingHeader);
  for (const auto& name : names) expected += name + ",1,1,0,0,0\r\n";
  for (const std::size_t workers : {1U, 2U, 5U}) {
    EXPECT_EQ(missing_csv(summarise({"1.parquet", "2.parquet"}, {.num_workers = workers})),
              expected);
  }
}

TEST_F(MissingTest, TotalsCountAllJobsAndClaimsWithoutAddress) {
  write("a.parquet", {{"A", "success", 2, true, "gs://b/o"},
                      {"A", "success", 2, true},
                      {"A", "failed", 2, true, "  "},
                      {"A", "success", 2, false},
                      {"B", "pending", 2, std::nullopt, "x"}});
  const MissingSummary summary = summarise({"a.parquet"}, {.depth = CountDepth::kTotals});
  ASSERT_EQ(summary.miners.size(), 2);
  const MinerTally& miner = summary.miners[0];
  EXPECT_EQ(miner.jobs, (StatusCounts{3, 1, 0, 0}));
  EXPECT_EQ(miner.missing, (StatusCounts{1, 0, 0, 0}));
  EXPECT_EQ(miner.claims_without_address, (StatusCounts{1, 1, 0, 0}));
  EXPECT_EQ(summary.miners[1].count_of_missing(), 0);
  EXPECT_EQ(summary.num_miners_with_missing(), 1);
  EXPECT_EQ(missing_csv(summary), std::string(kMissingHeader) + "A,1,1,0,0,0\r\n");
}

TEST_F(MissingTest, BreakdownCountsByHourAndModel) {
  write("a.parquet", {{"A", "success", 2, true, "x", 4},
                      {"A", "success", 2, false, "x", 4},
                      {"A", "success", 2, false, "x", 1}});
  const MissingSummary summary = summarise({"a.parquet"}, {.depth = CountDepth::kBreakdown});
  EXPECT_EQ(summary.hours, (std::vector<JobGroup>{{"1970-01-01T01:00:00Z", 1, 1},
                                                  {"1970-01-01T04:00:00Z", 2, 1}}));
  EXPECT_EQ(summary.models, (std::vector<JobGroup>{{"even", 2, 1}, {"UNKNOWN", 1, 1}}));
}

TEST_F(MissingTest, LimitAndTimeChooseRows) {
  std::vector<Job> jobs;
  for (int hour = 0; hour < 20; ++hour) {
    jobs.push_back({.hotkey = "A", .status = "success", .has_image = false, .hour = hour});
  }
  write("a.parquet", jobs);
  EXPECT_EQ(summarise({"a.parquet"}, {.max_rows = 7}).num_missing, 7);
  const tables::TimeFilter range{.since = Timestamp(std::chrono::hours(3)),
                                 .until = Timestamp(std::chrono::hours(9))};
  EXPECT_EQ(summarise({"a.parquet"}, {.time = range}).num_jobs, 6);
  EXPECT_EQ(summarise({"a.parquet"}, {.max_rows = 5, .time = range}).num_jobs, 2);
}

TEST_F(MissingTest, JsonTextIsMissingWithAWarningUnlessItIsParsed) {
  const std::vector<std::string_view> payloads = {
      R"({"image_uri": "gs://b/o"})",
      R"({"callback_metadata": {"has_image": false}, "image_uri": "gs://b/o"})",
      R"({"callback_metadata": {"has_image": true}})",
      R"({"callback_metadata": {"has_image": 1}, "image_uri": " "})",
      R"({"callback_metadata": "{\"has_image\": true}", "image_uri": 5})",
      "not json",
      "[1]"};
  const std::vector<ColumnSpec> columns = {{"response_payload"}};
  const std::vector<ColumnData> data = {{.values = std::span<const std::string_view>(payloads)}};
  write_columns("a.parquet", columns, payloads.size(), data);
  const MissingSummary ignored = summarise({"a.parquet"});
  EXPECT_EQ(ignored.num_missing, payloads.size());
  ASSERT_EQ(ignored.warnings.size(), 1);
  EXPECT_NE(ignored.warnings[0].find("a.parquet: column response_payload is JSON text"),
            std::string::npos);
  EXPECT_NE(ignored.warnings[0].find("--parse-json"), std::string::npos);

  const MissingSummary parsed =
      summarise({"a.parquet"}, {.json_payload = JsonPayload::kParse, .depth = CountDepth::kTotals});
  EXPECT_EQ(parsed.num_missing, 5);
  EXPECT_TRUE(parsed.warnings.empty());
  ASSERT_EQ(parsed.miners.size(), 1);
  EXPECT_EQ(sum(parsed.miners[0].claims_without_address), 1);
}

TEST_F(MissingTest, BinaryHotkeysAreTextOrHexAndZeroIsNoHotkey) {
  const std::vector<std::string_view> bytes = {"abc", "\xff\x01", "", "UNKNOWN"};
  const std::vector<ColumnSpec> binary = {{"miner_hotkey", ColumnType::kBinary}};
  const std::vector<ColumnData> data = {{.values = std::span<const std::string_view>(bytes)}};
  write_columns("b.parquet", binary, bytes.size(), data);
  EXPECT_EQ(
      missing_csv(summarise({"b.parquet"})),
      std::string(kMissingHeader) + "UNKNOWN,2,0,0,0,2\r\nabc,1,0,0,0,1\r\nff01,1,0,0,0,1\r\n");

  const std::vector<std::int64_t> numbers = {7, 0, -3, 7};
  const std::vector<ColumnSpec> integer = {{"miner_hotkey", ColumnType::kInt64}};
  const std::vector<ColumnData> counts = {{.values = std::span<const std::int64_t>(numbers)}};
  write_columns("i.parquet", integer, numbers.size(), counts);
  EXPECT_EQ(missing_csv(summarise({"i.parquet"})),
            std::string(kMissingHeader) + "7,2,0,0,0,2\r\nUNKNOWN,1,0,0,0,1\r\n-3,1,0,0,0,1\r\n");
}

TEST_F(MissingTest, ATextHotkeyThatIsNotUtf8NamesItsRow) {
  write("a.parquet", {{"A", "success"}, {"B", "success"}, {"C", "success"}, {"\xff", "success"}});
  const auto summary = try_summarise({"a.parquet"});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(summary.error().message,
            "a.parquet: row 4: column miner_hotkey: the text is not UTF-8");
}

TEST_F(MissingTest, AHotkeyColumnOfAnotherTypeIsRefused) {
  const std::vector<double> numbers = {1.5};
  const std::vector<ColumnSpec> columns = {{"miner_hotkey", ColumnType::kDouble}};
  const std::vector<ColumnData> data = {{.values = std::span<const double>(numbers)}};
  write_columns("a.parquet", columns, 1, data);
  const auto summary = try_summarise({"a.parquet"});
  ASSERT_FALSE(summary);
  EXPECT_EQ(
      summary.error().message,
      "a.parquet: column miner_hotkey: it is of type double; text, binary or integer is needed");
}

}  // namespace
}  // namespace assay::audit
