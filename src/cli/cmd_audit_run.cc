#include "app/version.h"
#include "app/webhook.h"
#include "audit/run.h"
#include "cli/verify_options_internal.h"
#include "core/clock.h"
#include "core/log.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

constexpr std::size_t kMaxSuspectsShown = 40;
constexpr std::string_view kAlertTopic = "audit.suspects";

enum class StoreUse { kAsk, kLeaveAlone };

struct AuditRunFlags {
  ExportOptions input;
  VerifyFlags verify;
  JudgementFlags thresholds;
  std::string folder = "reports";
  audit::JsonPayload json_payload = audit::JsonPayload::kIgnore;
  StoreUse store = StoreUse::kAsk;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

std::vector<app::Alert> alerts_of(const audit::AuditReport& report) {
  std::vector<app::Alert> alerts;
  for (const audit::AuditReport::Miner& miner : report.miners) {
    if (!miner.ratio_suspect && !miner.claims_suspect()) continue;
    std::string message = fmt::format("{} is suspect: {} of {} jobs without an image", miner.hotkey,
                                      miner.missing, miner.jobs);
    if (miner.ratio_suspect) message += fmt::format(", {:.2f} of them called success", miner.ratio);
    if (const auto& test = miner.claims_test; test && test->suspect) {
      message += fmt::format("; {:.1f} % of its claims have no image (adjusted p {:.2g})",
                             test->rate * 100, test->p_adjusted);
    }
    alerts.push_back({.subject = miner.hotkey, .state = "suspect", .message = std::move(message)});
  }
  return alerts;
}

/// The options and environment of the run. With a store to ask, `prepared` holds what they borrow.
Result<audit::RunOptions> run_options(const AuditRunFlags& flags, const OpenedExport& input,
                                      const PreparedVerification* prepared) {
  audit::RunOptions options;
  options.folder = flags.folder;
  options.files = input.files();
  ASSIGN_OR_RETURN(options.time, flags.input.time_filter());
  options.json_payload = flags.json_payload;
  ASSIGN_OR_RETURN(options.flag, flags.thresholds.flag_options());
  ASSIGN_OR_RETURN(options.judgement, flags.thresholds.judgement_options());
  options.version = app::version().number;
  if (prepared != nullptr) options.verify = prepared->options;
  return options;
}

Result<ExitCode> run_all(AuditRunFlags& flags, Session& session) {
  flags.thresholds.complete(session.config);
  std::unique_ptr<PreparedVerification> prepared;
  std::unique_ptr<OpenedExport> input;
  if (flags.store == StoreUse::kAsk) {
    ASSIGN_OR_RETURN(prepared, prepare_verification(flags.verify, flags.input, "", session));
  } else {
    ASSIGN_OR_RETURN(input, OpenedExport::open(flags.input, ""));
  }
  const OpenedExport& opened = prepared ? *prepared->input : *input;
  ASSIGN_OR_RETURN(const audit::RunOptions options, run_options(flags, opened, prepared.get()));
  audit::RunEnvironment environment{.clock = &system_clock()};
  if (prepared) environment.verify = prepared->environment;
  environment.verify.sources = opened.sources();
  ASSIGN_OR_RETURN(const audit::RunOutcome outcome,
                   audit::run_audit(options, environment, session.stop));
  for (const std::string& warning : outcome.warnings) log_warning(warning);

  const auto alerts = alerts_of(outcome.report);
  if (const std::string& webhook = session.config.get_text("alerts.webhook"); !webhook.empty()) {
    RETURN_IF_ERROR(app::post_to_webhook(webhook, kAlertTopic, alerts, session.stop));
  }
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(audit::to_json(outcome.report)));
  } else {
    const audit::RunFiles files = audit::run_files(flags.folder);
    RETURN_IF_ERROR(print(audit::run_text(outcome, kMaxSuspectsShown) +
                          fmt::format("\nReport: {}\n", printed_path(files.html.string()))));
  }
  const ExitCode code = outcome.verdicts ? exit_code_of(*outcome.verdicts) : ExitCode::kOk;
  return code != ExitCode::kOk ? code : exit_code_for(alerts.size(), flags.findings);
}

}  // namespace

void add_run_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<AuditRunFlags>();
  CLI::App& command = tree.add_command(
      group, "run", "Do the whole audit: count, ask the stores, judge, and write the report.",
      {"assay audit run --parquet export.parquet --credentials key.json --out reports",
       "assay audit run --parquet export.parquet --out reports --no-verify"},
      [flags](Session& session) { return run_all(*flags, session); });
  flags->input.add_to(command, ExportNeed::kRequired);
  add_option(command, "--out", flags->folder, "The folder for the report and all CSV files.")
      ->type_name("FOLDER")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-verify", [flags] { flags->store = StoreUse::kLeaveAlone; }, "Ask no object store.");
  command.add_flag_callback(
      "--parse-json", [flags] { flags->json_payload = audit::JsonPayload::kParse; },
      "Read a response_payload that is JSON text; without it such jobs count as missing.");
  flags->thresholds.add_to(command);
  flags->verify.add_to(command);
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli
