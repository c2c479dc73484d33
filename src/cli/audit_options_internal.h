/// \file
/// Options that several audit commands share.

#pragma once

#include "app/remote_sources.h"
#include "audit/flag.h"
#include "audit/judgement.h"
#include "cli/command_internal.h"
#include "core/result.h"
#include "storage/credentials.h"
#include "tables/dataset.h"
#include "tables/leaf_scan.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::cli {

enum class ExportNeed { kRequired, kOptional };

/// Which rows of which Parquet files.
struct ExportOptions {
  std::vector<std::string> parquet;
  std::string since;
  std::string until;
  std::string time_column = "created_at";

  CLI::Option* add_to(CLI::App& command, ExportNeed need);
  /// `--parquet` alone, for a command on one file.
  void add_file_to(CLI::App& command);
  Result<tables::TimeFilter> time_filter() const;
};

/// The files that `--parquet` names, ready to be read.
/// Lifetime: movable by pointer only, since the sources refer to the credentials.
class OpenedExport {
 public:
  /// `credentials_file` may be empty. Errors: those of tables::expand_dataset().
  static Result<std::unique_ptr<OpenedExport>> open(const ExportOptions& options,
                                                    const std::string& credentials_file);

  const tables::DatasetSources& sources() const { return sources_; }
  const std::vector<tables::DatasetFile>& files() const { return files_; }
  const storage::Credentials& credentials() const { return credentials_; }

 private:
  explicit OpenedExport(storage::Credentials credentials);

  storage::Credentials credentials_;
  std::unique_ptr<tables::RemoteSources> remote_;
  tables::DatasetSources sources_;
  std::vector<tables::DatasetFile> files_;
};

/// The bounds of both rules. Text until the settings are known, since flags win over settings.
struct JudgementFlags {
  std::string success_ratio;
  std::string min_missing;
  std::string tolerate;
  std::string fdr;

  void add_to(CLI::App& command);
  /// Fill in from the settings what no flag gave.
  void complete(const Config& config);
  Result<audit::FlagOptions> flag_options() const;
  Result<audit::JudgementOptions> judgement_options() const;
};

/// `--fail-on-findings`.
enum class FindingsPolicy { kReport, kFail };
void add_findings_flag(CLI::App& command, FindingsPolicy& policy);

/// kFindings when there are any and they were asked for by the exit code, else kOk.
ExitCode exit_code_for(std::size_t num_findings, FindingsPolicy policy);

/// Path as Python's pathlib prints it: `.//./x` is `x`.
std::string printed_path(const std::string& path);

void add_missing_command(CommandTree& tree, CLI::App& group);
void add_flag_command(CommandTree& tree, CLI::App& group);
void add_inspect_command(CommandTree& tree, CLI::App& group);
void add_verify_command(CommandTree& tree, CLI::App& group);
void add_run_command(CommandTree& tree, CLI::App& group);
void add_diff_command(CommandTree& tree, CLI::App& group);
void add_redact_command(CommandTree& tree, CLI::App& group);

}  // namespace assay::cli
