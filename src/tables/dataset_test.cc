#include "tables/dataset.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "tables/testing/memory_sources.h"

#include <gtest/gtest.h>

namespace assay::tables {
namespace {

class DatasetTest : public ::testing::Test {
 protected:
  void put(const std::string& path) {
    const Status written = files::write_file(disk_, path, "x");
    EXPECT_TRUE(written) << written.error().message;
  }
  std::vector<DatasetFile> expand(std::vector<std::string> arguments) {
    auto found = expand_dataset(sources_, arguments);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(std::vector<DatasetFile>());
  }
  Error failure(const std::string& argument) {
    auto found = expand_dataset(sources_, std::vector<std::string>{argument});
    EXPECT_FALSE(found);
    return found ? Error() : found.error();
  }

  files::testing::SimulatedFileSystem disk_;
  testing::MemorySources memory_;
  DatasetSources sources_{.file_system = &disk_, .remote = &memory_};
};

TEST_F(DatasetTest, AFileStandsForItselfAndFolderNamesAboveItDoNotCount) {
  put("d/status=failed/p.parquet");
  const std::vector<DatasetFile> expected = {{"d/status=failed/p.parquet", {}}};
  EXPECT_EQ(expand({"d/.//status=failed/p.parquet"}), expected);
  EXPECT_EQ(expand({"file://d/status=failed/p.parquet"}), expected);
}

TEST_F(DatasetTest, AFolderStandsForTheParquetFilesBelowItInNameOrder) {
  for (const char* path : {"d/b.parquet", "d/a/z.parquet", "d/a.parquet", "d/_hidden/x.parquet",
                           "d/.x.parquet", "d/_x.parquet", "d/notes.txt", "d/c.parquet"}) {
    put(path);
  }
  const std::vector<DatasetFile> expected = {
      {"d/a/z.parquet", {}}, {"d/a.parquet", {}}, {"d/b.parquet", {}}, {"d/c.parquet", {}}};
  EXPECT_EQ(expand({"d"}), expected);
  EXPECT_EQ(expand({"d/"}), expected);
}

TEST_F(DatasetTest, FoldersNamedKeyEqualsValueBecomeColumns) {
  put("d/day=1/region=a%20b/p.parquet");
  put("d/day=2/region=__HIVE_DEFAULT_PARTITION__/p.parquet");
  const std::vector<DatasetFile> expected = {
      {"d/day=1/region=a%20b/p.parquet", {{"day", "1"}, {"region", "a b"}}},
      {"d/day=2/region=__HIVE_DEFAULT_PARTITION__/p.parquet",
       {{"day", "2"}, {"region", std::nullopt}}}};
  EXPECT_EQ(expand({"d"}), expected);
}

TEST_F(DatasetTest, APatternStandsForWhatItMatchesUnlessAFileHasThatName) {
  put("d/a1.parquet");
  put("d/a2.parquet");
  put("d/b.parquet");
  const std::vector<DatasetFile> expected = {{"d/a1.parquet", {}}, {"d/a2.parquet", {}}};
  EXPECT_EQ(expand({"d/a*.parquet"}), expected);
  put("d/a*.parquet");
  EXPECT_EQ(expand({"d/a*.parquet"}), (std::vector<DatasetFile>{{"d/a*.parquet", {}}}));
}

TEST_F(DatasetTest, ArgumentsAddUpInTheirOrder) {
  put("b.parquet");
  put("a.parquet");
  const std::vector<DatasetFile> expected = {
      {"b.parquet", {}}, {"a.parquet", {}}, {"b.parquet", {}}};
  EXPECT_EQ(expand({"b.parquet", "a.parquet", "b.parquet"}), expected);
}

TEST_F(DatasetTest, SaysWhatIsNotThere) {
  put("empty/notes.txt");
  EXPECT_EQ(failure("none.parquet").message, "Parquet file not found: none.parquet");
  EXPECT_EQ(failure("none.parquet").code, ErrorCode::kNotFound);
  EXPECT_EQ(failure("none*.parquet").code, ErrorCode::kNotFound);
  EXPECT_EQ(failure("empty").message, "empty: no *.parquet files in this folder");
  EXPECT_EQ(failure("empty").code, ErrorCode::kInvalidInput);
}

TEST_F(DatasetTest, ARemoteFolderIsListed) {
  for (const char* address : {"gs://b/d/x=1/p.parquet", "gs://b/d/a.parquet",
                              "gs://b/d/_t/a.parquet", "gs://b/d2/a.parquet", "gs://b/d/readme"}) {
    memory_.set(address, "");
  }
  const std::vector<DatasetFile> expected = {{"gs://b/d/a.parquet", {}},
                                             {"gs://b/d/x=1/p.parquet", {{"x", "1"}}}};
  EXPECT_EQ(expand({"gs://b/d"}), expected);
  EXPECT_EQ(expand({"gs://b/d/"}), expected);
  EXPECT_EQ(expand({"gs://b/d/a.parquet"}), (std::vector<DatasetFile>{{"gs://b/d/a.parquet", {}}}));
  EXPECT_EQ(failure("gs://b/none").code, ErrorCode::kNotFound);
}

TEST_F(DatasetTest, ARemotePatternStandsForWhatItMatches) {
  for (const char* address : {"gs://b/d/2025-10/x=1/p.parquet", "gs://b/d/2025-10/a.parquet",
                              "gs://b/d/2025-11/a.parquet", "gs://b/d/2025-11/_t/a.parquet",
                              "gs://b/d/2026-01/a.parquet", "gs://b/d/2025-10.txt"}) {
    memory_.set(address, "");
  }
  EXPECT_EQ(expand({"gs://b/d/*/a.parquet"}),
            (std::vector<DatasetFile>{{"gs://b/d/2025-10/a.parquet", {}},
                                      {"gs://b/d/2025-11/a.parquet", {}},
                                      {"gs://b/d/2026-01/a.parquet", {}}}));
  // Folders stand for what is below them, their own names not counted.
  const std::vector<DatasetFile> of_2025 = {{"gs://b/d/2025-10/a.parquet", {}},
                                            {"gs://b/d/2025-10/x=1/p.parquet", {{"x", "1"}}},
                                            {"gs://b/d/2025-11/a.parquet", {}}};
  EXPECT_EQ(expand({"gs://b/d/2025-1[0-9]"}), of_2025);
  EXPECT_EQ(expand({"gs://b/d/2025-1?/"}), of_2025);
  EXPECT_EQ(expand({"gs://b/**/p.parquet"}),
            (std::vector<DatasetFile>{{"gs://b/d/2025-10/x=1/p.parquet", {}}}));
  EXPECT_EQ(failure("gs://b/d/*.parquet").message,
            "Parquet file not found: no object matches gs://b/d/*.parquet");
  EXPECT_EQ(failure("gs://b*/d").code, ErrorCode::kInvalidInput);
  EXPECT_EQ(failure("gs://*").code, ErrorCode::kInvalidInput);
  memory_.set("gs://b/d/*.parquet", "");
  EXPECT_EQ(expand({"gs://b/d/*.parquet"}), (std::vector<DatasetFile>{{"gs://b/d/*.parquet", {}}}));
}

TEST_F(DatasetTest, RemoteAddressesNeedSomeoneWhoKnowsThem) {
  sources_.remote = nullptr;
  EXPECT_EQ(failure("s3://b/a.parquet").code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(is_remote_address("://x"));
  EXPECT_FALSE(is_remote_address("dir/s3://x"));
  EXPECT_FALSE(is_remote_address("file://x"));
  EXPECT_TRUE(is_remote_address("s3://b/*.parquet"));
}

}  // namespace
}  // namespace assay::tables
