#include "audit/verify.h"
#include "audit/verify_plan.h"
#include "cli/verify_options_internal.h"
#include "json/writer.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

enum class VerifyMode { kAsk, kPlanOnly };

struct VerifyCommandFlags {
  ExportOptions input;
  VerifyFlags verify;
  std::string output = "reports/image_existence_report.csv";
  audit::VerdictForm form = audit::VerdictForm::kFour;
  VerifyMode mode = VerifyMode::kAsk;
  bool fresh = false;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

void write_plan(json::Writer& writer, const storage::ExistencePlan& plan) {
  writer.name("plan").begin_object();
  writer.name("objects").unsigned_integer(plan.num_objects);
  writer.name("single_requests_alone").unsigned_integer(plan.num_single_requests);
  writer.name("list_pages").unsigned_integer(plan.num_list_pages);
  writer.name("single_requests").unsigned_integer(plan.num_planned_singles);
  writer.name("requests").unsigned_integer(plan.num_planned());
  writer.name("saved_share").number(static_cast<double>(audit::saved_share(plan)));
  writer.end_object();
}

std::string verification_json(const audit::Verification& verification, const std::string& output) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("jobs").unsigned_integer(verification.claims.num_jobs());
  writer.name("checked").unsigned_integer(verification.counts.total());
  writer.name("found").unsigned_integer(verification.counts.present);
  writer.name("missing").unsigned_integer(verification.counts.absent);
  writer.name("denied").unsigned_integer(verification.counts.denied);
  writer.name("unknown").unsigned_integer(verification.counts.unknown);
  writer.name("resumed").unsigned_integer(verification.num_resumed);
  writer.name("requests").unsigned_integer(verification.stats.num_requests);
  writer.name("retries").unsigned_integer(verification.stats.num_retries);
  writer.name("output").text(output);
  write_plan(writer, verification.plan);
  writer.name("details");
  if (verification.details) {
    writer.begin_object();
    writer.name("zero_bytes").unsigned_integer(verification.details->zero_bytes);
    writer.name("older_than_job").unsigned_integer(verification.details->older_than_job);
    writer.name("shared_by_miners").unsigned_integer(verification.details->shared_by_miners);
    writer.end_object();
  } else {
    writer.null();
  }
  writer.end_object();
  return writer.take() + "\n";
}

std::string verification_text(const audit::Verification& verification,
                              const VerifyCommandFlags& flags, const std::string& output) {
  std::string text = audit::verify_message(verification.claims.num_jobs(), verification.counts,
                                           flags.form, output) +
                     "\n";
  if (verification.details) {
    text += "Details: " + std::to_string(verification.details->zero_bytes) + " empty, " +
            std::to_string(verification.details->older_than_job) + " older than their job, " +
            std::to_string(verification.details->shared_by_miners) +
            " claimed by several miners. Report: " +
            printed_path(audit::details_path(flags.output).string()) + "\n";
  }
  return text;
}

Result<ExitCode> run_audit_verify(const VerifyCommandFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto prepared,
                   prepare_verification(flags.verify, flags.input, flags.output, session));
  prepared->options.form = flags.form;
  const std::string output = printed_path(flags.output);
  const bool wants_json = session.output == OutputForm::kJson;
  if (flags.mode == VerifyMode::kPlanOnly) {
    ASSIGN_OR_RETURN(
        const audit::Verification planned,
        audit::plan_verification(prepared->options, prepared->environment, session.stop));
    RETURN_IF_ERROR(print(wants_json ? verification_json(planned, output)
                                     : audit::plan_text(planned.plan, planned.num_resumed)));
    return ExitCode::kOk;
  }
  if (flags.fresh) {
    const Status removed =
        prepared->input->sources().file_system->remove(audit::journal_path(flags.output));
    if (!removed && removed.error().code != ErrorCode::kNotFound) return Error(removed.error());
  }
  ASSIGN_OR_RETURN(const audit::Verification verification,
                   audit::verify(prepared->options, prepared->environment, session.stop));
  RETURN_IF_ERROR(print(wants_json ? verification_json(verification, output)
                                   : verification_text(verification, flags, output)));
  // The old form knows no third answer, and its scripts no other exit code.
  const ExitCode code =
      flags.form == audit::VerdictForm::kCompat ? ExitCode::kOk : exit_code_of(verification.counts);
  if (code != ExitCode::kOk) return code;
  const std::uint64_t num_findings =
      verification.counts.absent + (verification.details ? verification.details->total() : 0);
  return exit_code_for(num_findings, flags.findings);
}

}  // namespace

void add_verify_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<VerifyCommandFlags>();
  CLI::App& command =
      tree.add_command(group, "verify", "Ask the object stores whether each claimed image exists.",
                       {"assay audit verify --parquet export.parquet --credentials key.json "
                        "--output reports/image_existence_report.csv",
                        "assay audit verify --parquet export.parquet --plan-only",
                        "assay audit verify --parquet export.parquet --limit 100"},
                       [flags](Session& session) { return run_audit_verify(*flags, session); });
  flags->input.add_to(command, ExportNeed::kRequired);
  flags->verify.add_to(command);
  add_option(command, "--output", flags->output, "The CSV to write.")
      ->type_name("CSV")
      ->capture_default_str();
  command.add_flag_callback(
      "--compat", [flags] { flags->form = audit::VerdictForm::kCompat; },
      "The old form of the report, in which whatever is not found is False.");
  command.add_flag_callback(
      "--plan-only", [flags] { flags->mode = VerifyMode::kPlanOnly; },
      "Print how many requests it would make.");
  command.add_flag("--fresh", flags->fresh, "Forget what an interrupted run has already asked.");
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli
