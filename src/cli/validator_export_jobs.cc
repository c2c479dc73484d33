#include "cli/option_check_internal.h"
#include "cli/validator_options_internal.h"
#include "core/log.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "jobs/job_export.h"
#include "jobs/job_ledger.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct ExportJobsFlags {
  std::string state;
  std::string output;
  std::string since;
};

std::string job_export_json(const ExportJobsFlags& flags, const jobs::JobExport& exported) {
  const jobs::JobCounts& counts = exported.counts;
  json::Writer writer;
  writer.begin_object();
  writer.name("path").text(flags.output);
  writer.name("jobs").unsigned_integer(exported.num_jobs);
  writer.name("miners").unsigned_integer(exported.num_miners);
  writer.name("accepted").unsigned_integer(counts.accepted);
  writer.name("open").unsigned_integer(counts.open);
  writer.name("refused").unsigned_integer(counts.refused);
  writer.name("unanswered").unsigned_integer(counts.unanswered);
  writer.name("interrupted").unsigned_integer(counts.interrupted);
  writer.name("completed").unsigned_integer(counts.completed);
  writer.name("failed").unsigned_integer(counts.failed);
  writer.name("timed_out").unsigned_integer(counts.timed_out);
  writer.name("claimed").unsigned_integer(counts.claimed);
  writer.name("verified").unsigned_integer(counts.verified);
  writer.name("missing").unsigned_integer(counts.missing);
  writer.name("worthless").unsigned_integer(counts.worthless);
  writer.name("unchecked").unsigned_integer(counts.unchecked);
  writer.name("damaged_segments").unsigned_integer(exported.damage.size());
  return writer.end_object().take() + "\n";
}

std::string job_export_text(const ExportJobsFlags& flags, const jobs::JobExport& exported) {
  const jobs::JobCounts& counts = exported.counts;
  return fmt::format(
      "Wrote {} with {} jobs of {} miners. {} claim an image: {} verified, {} missing, {} "
      "worthless, {} unchecked.\n",
      flags.output, exported.num_jobs, exported.num_miners, counts.claimed, counts.verified,
      counts.missing, counts.worthless, counts.unchecked);
}

Result<ExitCode> run_job_export(const ExportJobsFlags& flags, Session& session) {
  jobs::JobExportOptions options;
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(options.since, with_context(parse_timestamp(flags.since), "--since"));
  }
  const std::filesystem::path ledger = std::filesystem::path(flags.state) / jobs::kLedgerFolder;
  auto exported = jobs::export_jobs(files::posix_file_system(), ledger, flags.output, options);
  if (!exported && exported.error().code == ErrorCode::kNotFound) {
    return not_found(fmt::format(
        "{}: no generation jobs are recorded there; give the --state folder of a validator that "
        "sends jobs",
        flags.state));
  }
  if (!exported) return exported.error();
  for (const files::JournalDamage& damage : exported->damage) {
    log_warning(fmt::format("the ledger is damaged, and what it lost is not in the table: {}: {}",
                            damage.segment.empty() ? "a segment" : damage.segment, damage.reason));
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? job_export_json(flags, *exported)
                                                            : job_export_text(flags, *exported)));
  return exported->damage.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_validator_export_jobs_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ExportJobsFlags>();
  CLI::App& command = tree.add_command(
      group, "export-jobs", "The generation jobs as Parquet, in the form that the audit reads.",
      {"assay validator export-jobs --state state --out jobs.parquet",
       "assay audit run --parquet jobs.parquet --root store --out reports"},
      [flags](Session& session) { return run_job_export(*flags, session); });
  add_option(command, "--state", flags->state, "The validator's --state, whether it runs or not.")
      ->required()
      ->type_name("FOLDER");
  add_option(command, "--out", flags->output, "The table; it appears whole or not at all.")
      ->required()
      ->type_name("FILE");
  add_option(command, "--since", flags->since, "Only jobs that were sent at this time or later.")
      ->check(check_time)
      ->type_name("TIME");
}

}  // namespace assay::cli
