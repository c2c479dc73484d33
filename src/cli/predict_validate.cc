#include "cli/audit_options_internal.h"
#include "cli/predict_options_internal.h"
#include "decisions/database_names.h"
#include "decisions/validate.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace assay::cli {
namespace {

using decisions::Severity;

struct ValidateFlags {
  std::string path;
  std::string junit;
  decisions::ValidationOptions options;
  decisions::Listing listing = decisions::Listing::kExamples;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

/// What the old validator's exit code said.
enum class OldExitCode : int { kValid = 0, kWarnings = 1, kErrors = 2 };

ExitCode old_exit_code(const decisions::ValidationReport& report) {
  OldExitCode code = OldExitCode::kValid;
  if (report.count(Severity::kWarning) > 0) code = OldExitCode::kWarnings;
  if (report.count(Severity::kError) > 0) code = OldExitCode::kErrors;
  return static_cast<ExitCode>(code);
}

Result<ExitCode> run_validate(const ValidateFlags& flags, Session& session) {
  const bool is_compat = flags.options.rules == decisions::ValidationRules::kOld;
  files::FileSystem& file_system = files::posix_file_system();
  RETURN_IF_ERROR(decisions::refuse_database(file_system, flags.junit));
  auto validated =
      decisions::validate_decisions(file_system, flags.path, flags.options, session.stop);
  if (!validated && is_compat && validated.error().code == ErrorCode::kNotFound) {
    // The old validator called a folder without databases an error too.
    fmt::print(stderr, "assay: {}\n", validated.error().message);
    return static_cast<ExitCode>(OldExitCode::kErrors);
  }
  ASSIGN_OR_RETURN(const decisions::ValidationReport report, std::move(validated));
  if (!flags.junit.empty()) {
    RETURN_IF_ERROR(files::write_file(file_system, flags.junit, to_junit(report)));
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report)
                                                            : to_text(report, flags.listing)));
  if (is_compat) return old_exit_code(report);
  if (report.count(Severity::kError) > 0) return ExitCode::kFailed;
  return exit_code_for(report.count(Severity::kWarning), flags.findings);
}

}  // namespace

void add_predict_validate_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ValidateFlags>();
  CLI::App& command =
      tree.add_command(group, "validate", "Check databases of decisions; 1 when one is not valid.",
                       {"assay predict validate data/training/ai_training_decisions",
                        "assay predict validate mojo1.db --verbose --junit validation.xml"},
                       [flags](Session& session) { return run_validate(*flags, session); });
  command.add_option("path", flags->path, "A folder of databases, or one of them.")
      ->required()
      ->type_name("DIR");
  command.add_flag_callback(
      "--compat", [flags] { flags->options.rules = decisions::ValidationRules::kOld; },
      "The old validator's rules and exit codes: 1 for warnings, 2 for errors.");
  command.add_flag_callback(
      "--verbose", [flags] { flags->listing = decisions::Listing::kEveryFinding; },
      "List every finding, up to a thousand of each kind.");
  add_option(command, "--junit", flags->junit, "Write the findings as JUnit XML too.")
      ->type_name("FILE");
  command.add_flag_callback(
      "--fail-on-findings", [flags] { flags->findings = FindingsPolicy::kFail; },
      "Exit with 3 when there are only warnings.");
}

}  // namespace assay::cli
