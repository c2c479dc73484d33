#include "audit/audit_report.h"

#include "audit/testing/sample_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace assay::audit {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  if (place != std::string::npos) text.replace(place, from.size(), to);
  return text;
}

TEST(SampleReport, HasTheTotalsOfARealExport) {
  const AuditReport audit = make_sample_report();
  EXPECT_EQ(audit.totals.jobs, 7'884U);
  EXPECT_EQ(audit.totals.missing, 3'779U);
  EXPECT_EQ(audit.miners.size(), 59U);
  EXPECT_EQ(std::ranges::count_if(audit.miners, &AuditReport::Miner::ratio_suspect), 29);
}

TEST(AuditReport, ReadsBackWhatItWrites) {
  for (const std::size_t num_miners : {0U, 1U, 59U}) {
    AuditReport audit = make_sample_report({.num_miners = num_miners});
    audit.options.since = Timestamp(std::chrono::microseconds(1'761'523'200'000'001));
    audit.options.limit = 100;
    const Result<AuditReport> read = parse_audit_report(to_json(audit));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, audit);
    EXPECT_EQ(to_json(*read), to_json(audit));
  }
}

TEST(AuditReport, WritesNullRatherThanLeavingAMemberOut) {
  const std::string json = to_json(AuditReport{});
  for (const std::string_view part :
       {"\"first\": null", "\"limit\": null", "\"verdicts\": null", "\"miners\": []",
        "\"not_checked\": []", "\"format\": \"assay-audit\"", "\"format_version\": 1"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part;
  }
}

TEST(AuditReport, ReadsAnEarlyReportWithoutDetails) {
  AuditReport audit = make_sample_report();
  const std::string json = to_json(audit);
  const Result<AuditReport> read = parse_audit_report(replaced(json, "\"details\"", "\"other\""));
  ASSERT_TRUE(read) << read.error().message;
  audit.details = std::nullopt;
  EXPECT_EQ(*read, audit);
  EXPECT_NE(to_json(audit).find("\"details\": null"), std::string::npos);
}

TEST(AuditReport, NumbersThatJsonCannotSayAreNull) {
  AuditReport audit;
  audit.options.success_ratio = std::numeric_limits<double>::quiet_NaN();
  const Result<AuditReport> read = parse_audit_report(to_json(audit));
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::isnan(read->options.success_ratio));
}

TEST(AuditReport, IgnoresMembersItDoesNotKnow) {
  const std::string json =
      replaced(to_json(make_sample_report()), "\"rows\":", "\"later\": {\"x\": [1]}, \"rows\":");
  EXPECT_TRUE(parse_audit_report(json));
}

struct Broken {
  std::string_view from;
  std::string_view to;
  std::string_view message;
};

TEST(AuditReport, NamesTheMemberThatIsWrong) {
  const std::string json = to_json(make_sample_report());
  for (const Broken& broken :
       {Broken{"\"totals\"", "\"total\"", "totals: absent"},
        Broken{"\"hotkey\": \"5", "\"key\": \"5", "miners[0].hotkey: absent"},
        Broken{"\"files\": 1", "\"files\": -1", "inputs.files: expected a count"},
        Broken{"\"files\": 1", "\"files\": 1.5", "inputs.files: expected a count, found a number"},
        Broken{"\"ratio\": 0.5", "\"ratio\": \"0.5\"", "miners[0].ratio: expected a number"},
        Broken{"\"ratio_suspect\": true", "\"ratio_suspect\": 1",
               "miners[0].ratio_suspect: expected a boolean, found an integer"},
        Broken{"\"by_hour\": [", "\"by_hour\": [3,", "by_hour[0]: expected an object"},
        Broken{"\"by_model\": [", "\"by_model\": 3, \"x\": [", "by_model: expected a list"},
        Broken{"\"created_at\": \"2025", "\"created_at\": \"x", "created_at: "},
        Broken{"\"zero_bytes\": 3", "\"zero_bytes\": -3", "details.zero_bytes: expected a count"},
        Broken{"\"verdicts\": {", "\"verdicts\": 3, \"x\": {", "verdicts: expected an object"}}) {
    const Result<AuditReport> read = parse_audit_report(replaced(json, broken.from, broken.to));
    ASSERT_FALSE(read) << broken.message;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(read.error().message.find(broken.message), std::string::npos) << read.error().message;
  }
}

TEST(AuditReport, RefusesAnotherKindOfFileAndANewerFormat) {
  const std::string json = to_json(make_sample_report());
  for (const std::string& text :
       {std::string("{}"), std::string("[]"), std::string("3"),
        replaced(json, "\"assay-audit\"", "\"assay-history\""),
        replaced(json, "\"format_version\": 1", "\"format_version\": 2"),
        replaced(json, "\"format_version\": 1", "\"format_version\": null")}) {
    const Result<AuditReport> read = parse_audit_report(text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(AuditReport, WhatIsNotJsonIsCorrupt) {
  const std::string json = to_json(make_sample_report());
  for (const std::size_t size : {std::size_t{0}, json.size() / 2, json.size() - 2}) {
    const Result<AuditReport> read = parse_audit_report(std::string_view(json).substr(0, size));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
}

TEST(AuditReport, NestingBeyondTheLimitIsExhausted) {
  const Result<AuditReport> read = parse_audit_report(std::string(1000, '['));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kExhausted);
}

}  // namespace
}  // namespace assay::audit
