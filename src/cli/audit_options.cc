#include "cli/audit_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "files/path.h"
#include "json/python_repr.h"
#include "python_form/python_float.h"
#include "python_form/python_integer.h"

#include <utility>

namespace assay::cli {

void ExportOptions::add_file_to(CLI::App& command) {
  command.add_option("--parquet", parquet, "The Parquet export.")
      ->required()
      ->type_name("PATH")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* ExportOptions::add_to(CLI::App& command, ExportNeed need) {
  CLI::Option* option = command
                            .add_option("--parquet", parquet,
                                        "Parquet exports: files, folders, globs, s3:// or gs:// "
                                        "addresses. Repeated, it adds.")
                            ->required(need == ExportNeed::kRequired)
                            ->type_name("PATH...")
                            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_option(command, "--since", since,
             "Only jobs from this time on: 2025-10-27, or with T12:00:00Z.")
      ->type_name("TIME")
      ->check(check_time);
  add_option(command, "--until", until, "Only jobs before this time.")
      ->type_name("TIME")
      ->check(check_time);
  add_option(command, "--time-column", time_column, "The column that --since and --until mean.")
      ->type_name("COLUMN")
      ->capture_default_str();
  return option;
}

Result<tables::TimeFilter> ExportOptions::time_filter() const {
  tables::TimeFilter filter{.column = time_column, .since = std::nullopt, .until = std::nullopt};
  if (!since.empty()) {
    ASSIGN_OR_RETURN(filter.since, with_context(parse_timestamp(since), "--since"));
  }
  if (!until.empty()) {
    ASSIGN_OR_RETURN(filter.until, with_context(parse_timestamp(until), "--until"));
  }
  return filter;
}

OpenedExport::OpenedExport(storage::Credentials credentials)
    : credentials_(std::move(credentials)) {}

Result<std::unique_ptr<OpenedExport>> OpenedExport::open(const ExportOptions& options,
                                                         const std::string& credentials_file) {
  files::FileSystem& file_system = files::posix_file_system();
  storage::CredentialRequest request;
  if (!credentials_file.empty()) request.gcs_key_file = credentials_file;
  std::unique_ptr<OpenedExport> opened(new OpenedExport(
      storage::resolve_credentials(file_system, storage::process_environment(), request)));
  opened->remote_ = app::make_remote_sources(file_system, opened->credentials_);
  opened->sources_ = {.file_system = &file_system, .remote = opened->remote_.get()};
  ASSIGN_OR_RETURN(opened->files_, tables::expand_dataset(opened->sources_, options.parquet));
  return opened;
}

void JudgementFlags::add_to(CLI::App& command) {
  add_option(command, "--success-ratio", success_ratio,
             "Ratio rule: least success_missing / missing_jobs [0.5].")
      ->type_name("R")
      ->check([](const std::string& text) {
        return python_form::parse_python_float(text) ? "" : "not a number: " + text;
      });
  add_option(command, "--min-missing", min_missing, "Ratio rule: least missing_jobs [50].")
      ->type_name("N")
      ->check([](const std::string& text) {
        return python_form::PythonInteger::parse(text) ? "" : "not a whole number: " + text;
      });
  add_option(command, "--tolerate", tolerate,
             "Exact test: share of claims without image put down to accidents [0.03].")
      ->type_name("SHARE")
      ->check(real_number(0.0, 1.0));
  add_option(command, "--fdr", fdr, "Exact test: share of honest miners among the suspects [0.01].")
      ->type_name("SHARE")
      ->check(real_number(0.0, 1.0));
}

void JudgementFlags::complete(const Config& config) {
  if (success_ratio.empty())
    success_ratio = json::python_repr(config.get_number("audit.success_ratio"));
  if (min_missing.empty()) min_missing = std::to_string(config.get_integer("audit.min_missing"));
  if (tolerate.empty()) tolerate = json::python_repr(config.get_number("audit.tolerate"));
  if (fdr.empty()) fdr = json::python_repr(config.get_number("audit.fdr"));
}

Result<audit::FlagOptions> JudgementFlags::flag_options() const {
  audit::FlagOptions options;
  ASSIGN_OR_RETURN(options.success_ratio,
                   with_context(python_form::parse_python_float(success_ratio), "--success-ratio"));
  ASSIGN_OR_RETURN(options.min_missing,
                   with_context(python_form::PythonInteger::parse(min_missing), "--min-missing"));
  return options;
}

Result<audit::JudgementOptions> JudgementFlags::judgement_options() const {
  audit::JudgementOptions options;
  ASSIGN_OR_RETURN(options.tolerated_rate, with_context(parse_real(tolerate), "--tolerate"));
  ASSIGN_OR_RETURN(options.false_discovery_rate, with_context(parse_real(fdr), "--fdr"));
  return options;
}

void add_findings_flag(CLI::App& command, FindingsPolicy& policy) {
  command.add_flag_callback(
      "--fail-on-findings", [&policy] { policy = FindingsPolicy::kFail; },
      "Exit with 3 when something was found.");
}

ExitCode exit_code_for(std::size_t num_findings, FindingsPolicy policy) {
  return num_findings > 0 && policy == FindingsPolicy::kFail ? ExitCode::kFindings : ExitCode::kOk;
}

std::string printed_path(const std::string& path) { return files::normal_form(path); }

}  // namespace assay::cli
