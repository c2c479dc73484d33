#include "decisions/validate.h"

#include "db/damage.h"
#include "decisions/database_names.h"
#include "decisions/decision_table.h"
#include "decisions/row_checks_internal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::decisions {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTempSuffix = "_temp.db";

/// What predictions that wait to be merged must have; the rest is the user's or was not known.
constexpr std::array<std::string_view, 6> kTempColumns = {
    "group_id", "project_id", "images", "ai_selected_index", "ai_crop_coords", "ai_confidence"};
/// Came with a later version of the old tools.
constexpr std::string_view kLateColumn = "ai_crop_accepted";

bool is_temp(const fs::path& path) { return path.native().ends_with(kTempSuffix); }

/// One database, from the file to its findings.
class DatabaseCheck {
 public:
  DatabaseCheck(const fs::path& path, const ValidationOptions& options)
      : options_(options), report_({.path = path}) {}

  /// Errors: kCancelled.
  Result<ValidatedDatabase> run(const std::stop_token& stop) {
    const Status status = examine(stop);
    if (!status && status.error().code == ErrorCode::kCancelled) return Error(status.error());
    if (!status) note(Rule::kReadable, "", status.error().message);
    return std::move(report_);
  }

  void note(Rule rule, std::string_view row, std::string text) {
    if (++report_.num_findings[rule] <= options_.max_findings_of_rule) {
      report_.findings.push_back({.rule = rule, .row = std::string(row), .text = std::move(text)});
    }
  }

 private:
  bool has_all_rules() const { return options_.rules == ValidationRules::kAll; }

  /// Errors: as db::Database, kCancelled.
  Status examine(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(db::Database database, db::Database::open(report_.path));
    if (has_all_rules()) {
      ASSIGN_OR_RETURN(const std::vector<std::string> damage, db::find_damage(database));
      for (const std::string& line : damage) note(Rule::kDamage, "", line);
    }
    ASSIGN_OR_RETURN(report_.columns_found, decision_columns(database));
    if (report_.columns_found.empty()) {
      note(Rule::kReadable, "", "no table ai_decisions; is it a database of decisions?");
      return {};
    }
    check_columns();
    return check_rows(database, stop);
  }

  void check_columns() {
    std::vector<std::string_view> wanted = all_decision_columns();
    if (has_all_rules() && is_temp(report_.path))
      wanted.assign(kTempColumns.begin(), kTempColumns.end());
    std::erase(wanted, kLateColumn);
    std::erase_if(wanted, [this](std::string_view column) {
      return std::ranges::count(report_.columns_found, column) > 0;
    });
    if (!wanted.empty()) {
      note(Rule::kColumns, "", fmt::format("the table lacks {}", fmt::join(wanted, ", ")));
    }
  }

  /// Errors: as db::Database, kCancelled.
  Status check_rows(db::Database& database, const std::stop_token& stop) {
    ASSIGN_OR_RETURN(RowChecks checks,
                     RowChecks::prepare(database, report_.columns_found,
                                        has_all_rules() ? RowRules::kAll : RowRules::kOld));
    while (true) {
      if (stop.stop_requested()) return cancelled("the validation was interrupted");
      ASSIGN_OR_RETURN(const bool has_row, checks.step());
      if (!has_row) break;
      ++report_.num_records;
      report_.num_with_ai_predictions += checks.has_ai_prediction() ? 1 : 0;
      report_.num_with_user_data += checks.has_user_data() ? 1 : 0;
      bool is_bad = false;
      for (Finding& finding : checks.check()) {
        is_bad = is_bad || severity_of(finding.rule) == Severity::kError;
        note(finding.rule, finding.row, std::move(finding.text));
      }
      report_.num_bad_records += is_bad ? 1 : 0;
    }
    if (report_.num_records == 0) note(Rule::kEmpty, "", "the table ai_decisions has no rows");
    return {};
  }

  const ValidationOptions& options_;
  ValidatedDatabase report_;
};

/// Files beside the database `name` that tell of a program that did not finish.
void note_leftovers(const std::vector<std::string>& names, const std::string& name,
                    DatabaseCheck& check) {
  const auto is_there = [&names](const std::string& wanted) {
    return std::ranges::binary_search(names, wanted);
  };
  for (const char* suffix : {"-journal", "-wal"}) {
    if (is_there(name + suffix)) {
      check.note(Rule::kLeftovers, "",
                 fmt::format("{}{} is there: a program writes to the database, or died over it",
                             name, suffix));
    }
  }
  if (is_there(name + ".partial")) {
    check.note(Rule::kLeftovers, "",
               fmt::format("{}.partial is there: a run goes on, or did not finish", name));
  }
}

std::size_t count_of(const std::map<Rule, std::size_t>& num_findings, Severity severity) {
  std::size_t count = 0;
  for (const auto& [rule, number] : num_findings) {
    if (severity_of(rule) == severity) count += number;
  }
  return count;
}

}  // namespace

std::string_view to_string(Rule rule) {
  constexpr std::array<std::string_view, 18> kNames = {
      "readable",   "columns",    "values",      "json",      "coordinates", "user_action",
      "dimensions", "user_index", "empty",       "damage",    "box_order",   "ai_index",
      "confidence", "timestamp",  "match_flags", "user_data", "duplicates",  "leftovers"};
  return kNames.at(static_cast<std::size_t>(rule));
}

Severity severity_of(Rule rule) {
  switch (rule) {
    case Rule::kEmpty:
    case Rule::kTimestamp:
    case Rule::kMatchFlags:
    case Rule::kUserData:
    case Rule::kDuplicates:
    case Rule::kLeftovers:
      return Severity::kWarning;
    default:
      return Severity::kError;
  }
}

std::size_t ValidatedDatabase::count(Severity severity) const {
  return count_of(num_findings, severity);
}

std::size_t ValidationReport::count(Severity severity) const {
  std::size_t count = 0;
  for (const ValidatedDatabase& database : databases) count += database.count(severity);
  return count;
}

Result<ValidationReport> validate_decisions(files::FileSystem& file_system, const fs::path& path,
                                            const ValidationOptions& options,
                                            const std::stop_token& stop) {
  const bool has_all_rules = options.rules == ValidationRules::kAll;
  ASSIGN_OR_RETURN(
      const std::vector<fs::path> paths,
      find_databases(file_system, path,
                     has_all_rules ? TemporaryDatabases::kIncluded : TemporaryDatabases::kLeftOut));
  ValidationReport report;
  const fs::path folder = paths.front().has_parent_path() ? paths.front().parent_path() : ".";
  // Before a database is opened: to read one, SQLite may make files beside it.
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.list(folder));
  for (const fs::path& file : paths) {
    DatabaseCheck check(file, options);
    if (has_all_rules) note_leftovers(names, file.filename().native(), check);
    ASSIGN_OR_RETURN(ValidatedDatabase database, check.run(stop));
    report.databases.push_back(std::move(database));
  }
  return report;
}

}  // namespace assay::decisions
