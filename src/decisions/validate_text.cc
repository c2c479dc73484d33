#include "decisions/validate.h"
#include "json/writer.h"
#include "report/html.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::decisions {
namespace {

constexpr std::size_t kNumExamples = 3;

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string_view word_of(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

/// As the old validator put it.
std::string_view quality_of(const ValidatedDatabase& database) {
  if (database.num_bad_records == 0 && database.count(Severity::kError) == 0) return "no issues";
  return share(database.num_bad_records, database.num_records) < 0.01 &&
                 database.num_bad_records > 0
             ? "less than 1 % of the records have issues"
             : "1 % of the records or more have issues";
}

std::string name_of(const ValidatedDatabase& database) {
  return report::visible_text(database.path.filename().native());
}

std::string_view verdict_of(const ValidatedDatabase& database) {
  if (database.count(Severity::kError) > 0) return "NOT VALID";
  return database.count(Severity::kWarning) > 0 ? "valid, with warnings" : "valid";
}

std::string line_of(const Finding& finding) {
  const std::string text = report::visible_text(finding.text);
  return finding.row.empty() ? text
                             : fmt::format("{}: {}", report::visible_text(finding.row), text);
}

/// Text within an element or an attribute, of characters that XML can hold.
std::string xml(std::string_view text) { return report::Html::text(text).markup(); }

void write_findings(json::Writer& writer, const ValidatedDatabase& database) {
  writer.name("findings").begin_list();
  for (const Finding& finding : database.findings) {
    writer.begin_object();
    writer.name("rule").text(to_string(finding.rule));
    writer.name("severity").text(word_of(severity_of(finding.rule)));
    writer.name("row");
    if (finding.row.empty()) {
      writer.null();
    } else {
      writer.text(finding.row);
    }
    writer.name("text").text(finding.text).end_object();
  }
  writer.end_list();
}

}  // namespace

std::string to_text(const ValidationReport& report, Listing listing) {
  using report::counted;
  std::string text;
  auto out = std::back_inserter(text);
  for (const ValidatedDatabase& database : report.databases) {
    fmt::format_to(out, "{}: {}\n", name_of(database), verdict_of(database));
    fmt::format_to(
        out,
        "  {}, {} with predictions ({:.1f} %), {} with the user's choice "
        "({:.1f} %), {}; {}\n",
        counted(database.num_records, "record", "records"), database.num_with_ai_predictions,
        100 * share(database.num_with_ai_predictions, database.num_records),
        database.num_with_user_data, 100 * share(database.num_with_user_data, database.num_records),
        counted(database.columns_found.size(), "column", "columns"), quality_of(database));
    for (const auto& [rule, count] : database.num_findings) {
      fmt::format_to(out, "  {} {}: {}\n", word_of(severity_of(rule)), to_string(rule), count);
      std::size_t shown = 0;
      for (const Finding& finding : database.findings) {
        if (finding.rule != rule) continue;
        if (listing == Listing::kExamples && shown == kNumExamples) break;
        fmt::format_to(out, "    {}\n", line_of(finding));
        ++shown;
      }
      if (shown < count) fmt::format_to(out, "    ... and {} more\n", count - shown);
    }
  }
  fmt::format_to(out, "{}: {}, {}\n", counted(report.databases.size(), "database", "databases"),
                 counted(report.count(Severity::kError), "error", "errors"),
                 counted(report.count(Severity::kWarning), "warning", "warnings"));
  return text;
}

std::string to_json(const ValidationReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("num_errors").unsigned_integer(report.count(Severity::kError));
  writer.name("num_warnings").unsigned_integer(report.count(Severity::kWarning));
  writer.name("databases").begin_list();
  for (const ValidatedDatabase& database : report.databases) {
    writer.begin_object();
    writer.name("path").text(database.path.native());
    writer.name("num_errors").unsigned_integer(database.count(Severity::kError));
    writer.name("num_warnings").unsigned_integer(database.count(Severity::kWarning));
    writer.name("columns_found").begin_list();
    for (const std::string& column : database.columns_found) writer.text(column);
    writer.end_list();
    writer.name("total_records").unsigned_integer(database.num_records);
    writer.name("records_with_ai_predictions").unsigned_integer(database.num_with_ai_predictions);
    writer.name("records_with_user_data").unsigned_integer(database.num_with_user_data);
    writer.name("ai_prediction_coverage")
        .number(share(database.num_with_ai_predictions, database.num_records));
    writer.name("user_data_coverage")
        .number(share(database.num_with_user_data, database.num_records));
    writer.name("bad_records").unsigned_integer(database.num_bad_records);
    writer.name("data_quality").text(quality_of(database));
    write_findings(writer, database);
    writer.end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

std::string to_junit(const ValidationReport& report) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  auto out = std::back_inserter(text);
  constexpr auto kNumRules = static_cast<std::size_t>(Rule::kLeftovers) + 1;
  for (const ValidatedDatabase& database : report.databases) {
    std::size_t num_failed = 0;
    for (const auto& [rule, count] : database.num_findings) {
      num_failed += severity_of(rule) == Severity::kError ? 1 : 0;
    }
    const std::string name = xml(database.path.filename().native());
    fmt::format_to(out, "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n", name, kNumRules,
                   num_failed);
    for (std::size_t i = 0; i < kNumRules; ++i) {
      const auto rule = static_cast<Rule>(i);
      const auto found = database.num_findings.find(rule);
      fmt::format_to(out, R"(    <testcase classname="{}" name="{}")", name, to_string(rule));
      if (found == database.num_findings.end()) {
        text += "/>\n";
        continue;
      }
      std::string lines;
      for (const Finding& finding : database.findings) {
        if (finding.rule == rule) lines += xml(line_of(finding)) + "\n";
      }
      if (severity_of(rule) == Severity::kError) {
        fmt::format_to(out,
                       ">\n      <failure message=\"{} findings\">{}</failure>\n    </testcase>\n",
                       found->second, lines);
      } else {
        fmt::format_to(out, ">\n      <system-out>{}</system-out>\n    </testcase>\n", lines);
      }
    }
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace assay::decisions
