#include "audit/absent_objects.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::audit {
namespace {

Result<AbsentObjects> count(std::string csv) {
  const auto source = files::memory_byte_source("report.csv", std::move(csv));
  return count_absent_objects(*source, {});
}

const std::string kVerdictsHeader = "job_id,miner_hotkey,uri_hash,exists,error\r\n";

TEST(CountAbsentObjects, CountsOnlyWhatIsKnownToBeAbsent) {
  const auto absent = count(kVerdictsHeader +
                            "1,A,h,True,\r\n"
                            "2,A,h,False,\r\n"
                            "3,A,h,False,\r\n"
                            "4,A,h,,denied (403)\r\n"
                            "5,A,h,,\"unknown (503, 6 tries)\"\r\n"
                            "6,A,h,False,\"403 GET uri:h: Forbidden\"\r\n"
                            "7,,h,False,\r\n"
                            "8,UNKNOWN,h,False,\r\n"
                            "9,\"hk\r\nnl\",h,False,\r\n");
  ASSERT_TRUE(absent) << absent.error().message;
  EXPECT_EQ(*absent, (AbsentObjects{{"A", 2}, {"UNKNOWN", 2}, {"hk\r\nnl", 1}}));
}

TEST(CountAbsentObjects, TakesAReportWithoutRows) {
  EXPECT_TRUE(count(kVerdictsHeader).value().empty());
}

TEST(CountAbsentObjects, RefusesWhatIsNoReport) {
  const auto message = [](std::string csv) {
    const auto absent = count(std::move(csv));
    EXPECT_FALSE(absent);
    if (absent) return std::string();
    EXPECT_EQ(absent.error().code, ErrorCode::kInvalidInput);
    return absent.error().message;
  };
  EXPECT_EQ(message("miner_hotkey,missing_jobs\r\nA,5\r\n"),
            "report.csv: no column exists; is this the CSV that `assay audit verify` writes?");
  EXPECT_EQ(message(kVerdictsHeader + "1,A,h,True,\r\n2,A,h,no,\r\n"),
            "report.csv: row 2 (line 3): exists: \"no\" is neither True nor False nor empty");
  EXPECT_EQ(message(kVerdictsHeader + "1,A,h,Fal"),
            "report.csv: row 1 (line 2): the row is cut short; run `assay audit verify` again");
}

std::vector<MinerTotals> fleet() {
  return {
      {.hotkey = "A", .jobs = 9, .claims = 5, .success_missing = 2, .claims_without_address = 1},
      {.hotkey = "B", .jobs = 3, .claims = 3}};
}

TEST(WithAbsentObjects, AddsTheCountsToTheirMiners) {
  const auto totals = with_absent_objects(fleet(), {{"A", 2}});
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->at(0).absent_objects, 2U);
  EXPECT_EQ(totals->at(0).claims_without_image(), 5U);
  EXPECT_EQ(totals->at(1).absent_objects, 0U);
}

TEST(WithAbsentObjects, RefusesTheReportOfAnotherExport) {
  const auto stranger = with_absent_objects(fleet(), {{"C", 1}});
  ASSERT_FALSE(stranger);
  EXPECT_NE(stranger.error().message.find("no job in the export"), std::string::npos);
  const auto too_many = with_absent_objects(fleet(), {{"A", 3}});
  ASSERT_FALSE(too_many);
  EXPECT_NE(too_many.error().message.find("more than it claims"), std::string::npos);
}

}  // namespace
}  // namespace assay::audit
