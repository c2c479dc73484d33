#include "audit/run.h"

#include "audit/absent_objects.h"
#include "audit/evidence.h"
#include "audit/inspect.h"
#include "audit/miner_totals.h"
#include "audit/report_page.h"
#include "core/check.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace assay::audit {
namespace {

/// What the steps of a run hand on to the next.
struct Findings {
  MissingSummary summary;
  FlaggedMiners flagged;
  std::optional<Verification> verification;
  std::vector<MinerTotals> fleet;
  std::vector<MinerJudgement> judgements;
};

AbsentObjects absent_by_miner(const Verification& verification) {
  AbsentObjects absent;
  for (const Claim& claim : verification.claims.claims()) {
    if (verification.verdicts[claim.object].presence != storage::Presence::kAbsent) continue;
    ++absent[std::string(claim.miner.empty() ? kUnknownHotkey : claim.miner)];
  }
  return absent;
}

AuditReport::Verdicts count_objects(const Verification& verification) {
  VerdictCounts counts;
  for (const storage::ExistenceVerdict& verdict : verification.verdicts)
    counts.add(verdict.presence);
  return {.present = counts.present,
          .absent = counts.absent,
          .denied = counts.denied,
          .unknown = counts.unknown,
          .not_asked = 0};
}

/// The first and last time that the footers give for the time column.
Status add_time_span(const RunOptions& options, const tables::DatasetSources& sources,
                     const std::stop_token& stop, AuditReport::Inputs& inputs) {
  ASSIGN_OR_RETURN(const Inspection inspection, inspect(sources, options.files, stop));
  for (const tables::FileDescription& file : inspection.files) {
    for (const tables::FieldDescription& field : file.fields) {
      if (field.path != options.time.column || !field.first || !field.last) continue;
      inputs.first = inputs.first ? std::min(*inputs.first, *field.first) : *field.first;
      inputs.last = inputs.last ? std::max(*inputs.last, *field.last) : *field.last;
    }
  }
  if (inputs.first && options.time.since)
    inputs.first = std::max(*inputs.first, *options.time.since);
  if (inputs.last && options.time.until) inputs.last = std::min(*inputs.last, *options.time.until);
  return {};
}

std::uint64_t count_image_claims(const MissingSummary& summary) {
  return std::transform_reduce(summary.miners.begin(), summary.miners.end(), std::uint64_t{0},
                               std::plus{},
                               [](const MinerTally& miner) { return sum(miner.image_claims); });
}

AuditReport::Totals totals_of(const Findings& findings) {
  AuditReport::Totals totals;
  totals.jobs = findings.summary.num_jobs;
  totals.missing = findings.summary.num_missing;
  totals.with_image = totals.jobs - totals.missing;
  for (const MinerTotals& miner : findings.fleet) {
    totals.success_claims += miner.claims;
    totals.claims_without_address += miner.claims_without_address;
    totals.absent_objects += miner.absent_objects;
  }
  return totals;
}

std::vector<AuditReport::NotChecked> not_checked(const Findings& findings,
                                                 const AuditReport::Totals& totals,
                                                 std::optional<std::uint64_t> limit) {
  std::vector<AuditReport::NotChecked> rows;
  const auto add = [&rows](std::string reason, std::uint64_t count) {
    if (count > 0) rows.push_back({.reason = std::move(reason), .count = count});
  };
  const std::uint64_t image_claims = count_image_claims(findings.summary);
  const std::uint64_t with_address = image_claims - totals.claims_without_address;
  if (findings.verification) {
    const std::uint64_t asked = findings.verification->claims.claims().size();
    const VerdictCounts& counts = findings.verification->counts;
    add("The store denied access to the object", counts.denied);
    add("The store gave no usable answer", counts.unknown);
    add(limit ? "The job is beyond the first rows, or its address of a kind that no store can be "
                "asked "
                "for"
              : "The address is of a kind that no store can be asked for",
        with_address - std::min(asked, with_address));
  } else {
    add("No store was asked whether the object exists", with_address);
  }
  add("has_image says nothing, so that an address alone counts as an image and is no claim",
      totals.with_image - std::min(image_claims, totals.with_image));
  return rows;
}

std::vector<AuditReport::Miner> miners_of(const Findings& findings, const FlagOptions& options) {
  std::vector<AuditReport::Miner> miners;
  miners.reserve(findings.fleet.size());
  for (std::size_t i = 0; i < findings.fleet.size(); ++i) {
    const MinerTotals& totals = findings.fleet[i];
    const MinerTally& tally = findings.summary.miners[i];
    const MinerJudgement& judgement = findings.judgements[i];
    AuditReport::Miner& miner = miners.emplace_back();
    miner.hotkey = totals.hotkey;
    miner.jobs = totals.jobs;
    miner.missing = totals.missing_jobs;
    miner.missing_by_status = {.success = tally.missing_with(JobStatus::kSuccess),
                               .failed = tally.missing_with(JobStatus::kFailed),
                               .pending = tally.missing_with(JobStatus::kPending),
                               .other = tally.missing_with(JobStatus::kOther)};
    miner.success_claims = totals.claims;
    miner.claims_without_address = totals.claims_without_address;
    miner.absent_objects = totals.absent_objects;
    if (totals.missing_jobs > 0) {
      miner.ratio =
          static_cast<double>(totals.success_missing) / static_cast<double>(totals.missing_jobs);
      miner.ratio_suspect = is_suspect(
          miner.ratio, python_form::PythonInteger(static_cast<std::int64_t>(totals.missing_jobs)),
          options);
    }
    if (judgement.claims == 0) continue;
    miner.claims_test = AuditReport::ClaimsTest{.claims = judgement.claims,
                                                .without_image = judgement.without_image,
                                                .rate = judgement.rate,
                                                .lower = judgement.lower,
                                                .upper = judgement.upper,
                                                .p_value = judgement.p_value,
                                                .p_adjusted = judgement.p_adjusted,
                                                .suspect = judgement.suspect};
  }
  return miners;
}

void add_breakdowns(const MissingSummary& summary, AuditReport& report) {
  for (const JobGroup& hour : summary.hours) {
    // Jobs without a time have no place on the axis; not_checked is not theirs either.
    const auto start = parse_timestamp(hour.name);
    if (start)
      report.by_hour.push_back({.start = *start, .jobs = hour.jobs, .missing = hour.missing});
  }
  for (const JobGroup& model : summary.models) {
    report.by_model.push_back({.name = model.name, .jobs = model.jobs, .missing = model.missing});
  }
  for (const JobStatus status :
       {JobStatus::kSuccess, JobStatus::kFailed, JobStatus::kPending, JobStatus::kOther}) {
    AuditReport::Group& group = report.by_status.emplace_back();
    group.name = to_string(status);
    for (const MinerTally& miner : summary.miners) {
      group.jobs += miner.jobs_with(status);
      group.missing += miner.missing_with(status);
    }
  }
}

Result<AuditReport> make_report(const RunOptions& options, const RunEnvironment& environment,
                                const Findings& findings, const std::stop_token& stop) {
  AuditReport report;
  report.version = options.version;
  report.created_at = environment.clock->now();
  report.inputs.files = options.files.size();
  report.inputs.rows = findings.summary.num_jobs;
  RETURN_IF_ERROR(add_time_span(options, environment.verify.sources, stop, report.inputs));
  report.options.success_ratio = options.flag.success_ratio;
  // The report keeps 64 bits; a bound beyond them flags nobody either way.
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  report.options.min_missing = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, options.flag.min_missing.to_int64().value_or(kLargest)));
  report.options.tolerated_rate = options.judgement.tolerated_rate;
  report.options.false_discovery_rate = options.judgement.false_discovery_rate;
  report.options.since = options.time.since;
  report.options.until = options.time.until;
  if (options.verify) report.options.limit = options.verify->max_rows;
  report.totals = totals_of(findings);
  if (findings.verification) {
    report.verdicts = count_objects(*findings.verification);
    if (const auto& details = findings.verification->details) {
      report.details = AuditReport::Details{.zero_bytes = details->zero_bytes,
                                            .older_than_job = details->older_than_job,
                                            .shared_by_miners = details->shared_by_miners};
    }
  }
  report.miners = miners_of(findings, options.flag);
  add_breakdowns(findings.summary, report);
  report.not_checked = not_checked(findings, report.totals, report.options.limit);
  return report;
}

Status count_and_flag(const RunOptions& options, const RunEnvironment& environment,
                      const RunFiles& paths, Findings& findings, const std::stop_token& stop) {
  const tables::DatasetSources& sources = environment.verify.sources;
  const MissingOptions missing{
      .json_payload = options.json_payload, .depth = CountDepth::kBreakdown, .time = options.time};
  ASSIGN_OR_RETURN(findings.summary, summarise_missing(sources, options.files, missing, stop));
  const std::string csv = missing_csv(findings.summary);
  RETURN_IF_ERROR(files::write_file(*sources.file_system, paths.missing, csv));
  // Through the CSV, as the two commands do it one after the other.
  const auto source = files::memory_byte_source(paths.missing.string(), csv);
  ASSIGN_OR_RETURN(findings.flagged, flag_miners(*source, options.flag, stop));
  return files::write_file(*sources.file_system, paths.flagged, to_csv(findings.flagged));
}

Status ask_and_judge(const RunOptions& options, const RunEnvironment& environment,
                     const RunFiles& paths, Findings& findings, const std::stop_token& stop) {
  findings.fleet = audit::totals_of(findings.summary.miners);
  if (options.verify) {
    VerifyOptions verify_options = *options.verify;
    verify_options.output = paths.existence;
    ASSIGN_OR_RETURN(findings.verification, verify(verify_options, environment.verify, stop));
    ASSIGN_OR_RETURN(findings.fleet, with_absent_objects(std::move(findings.fleet),
                                                         absent_by_miner(*findings.verification)));
  }
  ASSIGN_OR_RETURN(findings.judgements, judge_claims(findings.fleet, options.judgement));
  return files::write_file(*environment.verify.sources.file_system, paths.claims,
                           to_csv(findings.fleet, findings.judgements));
}

}  // namespace

RunFiles run_files(const std::filesystem::path& folder) {
  return {.missing = folder / "missing_images_by_miner.csv",
          .flagged = folder / "missing_images_flagged.csv",
          .claims = folder / "missing_images_by_miner_claims.csv",
          .existence = folder / "image_existence_report.csv",
          .evidence = folder / "evidence.csv",
          .json = folder / "audit.json",
          .html = folder / "audit.html"};
}

Result<RunOutcome> run_audit(const RunOptions& options, const RunEnvironment& environment,
                             const std::stop_token& stop) {
  CHECK(environment.clock != nullptr, "a run needs a clock");
  const RunFiles paths = run_files(options.folder);
  files::FileSystem& file_system = *environment.verify.sources.file_system;
  Findings findings;
  RETURN_IF_ERROR(count_and_flag(options, environment, paths, findings, stop));
  RETURN_IF_ERROR(ask_and_judge(options, environment, paths, findings, stop));
  EvidenceOptions evidence{.json_payload = options.json_payload, .time = options.time};
  if (options.verify) evidence.rules = options.verify->rules;
  RETURN_IF_ERROR(write_evidence(environment.verify.sources, options.files, evidence,
                                 findings.verification ? &*findings.verification : nullptr,
                                 paths.evidence, stop));
  RunOutcome outcome;
  ASSIGN_OR_RETURN(outcome.report, make_report(options, environment, findings, stop));
  if (findings.verification) outcome.verdicts = findings.verification->counts;
  outcome.warnings = std::move(findings.summary.warnings);
  RETURN_IF_ERROR(files::write_file(file_system, paths.json, to_json(outcome.report)));
  RETURN_IF_ERROR(files::write_file(file_system, paths.html, render_audit_page(outcome.report)));
  return outcome;
}

}  // namespace assay::audit
