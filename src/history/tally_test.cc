#include "history/analyze_text.h"
#include "history/tally_internal.h"
#include "json/line_scan.h"
#include "records/record_time.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

/// Reads lines as read_history() hands them over.
class Lines {
 public:
  void add_to(Tally& tally, std::string line, std::uint64_t ordinal) {
    const std::size_t size = line.size();
    line.append(json::LineScan::kPadding, ' ');
    ASSERT_EQ(scan_.scan(std::string_view(line).substr(0, size)), json::LineVerdict::kRead) << line;
    records::RecordView record{.fields = scan_.fields(),
                               .line = std::string_view(line).substr(0, size)};
    const auto time = records::parse_record_time(record[records::RecordField::kTimestamp].text);
    if (time) record.time = time->instant;
    tally.add(record, ordinal);
  }

 private:
  json::LineScan scan_{records::kRecordFieldPaths};
};

AnalyzeOptions options_for(std::initializer_list<AnalyzeReport> reports) {
  AnalyzeOptions options;
  for (const AnalyzeReport report : reports) options.reports.add(report);
  return options;
}

std::string failed_line(const std::string& error) {
  return R"({"failure_analysis": {"failed": true, "error_type": ")" + error + R"("}})";
}

std::vector<std::string> texts_of(const std::vector<TextCount>& counts) {
  std::vector<std::string> texts;
  for (const TextCount& entry : counts) texts.push_back(entry.text);
  return texts;
}

TEST(Tally, ListsTiesByFirstAppearanceWhoeverSawThem) {
  const AnalyzeOptions options = options_for({AnalyzeReport::kFailures});
  Tally first(options);
  Tally second(options);
  Lines lines;
  lines.add_to(first, failed_line("Early"), 1);
  lines.add_to(second, failed_line("Early"), 7);
  lines.add_to(first, failed_line("Later"), 9);
  lines.add_to(second, failed_line("Later"), 5);
  lines.add_to(first, failed_line("Last"), 6);
  lines.add_to(second, failed_line("Last"), 20);
  lines.add_to(first, failed_line("Once"), 0);
  first.merge(std::move(second));
  const Analysis analysis = first.finish();
  EXPECT_EQ(analysis.num_listed_failures, 7U);
  EXPECT_EQ(texts_of(analysis.error_types),
            (std::vector<std::string>{"Early", "Later", "Last", "Once"}));
}

TEST(Tally, NamesWhatARecordLeavesOut) {
  const AnalyzeOptions options =
      options_for({AnalyzeReport::kFailures, AnalyzeReport::kValidators});
  Tally tally(options);
  Lines lines;
  lines.add_to(tally, R"({"failure_analysis": {"failed": true, "error_type": null}})", 0);
  const Analysis analysis = tally.finish();
  EXPECT_EQ(texts_of(analysis.error_types), (std::vector<std::string>{"unknown"}));
  ASSERT_EQ(analysis.validators.size(), 1U);
  EXPECT_EQ(analysis.validators[0].label, "unknown");
  EXPECT_EQ(analysis.validators[0].mean_score, std::nullopt);
}

TEST(Tally, TakesForTrueWhatPythonTakesForTrue) {
  json::LineScan scan(std::array<std::string_view, 1>{"value"});
  const auto holds = [&](std::string line) {
    const std::size_t size = line.size();
    line.append(json::LineScan::kPadding, ' ');
    scan.scan(std::string_view(line).substr(0, size));
    return is_true(scan.fields()[0]);
  };
  for (const char* value : {"true", "1", "-0.5", R"("0")", "[0]", "[[]]", "[{}]", R"({"a": []})"}) {
    EXPECT_TRUE(holds(std::string(R"({"value": )") + value + "}")) << value;
  }
  for (const char* value : {"false", "null", "0", "-0.0", R"("")", "[]", "[ ]", "{}", "{ }"}) {
    EXPECT_FALSE(holds(std::string(R"({"value": )") + value + "}")) << value;
  }
}

TEST(Tally, GroupsByUidAndByHotkeyWhereThereIsNone) {
  const AnalyzeOptions options = options_for({AnalyzeReport::kValidators});
  Tally tally(options);
  Lines lines;
  lines.add_to(tally, R"({"metadata": {"validator_uid": null, "validator_hotkey": "5F"}})", 0);
  lines.add_to(tally, R"({"metadata": {"validator_uid": 0, "validator_hotkey": "5F"}})", 1);
  lines.add_to(tally, R"({"metadata": {"validator_uid": 0, "validator_hotkey": "5G"}})", 2);
  const Analysis analysis = tally.finish();
  ASSERT_EQ(analysis.validators.size(), 2U);
  EXPECT_EQ(analysis.validators[0].label, "0");
  EXPECT_EQ(analysis.validators[0].counts.generations, 2U);
  EXPECT_EQ(analysis.validators[1].label, "5F");
}

TEST(Tally, OneValidatorHasTheRecordsOfItsRow) {
  AnalyzeOptions options = options_for({AnalyzeReport::kValidators, AnalyzeReport::kValidator});
  const auto count_of = [&](const std::string& validator) {
    options.validator = validator;
    Tally tally(options);
    Lines lines;
    std::uint64_t ordinal = 0;
    for (const std::string metadata :
         {R"("validator_hotkey": "unknown")", R"("validator_hotkey": "")",
          R"("validator_uid": null, "validator_hotkey": null)", R"("miner_uid": 1)",
          R"("validator_uid": 7, "validator_hotkey": "unknown")",
          R"("validator_uid": 7, "validator_hotkey": "5F")", R"("validator_hotkey": "5F")"}) {
      lines.add_to(tally, R"({"metadata": {)" + metadata + "}}", ordinal++);
    }
    const Analysis analysis = tally.finish();
    EXPECT_EQ(analysis.validators.size(), 3U);
    return analysis.validator.counts.generations;
  };
  EXPECT_EQ(count_of("unknown"), 4U);
  EXPECT_EQ(count_of("7"), 2U);
  EXPECT_EQ(count_of("5F"), 2U) << "by its hotkey, also where its uid is known";
}

TEST(Tally, MakesReportsOfEachGroupWhoeverSawItsRecords) {
  AnalyzeOptions options = options_for({AnalyzeReport::kGroups, AnalyzeReport::kFailures});
  options.group_reports.add(AnalyzeReport::kFailures);
  const auto failed_in = [](const std::string& version, const std::string& error) {
    return R"({"metadata": {"miner_version": ")" + version +
           R"("}, "failure_analysis": {"failed": true, "error_type": ")" + error + R"("}})";
  };
  Tally first(options);
  Tally second(options);
  Lines lines;
  lines.add_to(first, failed_in("v1", "A"), 1);
  lines.add_to(second, failed_in("v2", "A"), 2);
  lines.add_to(second, failed_in("v2", "B"), 3);
  lines.add_to(first, failed_in("v2", "B"), 4);
  first.merge(std::move(second));
  const Analysis analysis = first.finish();
  ASSERT_EQ(analysis.group_figures.size(), 2U);
  EXPECT_EQ(analysis.groups[0].label, "v2");
  EXPECT_EQ(analysis.group_figures[0].num_listed_failures, 3U);
  EXPECT_EQ(texts_of(analysis.group_figures[0].error_types), (std::vector<std::string>{"B", "A"}));
  EXPECT_EQ(texts_of(analysis.group_figures[1].error_types), (std::vector<std::string>{"A"}));
  EXPECT_EQ(analysis.num_listed_failures, 4U);
}

TEST(Tally, TakesTheTaskTypeForEveryReportOrForFailuresAlone) {
  AnalyzeOptions options = options_for({AnalyzeReport::kSummary});
  options.task_type = kTextTo3d;
  const std::string text = R"({"task": {"task_type": "TEXT-TO-3D"}})";
  const std::string image =
      R"({"task": {"task_type": "IMAGE-TO-3D"}, "failure_analysis": {"failed": true}})";
  Lines lines;
  Tally every(options);
  lines.add_to(every, text, 0);
  lines.add_to(every, image, 1);
  const Analysis of_every = every.finish();
  EXPECT_EQ(of_every.all.generations, 1U);
  EXPECT_EQ(of_every.num_in_window, 2U);
  options.task_scope = TaskScope::kFailureListOnly;
  Tally failures(options);
  lines.add_to(failures, text, 0);
  lines.add_to(failures, image, 1);
  const Analysis of_failures = failures.finish();
  EXPECT_EQ(of_failures.all.generations, 2U);
  EXPECT_EQ(of_failures.all.failed, 1U);
  EXPECT_EQ(of_failures.num_listed_failures, 0U);
}

TEST(Tally, PutsClipScoresOnABorderIntoTheUpperBin) {
  const AnalyzeOptions options = options_for({AnalyzeReport::kClip});
  Tally tally(options);
  Lines lines;
  std::uint64_t ordinal = 0;
  for (const char* clip :
       {"0", "0.15", "0.1499", "0.3", "0.9999", "1.0", "-0.1", "null", "\"x\""}) {
    lines.add_to(tally,
                 std::string(R"({"generation": {"output": {"quality_metrics": {"clip_score": )") +
                     clip + "}}}}",
                 ordinal++);
  }
  const Analysis analysis = tally.finish();
  EXPECT_EQ(analysis.clip.values.count, 7U);
  EXPECT_EQ(analysis.clip.histogram, (std::array<std::uint64_t, 5>{2, 1, 0, 0, 2}));
}

TEST(Tally, DividesTheComparisonAtItsInstants) {
  AnalyzeOptions options = options_for({AnalyzeReport::kComparison, AnalyzeReport::kSummary});
  options.recent_since = parse_timestamp("2025-11-08").value();
  options.earlier_since = parse_timestamp("2025-11-01").value();
  options.recent_until = parse_timestamp("2025-11-15").value();
  options.since = parse_timestamp("2025-11-07").value();
  Tally tally(options);
  Lines lines;
  std::uint64_t ordinal = 0;
  for (const char* time :
       {"2025-10-31T23:59:59.999999Z", "2025-11-01T00:00:00Z", "2025-11-07T23:59:59Z",
        "2025-11-08T00:00:00Z", "2025-11-15T00:00:01Z", "soon"}) {
    lines.add_to(tally, std::string(R"({"metadata": {"timestamp": ")") + time + "\"}}", ordinal++);
  }
  const Analysis analysis = tally.finish();
  EXPECT_EQ(analysis.earlier.counts.generations, 2U);
  EXPECT_EQ(analysis.recent.counts.generations, 1U) << "what is later than now is not of it";
  EXPECT_EQ(analysis.all.generations, 3U);
}

TEST(Tally, WhatWasAcceptedCountsAsSubmittedInARate) {
  const AnalyzeOptions options = options_for({AnalyzeReport::kValidators});
  Tally tally(options);
  Lines lines;
  lines.add_to(tally, R"({"validator_feedback": {"accepted": true}})", 0);
  const Analysis analysis = tally.finish();
  AnalyzeHeading heading;
  heading.reports = options.reports;
  EXPECT_TRUE(analysis_text(analysis, heading, TextForm::kOurs).contains("100.0%  2.5% - 100.0%"))
      << analysis_text(analysis, heading, TextForm::kOurs);
  EXPECT_TRUE(analysis_json(analysis, heading).contains(R"("acceptance_rate": 1.0)"));
}

TEST(Tally, TakesForTrueWhatPythonDoes) {
  const AnalyzeOptions options = options_for({AnalyzeReport::kAcceptance});
  Lines lines;
  const auto submitted = [&](const std::string& value) {
    Tally tally(options);
    lines.add_to(tally, R"({"generation": {"submission": {"submitted": )" + value + "}}}", 0);
    return tally.finish().all.submitted;
  };
  for (const char* value : {"true", "1", "-0.5", "\"no\"", "[0]", R"({"a": 0})"}) {
    EXPECT_EQ(submitted(value), 1U) << value;
  }
  for (const char* value : {"false", "null", "0", "0.0", "\"\"", "[]", "{}"}) {
    EXPECT_EQ(submitted(value), 0U) << value;
  }
}

TEST(GroupKey, ReadsWhatItWrites) {
  for (const char* text : {"miner_version", "validator", "task_type", "config.trellis steps"}) {
    EXPECT_EQ(GroupKey::parse(text).value().text(), text);
  }
  EXPECT_EQ(GroupKey::parse("config.").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(GroupKey::parse("hotkey").error().code, ErrorCode::kInvalidInput);
}

TEST(Tally, AsksForTheFieldsOfItsReportsAlone) {
  using records::RecordField;
  const auto of_clip = needed_fields(options_for({AnalyzeReport::kClip}));
  EXPECT_TRUE(std::ranges::count(of_clip, RecordField::kClipScore) > 0);
  EXPECT_FALSE(std::ranges::count(of_clip, RecordField::kTotalTime) > 0);
  EXPECT_FALSE(std::ranges::count(of_clip, RecordField::kTimestamp) > 0);
}

}  // namespace
}  // namespace assay::history
