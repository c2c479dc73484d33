#include "audit/absent_objects.h"
#include "audit/flag.h"
#include "audit/judgement.h"
#include "audit/miner_totals.h"
#include "audit/missing.h"
#include "cli/audit_options_internal.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct FlagFlags {
  std::string summary = "reports/missing_images_by_miner.csv";
  std::string output = "reports/missing_images_flagged.csv";
  std::string method = "ratio";
  JudgementFlags thresholds;
  ExportOptions input;
  std::string verified;
  audit::JsonPayload json_payload = audit::JsonPayload::kIgnore;
  FindingsPolicy findings = FindingsPolicy::kReport;
};

void write_flagged(json::Writer& writer, const audit::FlaggedMiners& flagged) {
  writer.name("flagged").begin_list();
  for (const audit::FlaggedMiner& miner : flagged.miners) {
    writer.begin_object();
    writer.name("miner_hotkey").text(miner.hotkey);
    // Of any size, as in the summary: text, so that no reader rounds it.
    writer.name("missing_jobs").text(miner.missing_jobs.to_string());
    writer.name("success_missing").text(miner.success_missing.to_string());
    writer.name("ratio").number(miner.ratio);
    writer.end_object();
  }
  writer.end_list();
}

void write_judgements(json::Writer& writer, const std::vector<audit::MinerJudgement>& judgements) {
  writer.name("judgements").begin_list();
  for (const audit::MinerJudgement& judgement : judgements) {
    writer.begin_object();
    writer.name("miner_hotkey").text(judgement.hotkey);
    writer.name("claims").unsigned_integer(judgement.claims);
    writer.name("without_image").unsigned_integer(judgement.without_image);
    writer.name("rate").number(judgement.rate);
    writer.name("lower").number(judgement.lower);
    writer.name("upper").number(judgement.upper);
    writer.name("p_value").number(judgement.p_value);
    writer.name("p_adjusted").number(judgement.p_adjusted);
    writer.name("suspect").boolean(judgement.suspect);
    writer.end_object();
  }
  writer.end_list();
}

/// What the command has found, to be printed once everything is written.
struct FlagResult {
  audit::FlaggedMiners flagged;
  std::vector<audit::MinerJudgement> judgements;
  std::string text;
  std::size_t num_suspects = 0;
};

/// The fleet's totals from the export and, if there is one, the report of verify.
Result<std::vector<audit::MinerTotals>> read_fleet(const FlagFlags& flags,
                                                   const OpenedExport& input,
                                                   audit::MissingSummary& summary,
                                                   const std::stop_token& stop) {
  audit::MissingOptions options;
  options.depth = audit::CountDepth::kTotals;
  options.json_payload = flags.json_payload;
  ASSIGN_OR_RETURN(options.time, flags.input.time_filter());
  ASSIGN_OR_RETURN(summary,
                   audit::summarise_missing(input.sources(), input.files(), options, stop));
  for (const std::string& warning : summary.warnings) log_warning(warning);
  std::vector<audit::MinerTotals> fleet = audit::totals_of(summary.miners);
  if (flags.verified.empty()) return fleet;
  ASSIGN_OR_RETURN(const auto report,
                   files::open_byte_source(*input.sources().file_system, flags.verified));
  ASSIGN_OR_RETURN(const audit::AbsentObjects absent, audit::count_absent_objects(*report, stop));
  return audit::with_absent_objects(std::move(fleet), absent);
}

/// The suspects alone, in the form of the claims CSV: what --output holds when claims decide.
Status write_suspects(const FlagFlags& flags, const std::vector<audit::MinerTotals>& fleet,
                      const std::vector<audit::MinerJudgement>& judgements) {
  std::vector<audit::MinerTotals> suspects;
  std::vector<audit::MinerJudgement> theirs;
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    if (!judgements[i].suspect) continue;
    suspects.push_back(fleet[i]);
    theirs.push_back(judgements[i]);
  }
  return files::write_file(files::posix_file_system(), flags.output,
                           audit::to_csv(suspects, theirs));
}

Status judge_export(const FlagFlags& flags, FlagResult& result, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto input, OpenedExport::open(flags.input, ""));
  audit::MissingSummary summary;
  ASSIGN_OR_RETURN(const auto fleet, read_fleet(flags, *input, summary, stop));
  ASSIGN_OR_RETURN(const audit::JudgementOptions options, flags.thresholds.judgement_options());
  ASSIGN_OR_RETURN(result.judgements, audit::judge_claims(fleet, options));
  const std::string path = audit::claims_path(flags.output).string();
  RETURN_IF_ERROR(files::write_file(*input->sources().file_system, path,
                                    audit::to_csv(fleet, result.judgements)));
  result.text += audit::describe(result.judgements, options, printed_path(path)) + "\n";
  return flags.method == "claims" ? write_suspects(flags, fleet, result.judgements) : Status();
}

Status apply_ratio(const FlagFlags& flags, FlagResult& result, const std::stop_token& stop) {
  files::FileSystem& file_system = files::posix_file_system();
  ASSIGN_OR_RETURN(const audit::FlagOptions options, flags.thresholds.flag_options());
  auto source = files::open_byte_source(file_system, flags.summary);
  if (!source && source.error().code == ErrorCode::kNotFound) {
    return not_found("Summary CSV not found: " + printed_path(flags.summary) +
                     "; make it with `assay audit missing`");
  }
  if (!source) return Error(source.error());
  ASSIGN_OR_RETURN(result.flagged, audit::flag_miners(**source, options, stop));
  RETURN_IF_ERROR(files::write_file(file_system, flags.output, audit::to_csv(result.flagged)));
  result.text += audit::describe(result.flagged, options, printed_path(flags.output)) + "\n";
  return {};
}

Result<ExitCode> run_flag(FlagFlags& flags, Session& session) {
  flags.thresholds.complete(session.config);
  const bool has_export = !flags.input.parquet.empty();
  FlagResult result;
  if (flags.method == "ratio") {
    RETURN_IF_ERROR(apply_ratio(flags, result, session.stop));
    result.num_suspects = result.flagged.miners.size();
  }
  if (has_export) RETURN_IF_ERROR(judge_export(flags, result, session.stop));
  if (flags.method == "claims") {
    result.num_suspects = static_cast<std::size_t>(std::ranges::count_if(
        result.judgements,
        [](const audit::MinerJudgement& judgement) { return judgement.suspect; }));
  }
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object();
    writer.name("method").text(flags.method);
    writer.name("suspects").unsigned_integer(result.num_suspects);
    write_flagged(writer, result.flagged);
    write_judgements(writer, result.judgements);
    writer.end_object();
    result.text = writer.take() + "\n";
  }
  RETURN_IF_ERROR(print(result.text));
  return exit_code_for(result.num_suspects, flags.findings);
}

}  // namespace

void add_flag_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<FlagFlags>();
  CLI::App& command = tree.add_command(
      group, "flag",
      "Flag the suspect miners, by the ratio rule or by an exact test of their claims.",
      {"assay audit flag --summary reports/missing_images_by_miner.csv --output "
       "reports/missing_images_flagged.csv",
       "assay audit flag --method claims --parquet export.parquet --verified "
       "reports/image_existence_report.csv"},
      [flags](Session& session) { return run_flag(*flags, session); });
  add_option(command, "--summary", flags->summary,
             "The CSV that `assay audit missing` wrote; for the ratio rule.")
      ->type_name("CSV")
      ->capture_default_str();
  add_option(command, "--output", flags->output,
             "The CSV of suspects; claims go to <its stem>_claims.csv.")
      ->type_name("CSV")
      ->capture_default_str();
  auto* method = add_option(command, "--method", flags->method, "ratio or claims.")
                     ->check(CLI::IsMember({"ratio", "claims"}))
                     ->type_name("METHOD")
                     ->capture_default_str();
  flags->thresholds.add_to(command);
  CLI::Option* parquet = flags->input.add_to(command, ExportNeed::kOptional);
  auto* verified = add_option(command, "--verified", flags->verified,
                              "A report of `assay audit verify` on the export.")
                       ->type_name("CSV");
  command.add_flag_callback(
      "--parse-json", [flags] { flags->json_payload = audit::JsonPayload::kParse; },
      "Read a response_payload that is JSON text; without it such jobs count as missing.");
  add_findings_flag(command, flags->findings);
  command.parse_complete_callback([method, parquet, verified, flags] {
    if (parquet->count() > 0) return;
    if (verified->count() > 0)
      throw CLI::ValidationError("--verified", "needs the --parquet that was verified");
    if (flags->method == "claims")
      throw CLI::ValidationError(method->get_name(), "claims needs --parquet");
  });
}

}  // namespace assay::cli
