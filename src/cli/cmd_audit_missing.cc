#include "audit/missing.h"
#include "cli/audit_options_internal.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "json/writer.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct MissingFlags {
  ExportOptions input;
  std::string output = "reports/missing_images_by_miner.csv";
  audit::JsonPayload json_payload = audit::JsonPayload::kIgnore;
  std::size_t threads = 0;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

std::string missing_json(const audit::MissingSummary& summary, const std::string& output) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("jobs").unsigned_integer(summary.num_jobs);
  writer.name("missing_jobs").unsigned_integer(summary.num_missing);
  writer.name("output").text(output);
  writer.name("miners").begin_list();
  for (const audit::MinerTally& miner : summary.miners) {
    if (miner.count_of_missing() == 0) continue;
    writer.begin_object();
    writer.name("miner_hotkey").text(miner.hotkey);
    writer.name("missing_jobs").unsigned_integer(miner.count_of_missing());
    writer.name("success_missing").unsigned_integer(miner.missing_with(audit::JobStatus::kSuccess));
    writer.name("failed_missing").unsigned_integer(miner.missing_with(audit::JobStatus::kFailed));
    writer.name("pending_missing").unsigned_integer(miner.missing_with(audit::JobStatus::kPending));
    writer.name("other_status_missing")
        .unsigned_integer(miner.missing_with(audit::JobStatus::kOther));
    writer.end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

Result<ExitCode> run_missing(const MissingFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(tables::TimeFilter time, flags.input.time_filter());
  ASSIGN_OR_RETURN(const auto input, OpenedExport::open(flags.input, ""));
  audit::MissingOptions options;
  options.json_payload = flags.json_payload;
  options.time = std::move(time);
  options.num_workers = flags.threads;
  ASSIGN_OR_RETURN(
      const audit::MissingSummary summary,
      audit::summarise_missing(input->sources(), input->files(), options, session.stop));
  for (const std::string& warning : summary.warnings) log_warning(warning);
  RETURN_IF_ERROR(
      files::write_file(*input->sources().file_system, flags.output, audit::missing_csv(summary)));
  const std::string output = printed_path(flags.output);
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? missing_json(summary, output)
                            : audit::missing_message(summary, output) + "\n"));
  return exit_code_for(summary.num_missing, flags.findings);
}

}  // namespace

void add_missing_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<MissingFlags>();
  CLI::App& command = tree.add_command(
      group, "missing", "Count the jobs without an image, per miner and status.",
      {"assay audit missing --parquet export.parquet --output reports/missing_images_by_miner.csv",
       "assay audit missing --parquet exports/ s3://bucket/week.parquet --since 2025-10-27"},
      [flags](Session& session) { return run_missing(*flags, session); });
  flags->input.add_to(command, ExportNeed::kRequired);
  add_option(command, "--output", flags->output, "The CSV to write.")
      ->type_name("CSV")
      ->capture_default_str();
  command.add_flag_callback(
      "--parse-json", [flags] { flags->json_payload = audit::JsonPayload::kParse; },
      "Read a response_payload that is JSON text; without it such jobs count as missing.");
  add_option(command, "--threads", flags->threads, "Threads to read with; 0 takes all.")
      ->type_name("N");
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli
