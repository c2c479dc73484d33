#include "audit/redact.h"

#include "audit/inspect.h"
#include "crypto/hmac.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "tables/leaf_scan.h"
#include "tables/parquet_writer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace assay::audit {
namespace {

using tables::ColumnData;
using tables::ColumnSpec;
using Texts = std::vector<std::optional<std::string>>;

class RedactTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<ColumnSpec> columns = {{"job_id"},
                                             {"payload.prompt"},
                                             {"payload.steps", tables::ColumnType::kInt32},
                                             {"response.image_uri"},
                                             {"response.note"}};
    const std::vector<std::string_view> ids = {"1", "2", "3"};
    const std::vector<std::string_view> prompts = {"a cat", "a dog", "a cat"};
    const std::vector<std::int32_t> steps = {1, 2, 3};
    const std::vector<std::int16_t> uri_levels = {2, 1, 2};
    const std::vector<std::string_view> uris = {"gs://b/o", " \t"};
    const std::vector<ColumnData> data = {
        {.values = std::span<const std::string_view>(ids)},
        {.values = std::span<const std::string_view>(prompts)},
        {.values = std::span<const std::int32_t>(steps)},
        {.levels = uri_levels, .values = std::span<const std::string_view>(uris)},
        {.values = std::span<const std::string_view>(ids)}};
    auto writer = tables::ParquetWriter::create(disk_, "in.parquet", columns);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->write_row_group(3, data));
    ASSERT_TRUE(writer->finish());
  }

  Result<RedactSummary> redact_with(const RedactOptions& options) {
    return redact(sources_, "in.parquet", "out.parquet", crypto::Secret(std::string_view("salt")),
                  options, {});
  }

  Texts read(const std::string& file, const std::string& leaf) {
    auto scan =
        tables::LeafScan::open(sources_, {{file, {}}}, {.leaves = {leaf}, .num_workers = 1}, {});
    EXPECT_TRUE(scan);
    Texts texts;
    EXPECT_TRUE(scan->run(
        [&](std::size_t, tables::LeafBatch& batch) -> Status {
          ASSIGN_OR_RETURN(const auto* column, batch.column(0));
          for (std::size_t row = 0; row < batch.num_rows(); ++row) {
            const auto text = column->text(row);
            texts.push_back(text ? std::optional(std::string(*text)) : std::nullopt);
          }
          return {};
        },
        {}));
    return texts;
  }

  static std::string hashed(std::string_view text) {
    return crypto::hmac_sha256(as_bytes("salt"), text).to_hex();
  }

  files::testing::SimulatedFileSystem disk_;
  tables::DatasetSources sources_{.file_system = &disk_};
};

TEST_F(RedactTest, HashesPromptsAndAddressesAndLeavesNullAndBlank) {
  const auto summary = redact_with({});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_rows, 3);
  EXPECT_EQ(summary->columns, (std::vector<std::string>{"payload.prompt", "response.image_uri"}));
  EXPECT_EQ(read("out.parquet", "payload.prompt"),
            (Texts{hashed("a cat"), hashed("a dog"), hashed("a cat")}));
  EXPECT_EQ(read("out.parquet", "response.image_uri"),
            (Texts{hashed("gs://b/o"), std::nullopt, " \t"}));
  EXPECT_EQ(read("out.parquet", "job_id"), read("in.parquet", "job_id"));
}

TEST_F(RedactTest, TakesNamedColumnsAndKeepsOthers) {
  const auto summary = redact_with({.columns = {"response"}, .keep = {"payload.prompt"}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->columns, (std::vector<std::string>{"response.image_uri", "response.note"}));
}

TEST_F(RedactTest, RefusesColumnsThatItCannotHash) {
  for (const char* column : {"none", "payload.steps", "pay"}) {
    const auto summary = redact_with({.columns = {column}});
    ASSERT_FALSE(summary) << column;
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_FALSE(redact_with({.keep = {"payload", "response"}}));
  EXPECT_FALSE(disk_.info("out.parquet")->has_value());
}

TEST_F(RedactTest, NoCleartextIsLeftInTheFile) {
  ASSERT_TRUE(redact_with({}));
  const auto bytes = files::read_file(disk_, "out.parquet", ByteCount(1 << 20));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->find("a cat"), std::string::npos);
  EXPECT_EQ(bytes->find("gs://"), std::string::npos);
}

TEST(SensitiveColumn, IsKnownByAWordOfItsPath) {
  for (const char* path : {"prompt", "payload.negative_prompt", "image_uri", "imageUrl",
                           "a.URIs.list.element", "bucket", "r.object_path"}) {
    EXPECT_TRUE(is_sensitive_column(path)) << path;
  }
  for (const char* path :
       {"prompt_hash", "image_sha256", "uri_hash", "miner_hotkey", "promptly", "curious"}) {
    EXPECT_FALSE(is_sensitive_column(path)) << path;
  }
}

TEST_F(RedactTest, InspectTellsWhatTheAuditFinds) {
  const std::vector<tables::DatasetFile> files = {{"in.parquet", {}}};
  const auto inspection = inspect(sources_, files, {});
  ASSERT_TRUE(inspection) << inspection.error().message;
  const auto fitness = [&](std::string_view path) {
    for (const NeededColumn& column : inspection->needed) {
      if (column.path == path) return column.fitness;
    }
    return Fitness::kUnusual;
  };
  EXPECT_EQ(fitness("job_id"), Fitness::kGood);
  EXPECT_EQ(fitness("created_at"), Fitness::kAbsent);
  const std::string text = inspection_text(*inspection);
  EXPECT_TRUE(text.starts_with("in.parquet: 3 rows, 3 columns, 1 row group, ")) << text;
  EXPECT_NE(text.find("\n  prompt "), std::string::npos) << text;
  EXPECT_NE(inspection_json(*inspection).find("\"path\": \"response.image_uri\""),
            std::string::npos);
}

}  // namespace
}  // namespace assay::audit
