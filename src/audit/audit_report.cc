#include "audit/audit_report.h"

#include "audit/audit_format_internal.h"
#include "json/writer.h"

#include <span>

namespace assay::audit {
namespace {

void write_count(json::Writer& writer, std::string_view name, std::uint64_t count) {
  writer.name(name).unsigned_integer(count);
}

void write_time(json::Writer& writer, std::string_view name, std::optional<Timestamp> instant) {
  writer.name(name);
  if (instant) {
    writer.text(to_rfc3339(*instant));
  } else {
    writer.null();
  }
}

void write_inputs(json::Writer& writer, const AuditReport::Inputs& inputs) {
  writer.name("inputs").begin_object();
  write_count(writer, "files", inputs.files);
  write_count(writer, "rows", inputs.rows);
  write_time(writer, "first", inputs.first);
  write_time(writer, "last", inputs.last);
  writer.end_object();
}

void write_options(json::Writer& writer, const AuditReport::Options& options) {
  writer.name("options").begin_object();
  writer.name("success_ratio").number(options.success_ratio);
  write_count(writer, "min_missing", options.min_missing);
  writer.name("tolerated_rate").number(options.tolerated_rate);
  writer.name("false_discovery_rate").number(options.false_discovery_rate);
  write_time(writer, "since", options.since);
  write_time(writer, "until", options.until);
  writer.name("limit");
  if (options.limit) {
    writer.unsigned_integer(*options.limit);
  } else {
    writer.null();
  }
  writer.end_object();
}

void write_totals(json::Writer& writer, const AuditReport::Totals& totals) {
  writer.name("totals").begin_object();
  write_count(writer, "jobs", totals.jobs);
  write_count(writer, "with_image", totals.with_image);
  write_count(writer, "missing", totals.missing);
  write_count(writer, "success_claims", totals.success_claims);
  write_count(writer, "claims_without_address", totals.claims_without_address);
  write_count(writer, "absent_objects", totals.absent_objects);
  writer.end_object();
}

void write_verdicts(json::Writer& writer, const std::optional<AuditReport::Verdicts>& verdicts) {
  writer.name("verdicts");
  if (!verdicts) {
    writer.null();
    return;
  }
  writer.begin_object();
  write_count(writer, "present", verdicts->present);
  write_count(writer, "absent", verdicts->absent);
  write_count(writer, "denied", verdicts->denied);
  write_count(writer, "unknown", verdicts->unknown);
  write_count(writer, "not_asked", verdicts->not_asked);
  writer.end_object();
}

void write_details(json::Writer& writer, const std::optional<AuditReport::Details>& details) {
  writer.name("details");
  if (!details) {
    writer.null();
    return;
  }
  writer.begin_object();
  write_count(writer, "zero_bytes", details->zero_bytes);
  write_count(writer, "older_than_job", details->older_than_job);
  write_count(writer, "shared_by_miners", details->shared_by_miners);
  writer.end_object();
}

void write_claims_test(json::Writer& writer, const std::optional<AuditReport::ClaimsTest>& test) {
  writer.name("claims_test");
  if (!test) {
    writer.null();
    return;
  }
  writer.begin_object();
  write_count(writer, "claims", test->claims);
  write_count(writer, "without_image", test->without_image);
  writer.name("rate").number(test->rate);
  writer.name("lower").number(test->lower);
  writer.name("upper").number(test->upper);
  writer.name("p_value").number(test->p_value);
  writer.name("p_adjusted").number(test->p_adjusted);
  writer.name("suspect").boolean(test->suspect);
  writer.end_object();
}

void write_miner(json::Writer& writer, const AuditReport::Miner& miner) {
  writer.begin_object();
  writer.name("hotkey").text(miner.hotkey);
  write_count(writer, "jobs", miner.jobs);
  write_count(writer, "missing", miner.missing);
  writer.name("missing_by_status").begin_object();
  write_count(writer, "success", miner.missing_by_status.success);
  write_count(writer, "failed", miner.missing_by_status.failed);
  write_count(writer, "pending", miner.missing_by_status.pending);
  write_count(writer, "other", miner.missing_by_status.other);
  writer.end_object();
  write_count(writer, "success_claims", miner.success_claims);
  write_count(writer, "claims_without_address", miner.claims_without_address);
  write_count(writer, "absent_objects", miner.absent_objects);
  writer.name("ratio").number(miner.ratio);
  writer.name("ratio_suspect").boolean(miner.ratio_suspect);
  write_claims_test(writer, miner.claims_test);
  writer.end_object();
}

void write_groups(json::Writer& writer, std::string_view name,
                  std::span<const AuditReport::Group> groups) {
  writer.name(name).begin_list();
  for (const AuditReport::Group& group : groups) {
    writer.begin_object();
    writer.name("name").text(group.name);
    write_count(writer, "jobs", group.jobs);
    write_count(writer, "missing", group.missing);
    writer.end_object();
  }
  writer.end_list();
}

}  // namespace

std::string to_json(const AuditReport& audit) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("format").text(kAuditFormat);
  writer.name("format_version").integer(kAuditFormatVersion);
  writer.name("version").text(audit.version);
  write_time(writer, "created_at", audit.created_at);
  write_inputs(writer, audit.inputs);
  write_options(writer, audit.options);
  write_totals(writer, audit.totals);
  write_verdicts(writer, audit.verdicts);
  write_details(writer, audit.details);
  writer.name("miners").begin_list();
  for (const AuditReport::Miner& miner : audit.miners) write_miner(writer, miner);
  writer.end_list();
  writer.name("by_hour").begin_list();
  for (const AuditReport::Hour& hour : audit.by_hour) {
    writer.begin_object();
    write_time(writer, "start", hour.start);
    write_count(writer, "jobs", hour.jobs);
    write_count(writer, "missing", hour.missing);
    writer.end_object();
  }
  writer.end_list();
  write_groups(writer, "by_model", audit.by_model);
  write_groups(writer, "by_status", audit.by_status);
  writer.name("not_checked").begin_list();
  for (const AuditReport::NotChecked& item : audit.not_checked) {
    writer.begin_object();
    writer.name("reason").text(item.reason);
    write_count(writer, "count", item.count);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::audit
