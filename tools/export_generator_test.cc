#include "tools/export_generator.h"

#include "audit/missing.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace assay::tools {
namespace {

audit::MissingSummary summarise(const std::filesystem::path& path) {
  const tables::DatasetSources sources{.file_system = &files::posix_file_system()};
  auto summary = audit::summarise_missing(sources, {{path.native(), {}}}, {}, {});
  EXPECT_TRUE(summary.has_value()) << summary.error().message;
  return summary.value_or(audit::MissingSummary());
}

TEST(ExportGenerator, HasTheTotalsOfTheRealExport) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "export.parquet";
  ASSERT_TRUE(write_export(files::posix_file_system(), path, {}));

  const audit::MissingSummary summary = summarise(path);
  EXPECT_EQ(summary.num_jobs, 7884);
  EXPECT_EQ(summary.num_missing, 3779);
  EXPECT_EQ(summary.num_miners_with_missing(), 59);
  const auto is_suspect = [](const audit::MinerTally& miner) {
    const auto missing = miner.count_of_missing();
    return missing >= 50 && 2 * miner.missing_with(audit::JobStatus::kSuccess) >= missing;
  };
  EXPECT_EQ(std::ranges::count_if(summary.miners, is_suspect), 29);
}

TEST(ExportGenerator, TotalsDoNotDependOnTheSeedOrTheRowGroups) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "export.parquet";
  ASSERT_TRUE(write_export(files::posix_file_system(), path,
                           {.seed = 7, .row_group_rows = 1000, .fault_share = 0.1}));
  const audit::MissingSummary summary = summarise(path);
  EXPECT_EQ(summary.num_jobs, 7884);
  EXPECT_EQ(summary.num_missing, 3779);
  EXPECT_EQ(summary.num_miners_with_missing(), 59);
}

TEST(ExportGenerator, SameOptionsGiveTheSameBytes) {
  const files::testing::TemporaryFolder folder;
  std::string bytes[2];
  for (std::string& text : bytes) {
    const ExportOptions options{.num_rows = 500,
                                .objects = folder.path() / "objects.tsv",
                                .absent_share = 0.2,
                                .fault_share = 0.1};
    ASSERT_TRUE(write_export(files::posix_file_system(), folder.path() / "x.parquet", options));
    for (const char* name : {"x.parquet", "objects.tsv"}) {
      const auto read = files::read_file(files::posix_file_system(), folder.path() / name,
                                         ByteCount(std::uint64_t{1} << 24));
      ASSERT_TRUE(read);
      text += *read;
    }
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

}  // namespace
}  // namespace assay::tools
