#include "audit/diff.h"

#include "audit/testing/sample_report.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace assay::audit {
namespace {

using Names = std::vector<std::string>;

AuditReport::Miner miner(std::string hotkey, std::uint64_t missing, bool ratio_suspect,
                         bool claims_suspect) {
  AuditReport::Miner miner{.hotkey = std::move(hotkey), .jobs = 100, .missing = missing};
  miner.ratio_suspect = ratio_suspect;
  miner.claims_test = AuditReport::ClaimsTest{.claims = 50, .suspect = claims_suspect};
  return miner;
}

AuditReport report_of(std::vector<AuditReport::Miner> miners) {
  AuditReport audit;
  audit.miners = std::move(miners);
  for (const auto& each : audit.miners) {
    audit.totals.jobs += each.jobs;
    audit.totals.missing += each.missing;
  }
  return audit;
}

TEST(Diff, OfAReportWithItselfIsNothing) {
  const AuditReport audit = make_sample_report();
  AuditReport later = audit;
  later.created_at += std::chrono::hours(1);
  const AuditDiff diff = diff_reports(audit, later);
  EXPECT_FALSE(diff.has_changes());
  EXPECT_EQ(diff.by_ratio.still.size(), 29U);
  EXPECT_EQ(to_text(diff), "Nothing changed.\n");
}

TEST(Diff, AnOptionThatIsNoNumberEqualsItself) {
  AuditReport audit = make_sample_report();
  audit.options.success_ratio = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(diff_reports(audit, audit).has_changes());
  AuditReport later = audit;
  later.options.success_ratio = 0.5;
  EXPECT_TRUE(diff_reports(audit, later).options_differ);
}

TEST(Diff, TellsSuspectsApart) {
  const AuditReport before =
      report_of({miner("still", 60, true, true), miner("cleared", 60, true, false),
                 miner("gone", 60, true, true), miner("new", 10, false, false)});
  const AuditReport now =
      report_of({miner("still", 60, true, true), miner("cleared", 10, false, false),
                 miner("new", 90, true, false), miner("appeared", 90, false, true)});
  const AuditDiff diff = diff_reports(before, now);
  EXPECT_EQ(diff.by_ratio, (AuditDiff::Suspects{{"new"}, {"cleared"}, {"gone"}, {"still"}}));
  EXPECT_EQ(diff.by_claims, (AuditDiff::Suspects{{"appeared"}, {}, {"gone"}, {"still"}}));
  EXPECT_EQ(diff.appeared, Names{"appeared"});
  EXPECT_EQ(diff.gone, Names{"gone"});
  EXPECT_TRUE(diff.has_changes());
}

TEST(Diff, PutsTheLargestChangesFirst) {
  const AuditReport before =
      report_of({miner("a", 10, false, false), miner("b", 10, false, false),
                 miner("c", 10, false, false), miner("same", 5, false, false)});
  AuditReport now = report_of({miner("a", 11, false, false), miner("b", 90, false, false),
                               miner("c", 10, false, false), miner("same", 5, false, false)});
  now.miners[2].claims_test->without_image = 1;
  const AuditDiff diff = diff_reports(before, now);
  ASSERT_EQ(diff.miners.size(), 3U);
  EXPECT_EQ(diff.miners[0].hotkey, "c");  // a false claim outweighs missing jobs
  EXPECT_EQ(diff.miners[1].hotkey, "b");
  EXPECT_EQ(diff.miners[1].missing, (Change{10, 90}));
  EXPECT_EQ(diff.miners[2].hotkey, "a");
}

TEST(Diff, TheDifferenceStaysWithin64Bits) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ((Change{0, kMost}).difference(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((Change{kMost, 0}).difference(), -std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((Change{7, 4}).difference(), -3);
}

TEST(Diff, SaysThatOptionsDiffer) {
  AuditReport now;
  now.options.min_missing = 10;
  const AuditDiff diff = diff_reports(AuditReport{}, now);
  EXPECT_TRUE(diff.has_changes());
  EXPECT_NE(to_text(diff).find("different options"), std::string::npos);
}

TEST(DiffText, ShowsTotalsSuspectsAndMiners) {
  const AuditReport before =
      report_of({miner("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", 10, false, false)});
  const AuditReport now =
      report_of({miner("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", 70, true, false)});
  EXPECT_EQ(to_text(diff_reports(before, now)),
            "                                before           now        change\n"
            "jobs                               100           100\n"
            "with image                           0             0\n"
            "missing                             10            70           +60\n"
            "success claims                       0             0\n"
            "claims without address               0             0\n"
            "absent objects                       0             0\n"
            "miners                               1             1\n"
            "suspects by ratio                    0             1            +1\n"
            "suspects by claims                   0             0\n"
            "\n"
            "Suspects by the ratio rule: 1 new, 0 cleared, 0 gone, 0 still\n"
            "New (1):\n"
            "  5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\n"
            "\n"
            "Suspects by the exact test: 0 new, 0 cleared, 0 gone, 0 still\n"
            "\n"
            "Largest changes of 1 miner:\n"
            "hotkey                                jobs           missing   success missing"
            "      false claims\n"
            "5GrwvaEF5zXb…PcNoHGKutQY               100          70 (+60)                 0"
            "                 0\n");
}

TEST(DiffText, CountsWhatItLeavesOut) {
  const AuditDiff diff = diff_reports(AuditReport{}, make_sample_report());
  const std::string text = to_text(diff, {.max_rows = 5});
  EXPECT_NE(text.find("Miners that appeared (59):"), std::string::npos);
  EXPECT_NE(text.find("  and 54 more\n"), std::string::npos);
}

TEST(DiffText, NoControlCharacterReachesTheTerminal) {
  const std::string text = to_text(diff_reports(AuditReport{}, make_sample_report()), {1000});
  EXPECT_NE(text.find("hk␊line␛[31m"), std::string::npos);
  for (const char character : text) {
    EXPECT_TRUE(static_cast<unsigned char>(character) >= 0x20 || character == '\n');
  }
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested.
  EXPECT_EQ(text.find("\u202e"), std::string::npos);
}

TEST(DiffJson, HoldsEveryMiner) {
  const AuditReport before = make_sample_report();
  AuditReport now = before;
  for (AuditReport::Miner& each : now.miners) ++each.jobs;
  const Result<json::Value> value = json::parse(to_json(diff_reports(before, now)));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("has_changes")->boolean(), true);
  EXPECT_EQ(value->find("miners")->list()->size(), 59U);
  EXPECT_EQ(value->find("suspects")->find("by_ratio")->find("still")->list()->size(), 29U);
  EXPECT_EQ(value->find("totals")->find("missing")->find("now")->integer(), 3'779);
}

}  // namespace
}  // namespace assay::audit
