/// \file
/// Whether databases of decisions are what the tools that read them expect.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::decisions {

enum class Severity : std::uint8_t { kWarning, kError };

/// What can be wrong. The first nine are those of the old validator.
enum class Rule : std::uint8_t {
  kReadable,     ///< A database with the table ai_decisions.
  kColumns,      ///< All columns are there.
  kValues,       ///< What must not be null is not.
  kJson,         ///< Images and coordinates are JSON of the right form.
  kCoordinates,  ///< Four numbers from 0 to 1.
  kUserAction,   ///< approve, crop or reject.
  kDimensions,   ///< Positive.
  kUserIndex,    ///< Of the old validator: 0 to 3. Else: of an image of the group.
  kEmpty,        ///< There is a row.
  kDamage,       ///< SQLite finds the file sound.
  kBoxOrder,     ///< x1 < x2 and y1 < y2.
  kAiIndex,      ///< Of an image of the group.
  kConfidence,   ///< 0 to 1.
  kTimestamp,    ///< An instant.
  kMatchFlags,   ///< 0, 1 or null, and what the row itself says.
  kUserData,     ///< The user's action and choice are both there, or neither.
  kDuplicates,   ///< No image is in two groups, no name twice in one.
  kLeftovers,    ///< No file of an unfinished run or of a program that died.
};

/// A word for JSON, such as `user_index`.
std::string_view to_string(Rule rule);
Severity severity_of(Rule rule);

struct Finding {
  Rule rule = Rule::kReadable;
  /// The group, or the number of a row without one; empty when it is about the file.
  std::string row = {};
  std::string text = {};
};

struct ValidatedDatabase {
  std::filesystem::path path;
  std::vector<std::string> columns_found = {};
  std::size_t num_records = 0;
  std::size_t num_with_ai_predictions = 0;
  std::size_t num_with_user_data = 0;
  /// Rows with at least one error.
  std::size_t num_bad_records = 0;
  /// The first ones of each rule; `num_findings` counts all.
  std::vector<Finding> findings = {};
  std::map<Rule, std::size_t> num_findings = {};

  std::size_t count(Severity severity) const;
};

struct ValidationReport {
  /// Order: by name.
  std::vector<ValidatedDatabase> databases = {};

  std::size_t count(Severity severity) const;
};

enum class ValidationRules : std::uint8_t {
  kAll,
  kOld,  ///< Those of the old validator, on the files that it looked at.
};

struct ValidationOptions {
  ValidationRules rules = ValidationRules::kAll;
  /// Kept of each rule in each database.
  std::size_t max_findings_of_rule = 1000;
};

/// Check every `*.db` of a folder, without its folders, or one file by name. Names with `backup`
/// are passed over, and so are, by the old rules, names that end in `_temp.db`; by ours those are
/// held to what predictions must have. Nothing is changed. Errors: kNotFound (no such folder, or no
/// database in it), kDenied, kUnavailable, kCancelled. A
///         database that cannot be read is a finding.
Result<ValidationReport> validate_decisions(files::FileSystem& file_system,
                                            const std::filesystem::path& path,
                                            const ValidationOptions& options,
                                            const std::stop_token& stop = {});

/// As text; `kEveryFinding` lists them all, else a few of each rule.
enum class Listing : std::uint8_t { kExamples, kEveryFinding };
std::string to_text(const ValidationReport& report, Listing listing);
/// One object: databases [name, figures, findings], num_errors, num_warnings.
std::string to_json(const ValidationReport& report);
/// JUnit: a suite a database, a case a rule; errors are failures, warnings are printed output.
std::string to_junit(const ValidationReport& report);

}  // namespace assay::decisions
