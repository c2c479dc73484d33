#include "audit/report_page.h"

#include "audit/report_page_internal.h"
#include "audit/testing/sample_report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace assay::audit {
namespace {

bool holds(std::string_view page, std::string_view part) { return page.contains(part); }

std::size_t count_of(std::string_view page, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = page.find(part); at != std::string_view::npos;
       at = page.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(AuditPage, SaysAtTheTopWhoIsSuspect) {
  AuditReport audit = make_sample_report();
  for (AuditReport::Miner& miner : audit.miners) miner.claims_test = std::nullopt;
  const std::string page = render_audit_page(audit);
  EXPECT_TRUE(holds(page, "29 of 59 miners are suspect."));
  EXPECT_TRUE(holds(page, "The ratio rule marks 29 miners. The exact test was not made."));
}

TEST(AuditPage, ShowsWhereTheRulesDisagree) {
  AuditReport audit;
  audit.totals.jobs = 300;
  audit.miners = {{.hotkey = "both", .jobs = 100, .missing = 60, .ratio_suspect = true},
                  {.hotkey = "ratio", .jobs = 100, .missing = 60, .ratio_suspect = true},
                  {.hotkey = "claims", .jobs = 100, .missing = 40}};
  audit.miners[0].claims_test = AuditReport::ClaimsTest{.suspect = true};
  audit.miners[1].claims_test = AuditReport::ClaimsTest{};
  audit.miners[2].claims_test = AuditReport::ClaimsTest{.suspect = true};
  const SuspectCounts counts = count_suspects(audit);
  EXPECT_EQ(counts.both, 1U);
  EXPECT_EQ(counts.ratio_only, 1U);
  EXPECT_EQ(counts.claims_only, 1U);
  EXPECT_EQ(counts.neither, 0U);
  EXPECT_TRUE(holds(render_audit_page(audit), "3 of 3 miners are suspect."));
}

TEST(AuditPage, HoldsEveryMinerOfAThousand) {
  const std::string page = render_audit_page(make_sample_report({.num_miners = 2000}));
  EXPECT_TRUE(holds(page, "Miners: 2,000 rows"));
  EXPECT_TRUE(holds(page, "the 30 miners with the most missing of 2,000"));
}

TEST(AuditPage, AnEmptyReportIsAWholePage) {
  const std::string page = render_audit_page(AuditReport{});
  EXPECT_TRUE(holds(page, "the export holds no job"));
  EXPECT_TRUE(holds(page, "The export has no times."));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(AuditPage, NoSuspectIsSaidInWords) {
  AuditReport audit;
  audit.totals.jobs = 1;
  audit.miners = {{.hotkey = "a", .jobs = 1}};
  const std::string page = render_audit_page(audit);
  EXPECT_TRUE(holds(page, "No miner is suspect."));
  EXPECT_TRUE(holds(page, "Neither rule marks a miner."));
}

TEST(AuditPage, HostileNamesCannotAct) {
  const std::string page = render_audit_page(make_sample_report());
  EXPECT_EQ(count_of(page, "<script"), 1U);  // the page's own
  EXPECT_TRUE(holds(page, "&lt;script&gt;alert(&#39;hotkey&#39;)&lt;/script&gt;"));
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested.
  EXPECT_FALSE(holds(page, "\u202e"));
  EXPECT_FALSE(holds(page, "\x1b"));
}

TEST(AuditPage, LoadsNothingAndSaysSo) {
  const std::string page = render_audit_page(make_sample_report());
  EXPECT_TRUE(holds(page, "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'"));
  for (const std::string_view part : {"http:", "https:", "url(", "src=", "<link", " style="}) {
    EXPECT_FALSE(holds(page, part)) << part;
  }
}

TEST(AuditPage, TheSameReportGivesTheSameBytes) {
  EXPECT_EQ(render_audit_page(make_sample_report()), render_audit_page(make_sample_report()));
}

TEST(AuditPage, TellsWhatWasNotChecked) {
  AuditReport audit = make_sample_report();
  audit.not_checked = {{"Rows with <odd> addresses.", 1234}};
  audit.options.limit = 100;
  const std::string page = render_audit_page(audit);
  EXPECT_TRUE(holds(page, "<strong>1,234</strong>: Rows with &lt;odd&gt; addresses."));
  EXPECT_TRUE(holds(page, "in the first 100 rows of the export only"));
  audit.verdicts = std::nullopt;
  EXPECT_TRUE(holds(render_audit_page(audit), "was not asked about any image"));
}

TEST(AuditPage, ShowsDetailsOnlyWhenTheyWereAskedFor) {
  AuditReport audit = make_sample_report();
  const std::string page = render_audit_page(audit);
  EXPECT_TRUE(holds(page, "Claims whose object is there, but odd"));
  EXPECT_TRUE(holds(page, "1,204"));
  audit.details = std::nullopt;
  EXPECT_FALSE(holds(render_audit_page(audit), "whose object is there, but odd"));
}

TEST(AuditPage, LongSpansGetWiderColumns) {
  AuditReport audit;
  const Timestamp start = std::chrono::sys_days(std::chrono::year(2025) / 1 / 1);
  audit.by_hour = {{start, 5, 1}, {start + std::chrono::hours(30), 5, 1}};
  EXPECT_TRUE(holds(render_audit_page(audit), "Jobs per hour (UTC)"));
  audit.by_hour.push_back({start + std::chrono::days(20), 5, 1});
  EXPECT_TRUE(holds(render_audit_page(audit), "Jobs per 3 hours (UTC)"));
  audit.by_hour.push_back({start + std::chrono::days(170), 5, 1});
  EXPECT_TRUE(holds(render_audit_page(audit), "Jobs per day (UTC)"));
  audit.by_hour.push_back({Timestamp(), 5, 1});
  const std::string page = render_audit_page(audit);
  EXPECT_TRUE(holds(page, "days (UTC)"));
  EXPECT_LE(count_of(page, "UTC: missing"), 4U);  // empty columns are not drawn
}

TEST(AuditPage, TimesFarOutsideDoNotMakeItLarge) {
  AuditReport audit;
  audit.by_hour = {{*parse_timestamp("0001-01-01T00:00:00Z"), 5, 1},
                   {*parse_timestamp("9999-12-31T23:00:00Z"), 5, 1}};
  EXPECT_LT(render_audit_page(audit).size(), 100'000U);
}

}  // namespace
}  // namespace assay::audit
