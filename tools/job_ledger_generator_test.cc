#include "tools/job_ledger_generator.h"

#include "audit/run.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "jobs/job_export.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

// Where the jobs of a validator meet the audit: what the one writes, the other reads, and it says
// of each miner what is true.

namespace assay::tools {
namespace {

/// The audit of `/jobs.parquet`, asked about the images in `/store`.
Result<audit::RunOutcome> audit_of(files::FileSystem& file_system) {
  static SeededRandom random(1);
  audit::RunOptions options{.folder = "/reports", .files = {{"/jobs.parquet", {}}}};
  options.verify = audit::VerifyOptions{.parquet = {"/jobs.parquet"}, .rules = {.root = "/store"}};
  audit::RunEnvironment environment{.verify = {.sources = {.file_system = &file_system},
                                               .services = {.file_system = &file_system,
                                                            .clock = &system_clock(),
                                                            .random = &random}},
                                    .clock = &system_clock()};
  return audit::run_audit(options, environment, {});
}

TEST(JobExport, TheAuditNamesExactlyTheFalseClaimers) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    files::testing::SimulatedFileSystem file_system;
    const auto made = make_job_ledger(file_system, "/jobs",
                                      {.num_miners = 12, .jobs_per_miner = 12, .seed = seed});
    ASSERT_TRUE(made) << made.error().message;
    for (const std::string& object : made->objects) {
      ASSERT_TRUE(files::write_file(file_system, "/store/" + object, "an image"));
    }
    const auto exported = jobs::export_jobs(file_system, "/jobs", "/jobs.parquet");
    ASSERT_TRUE(exported) << exported.error().message;
    EXPECT_EQ(exported->num_jobs, made->num_jobs);
    EXPECT_EQ(exported->num_miners, 12U);
    EXPECT_EQ(exported->counts.verified, made->objects.size());

    const auto outcome = audit_of(file_system);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(outcome->warnings.empty());
    EXPECT_EQ(outcome->report.totals.jobs, made->num_jobs);
    EXPECT_EQ(outcome->report.totals.absent_objects, exported->counts.missing);
    std::vector<std::string> suspects;
    for (const auto& miner : outcome->report.miners) {
      if (miner.claims_suspect() || miner.ratio_suspect) suspects.push_back(miner.hotkey);
    }
    std::ranges::sort(suspects);
    auto expected = made->false_claimers;
    std::ranges::sort(expected);
    EXPECT_EQ(suspects, expected) << "seed " << seed;
  }
}

TEST(JobLedgerGenerator, TheLedgerOfTheTestsIsTheOneThatIsMadeNow) {
  files::testing::SimulatedFileSystem file_system;
  ASSERT_TRUE(make_job_ledger(file_system, "/jobs", {}));
  const std::string name = "00000000000000000001.journal";
  const auto committed = files::read_file(
      files::posix_file_system(), std::filesystem::path(ASSAY_TEST_DATA) / "job_ledger/jobs" / name,
      ByteCount(1U << 20));
  ASSERT_TRUE(committed) << committed.error().message;
  // Ledgers of users are in this form: a change needs another version of the records.
  EXPECT_TRUE(file_system.content("/jobs/" + name) == *committed);
}

}  // namespace
}  // namespace assay::tools
