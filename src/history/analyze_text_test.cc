#include "history/analyze_text.h"

#include "history/analyze_page.h"
#include "history/text_table_internal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace assay::history {
namespace {

/// A few records of which more were rejected and failed than there are.
Analysis rejected_twice() {
  Analysis analysis;
  analysis.num_in_window = 3;
  analysis.all = {.generations = 3, .submitted = 1, .rejected_before = 2, .failed = 2};
  return analysis;
}

AnalyzeHeading heading_for(AnalyzeReport report) {
  AnalyzeHeading heading;
  heading.reports.add(report);
  return heading;
}

TEST(AnalysisText, CountsSubmissionsWhereTheOldProgramSubtracted) {
  const AnalyzeHeading heading = heading_for(AnalyzeReport::kSummary);
  EXPECT_TRUE(analysis_text(rejected_twice(), heading, TextForm::kOurs)
                  .contains("  Submitted: 1 (33.3%)\n"));
  EXPECT_TRUE(analysis_text(rejected_twice(), heading, TextForm::kAsBefore)
                  .contains("  Submitted: -1 (-33.3%)\n"));
}

TEST(AnalysisText, LeavesOutSectionsWithoutValues) {
  const std::string text =
      analysis_text(rejected_twice(), heading_for(AnalyzeReport::kSummary), TextForm::kOurs);
  EXPECT_FALSE(text.contains("Quality Metrics"));
  EXPECT_FALSE(text.contains("Timing"));
  EXPECT_EQ(analysis_text(rejected_twice(), heading_for(AnalyzeReport::kClip), TextForm::kOurs),
            "No CLIP scores found\n");
}

TEST(AnalysisText, ShowsNoControlCharactersFromRecords) {
  Analysis analysis = rejected_twice();
  analysis.num_listed_failures = 2;
  analysis.error_types = {{"Bad\n\x1b[2J", 2}};
  const std::string text =
      analysis_text(analysis, heading_for(AnalyzeReport::kFailures), TextForm::kOurs);
  EXPECT_FALSE(text.contains('\x1b'));
  EXPECT_TRUE(text.contains("  Bad␊␛[2J: 2 (100.0%)\n"));
}

TEST(AnalysisJson, SaysNullForWhatIsNoNumberAndWhatWasNotAsked) {
  Analysis analysis = rejected_twice();
  analysis.total_time_seconds = {.count = 1, .mean = std::numeric_limits<double>::infinity()};
  const std::string json = analysis_json(analysis, heading_for(AnalyzeReport::kSummary));
  EXPECT_TRUE(json.contains(R"("mean": null)"));
  EXPECT_TRUE(json.contains(R"("validators": null)"));
}

TEST(LineProblems, AreOneLineByKind) {
  record_reading::LineCounts lines;
  EXPECT_EQ(line_problems_text(lines), "");
  lines.num_blank = 4;
  lines.num_late_feedback = 4;
  EXPECT_EQ(line_problems_text(lines), "");
  EXPECT_EQ(count_line_problems(lines), 0U);
  lines.num_bad_json = 1;
  lines.num_bad_utf8 = 2;
  lines.num_no_object = 3;
  lines.num_too_long = 4;
  lines.num_nan = 5;
  lines.num_big_integer = 6;
  lines.num_lone_surrogate = 7;
  lines.num_bad_timestamp = 8;
  lines.num_missing_section = 9;
  EXPECT_EQ(count_line_problems(lines), 45U);
  lines.num_no_offset = 10;
  lines.num_duplicate = 11;
  EXPECT_EQ(count_line_problems(lines), 45U);
  EXPECT_EQ(line_problems_text(lines),
            "lines left out: 1 not JSON, 2 not UTF-8, 3 no object, 4 too long, 11 of an id that "
            "came before; lines read all the same: 5 with NaN or infinity, 6 with an integer over "
            "64 bits, 7 with a lone "
            "surrogate, 8 with a bad timestamp, 10 with a time without offset, taken as UTC, 9 "
            "with a missing or null section");
}

TEST(TextTable, GroupsDigits) {
  EXPECT_EQ(grouped_text(0), "0");
  EXPECT_EQ(grouped_text(999.5), "1,000");
  EXPECT_EQ(grouped_text(354758.6), "354,759");
  EXPECT_EQ(grouped_text(-1234567), "-1,234,567");
  EXPECT_EQ(grouped_text(-999), "-999");
  EXPECT_EQ(grouped_text(std::numeric_limits<double>::infinity()), "inf");
}

TEST(TextTable, AlignsByCharactersNotBytes) {
  EXPECT_EQ(aligned_table({{"é", "1"}, {"ab", "10"}}), "é    1\nab  10\n");
}

TEST(AnalysisPage, GathersDaysSoThatColumnsStayFew) {
  Analysis analysis = rejected_twice();
  for (const char* day : {"1971-01-01", "2025-11-30", "9999-12-31"}) {
    const auto time = parse_timestamp(day).value();
    analysis.days.push_back(
        {std::chrono::floor<std::chrono::days>(time), {.generations = 1, .submitted = 1}});
  }
  const std::string page = analysis_page(analysis, AnalyzeHeading(), "test");
  EXPECT_TRUE(page.contains("1971-01-01 to 9999-12-31 UTC"));
  EXPECT_LT(page.size(), 200'000U);
}

TEST(AnalysisPage, FoldsReasonsThatEndInAValue) {
  Analysis analysis = rejected_twice();
  analysis.rejection_reasons = {
      {"timeout_risk", 2}, {"clip_score_too_low_0.2", 2}, {"clip_score_too_low_0.31", 1}};
  const std::string page = analysis_page(analysis, AnalyzeHeading(), "test");
  EXPECT_TRUE(page.contains(">clip_score_too_low<"));
  EXPECT_LT(page.find(">clip_score_too_low<"), page.find(">timeout_risk<"));
  EXPECT_FALSE(page.contains("0.31"));
}

}  // namespace
}  // namespace assay::history
