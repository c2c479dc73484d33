#include "audit/flag.h"

#include "core/testing/stopped_token.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

namespace assay::audit {
namespace {

Result<FlaggedMiners> flag(std::string csv, const FlagOptions& options = {}) {
  const auto source = files::memory_byte_source("summary.csv", std::move(csv));
  return flag_miners(*source, options, {});
}

std::string flagged_csv(std::string csv, const FlagOptions& options = {}) {
  const auto flagged = flag(std::move(csv), options);
  return flagged ? to_csv(*flagged) : flagged.error().message;
}

constexpr std::string_view kFlaggedHeader =
    "miner_hotkey,missing_jobs,success_missing,success_missing_ratio\r\n";

TEST(FlagMiners, TakesBothBoundsInclusiveAndKeepsTheOrder) {
  EXPECT_EQ(flagged_csv("miner_hotkey,missing_jobs,success_missing\r\n"
                        "B,49,49\r\nA,50,25\r\nD,50,24\r\n\"C,\"\"c\",100,100\r\n"),
            std::string(kFlaggedHeader) + "A,50,25,0.5000\r\n\"C,\"\"c\",100,100,1.0000\r\n");
}

TEST(FlagMiners, GivesARatioOfZeroWithoutMissingJobs) {
  EXPECT_EQ(flagged_csv("miner_hotkey,missing_jobs,success_missing\nA,0,5\n",
                        {.success_ratio = 0, .min_missing = python_form::PythonInteger(0)}),
            std::string(kFlaggedHeader) + "A,0,5,0.0000\r\n");
}

TEST(FlagMiners, NamesRowAndColumnOfABadCell) {
  EXPECT_EQ(flagged_csv("miner_hotkey,missing_jobs,success_missing\nA,60,40\n\nB,60.0,1\n"),
            "summary.csv: row 2 (line 4): missing_jobs: \"60.0\" is not an integer");
  EXPECT_EQ(flagged_csv("miner_hotkey,missing_jobs,success_missing\nA,60\n"),
            "summary.csv: row 1 (line 2): success_missing: the row is too short: an integer is "
            "expected here");
}

TEST(FlagMiners, NeedsAColumnOnlyForARowThatUsesIt) {
  EXPECT_EQ(flagged_csv("a,b\n"), kFlaggedHeader);
  EXPECT_EQ(flagged_csv(""), kFlaggedHeader);
  EXPECT_EQ(flagged_csv("missing_jobs,success_missing\n1,1\n"), kFlaggedHeader);
  const auto flagged = flag("missing_jobs,success_missing\n1,1\n60,60\n");
  ASSERT_FALSE(flagged);
  EXPECT_EQ(flagged.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(flagged.error().message.find("row 2 (line 3): miner_hotkey"), std::string::npos);
}

TEST(FlagMiners, TakesAnAbsentHotkeyCellAsEmpty) {
  EXPECT_EQ(flagged_csv("missing_jobs,success_missing,miner_hotkey\n60,40\n"),
            std::string(kFlaggedHeader) + ",60,40,0.6667\r\n");
}

TEST(FlagMiners, JudgesIntegersOfAnySize) {
  const std::string huge = "1" + std::string(40, '0');
  EXPECT_EQ(
      flagged_csv("miner_hotkey,missing_jobs,success_missing\nA," + huge + ",+9" +
                  std::string(39, '0') + "\n"),
      std::string(kFlaggedHeader) + "A," + huge + ",9" + std::string(39, '0') + ",0.9000\r\n");
  const auto flagged = flag("missing_jobs,success_missing\n1,1" + std::string(309, '0') + "\n");
  ASSERT_FALSE(flagged);
  EXPECT_EQ(flagged.error().message,
            "summary.csv: row 1 (line 2): success_missing: the quotient of two integers is too "
            "large for a 64-bit float");
}

TEST(FlagMiners, FlagsNothingAtARatioThatIsNoNumber) {
  EXPECT_EQ(flagged_csv("miner_hotkey,missing_jobs,success_missing\nA,60,60\n",
                        {.success_ratio = std::numeric_limits<double>::quiet_NaN()}),
            kFlaggedHeader);
}

TEST(FlagMiners, StopsWhenAsked) {
  const auto source = files::memory_byte_source("s.csv", "missing_jobs,success_missing\n1,1\n");
  const auto flagged = flag_miners(*source, {}, assay::testing::stopped_token());
  ASSERT_FALSE(flagged);
  EXPECT_EQ(flagged.error().code, ErrorCode::kCancelled);
}

TEST(DescribeFlagged, PrintsTheOptionsAsPythonDoes) {
  EXPECT_EQ(describe({}, {}, "out.csv"), "Flagged 0 miners (ratio>= 0.5, missing>= 50) -> out.csv");
  EXPECT_EQ(
      describe({}, {.success_ratio = 1e-7, .min_missing = python_form::PythonInteger(-1)}, "o"),
      "Flagged 0 miners (ratio>= 1e-07, missing>= -1) -> o");
  EXPECT_EQ(describe({}, {.success_ratio = -std::numeric_limits<double>::quiet_NaN()}, "o"),
            "Flagged 0 miners (ratio>= nan, missing>= 50) -> o");
}

TEST(FormatRatio, RoundsTheExactValue) {
  EXPECT_EQ(format_ratio(0.00005), "0.0001");
  EXPECT_EQ(format_ratio(0.00015), "0.0001");
  EXPECT_EQ(format_ratio(-0.0), "-0.0000");
  EXPECT_EQ(format_ratio(1e22), "10000000000000000000000.0000");
  EXPECT_EQ(format_ratio(std::numeric_limits<double>::max()).size(), 314U);
}

}  // namespace
}  // namespace assay::audit
