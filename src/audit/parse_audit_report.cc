#include "audit/audit_format_internal.h"
#include "audit/audit_report.h"
#include "json/value.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace assay::audit {
namespace {

// The members of one object of the file. Each error names the member from the root on.
class Members {
 public:
  Members(const json::Value& object, std::string path) : object_(object), path_(std::move(path)) {}

  Result<Members> object(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->object() == nullptr) return wrong_kind(name, "an object", *value);
    return Members(*value, path_of(name) + ".");
  }

  Result<std::optional<Members>> optional_object(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->is_null()) return std::optional<Members>();
    ASSIGN_OR_RETURN(Members members, object(name));
    return std::optional<Members>(std::move(members));
  }

  // A member that the first reports did not have.
  Result<std::optional<Members>> later_object(std::string_view name) const {
    if (object_.find(name) == nullptr) return std::optional<Members>();
    return optional_object(name);
  }

  Result<std::string> text(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->text() == nullptr) return wrong_kind(name, "a text", *value);
    return *value->text();
  }

  Result<std::uint64_t> count(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    const std::optional<std::int64_t> integer = value->integer();
    if (!integer || *integer < 0) return wrong_kind(name, "a count", *value);
    return static_cast<std::uint64_t>(*integer);
  }

  Result<std::optional<std::uint64_t>> optional_count(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->is_null()) return std::optional<std::uint64_t>();
    ASSIGN_OR_RETURN(const std::uint64_t number, count(name));
    return std::optional<std::uint64_t>(number);
  }

  // JSON has no nan and no inf: they were written as null.
  Result<double> number(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->is_null()) return std::numeric_limits<double>::quiet_NaN();
    const std::optional<double> number = value->number();
    if (!number) return wrong_kind(name, "a number", *value);
    return *number;
  }

  Result<bool> boolean(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    const std::optional<bool> boolean = value->boolean();
    if (!boolean) return wrong_kind(name, "a boolean", *value);
    return *boolean;
  }

  Result<Timestamp> time(std::string_view name) const {
    ASSIGN_OR_RETURN(const std::string written, text(name));
    return with_context(parse_timestamp(written), path_of(name));
  }

  Result<std::optional<Timestamp>> optional_time(std::string_view name) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    if (value->is_null()) return std::optional<Timestamp>();
    ASSIGN_OR_RETURN(const Timestamp instant, time(name));
    return std::optional<Timestamp>(instant);
  }

  // Each object of a list, read by `read`.
  template <typename Item>
  Result<std::vector<Item>> list(std::string_view name,
                                 Result<Item> (*read)(const Members&)) const {
    ASSIGN_OR_RETURN(const json::Value* value, member(name));
    const json::Value::List* elements = value->list();
    if (elements == nullptr) return wrong_kind(name, "a list", *value);
    std::vector<Item> items;
    items.reserve(elements->size());
    for (const json::Value& element : *elements) {
      const std::string path = fmt::format("{}[{}]", path_of(name), items.size());
      if (element.object() == nullptr) {
        return invalid_input(path + ": expected an object, found " +
                             std::string(element.kind_name()));
      }
      ASSIGN_OR_RETURN(Item item, read(Members(element, path + ".")));
      items.push_back(std::move(item));
    }
    return items;
  }

 private:
  std::string path_of(std::string_view name) const { return path_ + std::string(name); }

  Result<const json::Value*> member(std::string_view name) const {
    const json::Value* value = object_.find(name);
    if (value == nullptr) return invalid_input(path_of(name) + ": absent");
    return value;
  }

  Error wrong_kind(std::string_view name, std::string_view expected,
                   const json::Value& found) const {
    return invalid_input(
        fmt::format("{}: expected {}, found {}", path_of(name), expected, found.kind_name()));
  }

  const json::Value& object_;
  std::string path_;  // with the point before the next name
};

Result<AuditReport::Inputs> read_inputs(const Members& members) {
  AuditReport::Inputs inputs;
  ASSIGN_OR_RETURN(inputs.files, members.count("files"));
  ASSIGN_OR_RETURN(inputs.rows, members.count("rows"));
  ASSIGN_OR_RETURN(inputs.first, members.optional_time("first"));
  ASSIGN_OR_RETURN(inputs.last, members.optional_time("last"));
  return inputs;
}

Result<AuditReport::Options> read_options(const Members& members) {
  AuditReport::Options options;
  ASSIGN_OR_RETURN(options.success_ratio, members.number("success_ratio"));
  ASSIGN_OR_RETURN(options.min_missing, members.count("min_missing"));
  ASSIGN_OR_RETURN(options.tolerated_rate, members.number("tolerated_rate"));
  ASSIGN_OR_RETURN(options.false_discovery_rate, members.number("false_discovery_rate"));
  ASSIGN_OR_RETURN(options.since, members.optional_time("since"));
  ASSIGN_OR_RETURN(options.until, members.optional_time("until"));
  ASSIGN_OR_RETURN(options.limit, members.optional_count("limit"));
  return options;
}

Result<AuditReport::Totals> read_totals(const Members& members) {
  AuditReport::Totals totals;
  ASSIGN_OR_RETURN(totals.jobs, members.count("jobs"));
  ASSIGN_OR_RETURN(totals.with_image, members.count("with_image"));
  ASSIGN_OR_RETURN(totals.missing, members.count("missing"));
  ASSIGN_OR_RETURN(totals.success_claims, members.count("success_claims"));
  ASSIGN_OR_RETURN(totals.claims_without_address, members.count("claims_without_address"));
  ASSIGN_OR_RETURN(totals.absent_objects, members.count("absent_objects"));
  return totals;
}

Result<AuditReport::Verdicts> read_verdicts(const Members& members) {
  AuditReport::Verdicts verdicts;
  ASSIGN_OR_RETURN(verdicts.present, members.count("present"));
  ASSIGN_OR_RETURN(verdicts.absent, members.count("absent"));
  ASSIGN_OR_RETURN(verdicts.denied, members.count("denied"));
  ASSIGN_OR_RETURN(verdicts.unknown, members.count("unknown"));
  ASSIGN_OR_RETURN(verdicts.not_asked, members.count("not_asked"));
  return verdicts;
}

Result<AuditReport::Details> read_details(const Members& members) {
  AuditReport::Details details;
  ASSIGN_OR_RETURN(details.zero_bytes, members.count("zero_bytes"));
  ASSIGN_OR_RETURN(details.older_than_job, members.count("older_than_job"));
  ASSIGN_OR_RETURN(details.shared_by_miners, members.count("shared_by_miners"));
  return details;
}

Result<AuditReport::ClaimsTest> read_claims_test(const Members& members) {
  AuditReport::ClaimsTest test;
  ASSIGN_OR_RETURN(test.claims, members.count("claims"));
  ASSIGN_OR_RETURN(test.without_image, members.count("without_image"));
  ASSIGN_OR_RETURN(test.rate, members.number("rate"));
  ASSIGN_OR_RETURN(test.lower, members.number("lower"));
  ASSIGN_OR_RETURN(test.upper, members.number("upper"));
  ASSIGN_OR_RETURN(test.p_value, members.number("p_value"));
  ASSIGN_OR_RETURN(test.p_adjusted, members.number("p_adjusted"));
  ASSIGN_OR_RETURN(test.suspect, members.boolean("suspect"));
  return test;
}

Result<AuditReport::Miner> read_miner(const Members& members) {
  AuditReport::Miner miner;
  ASSIGN_OR_RETURN(miner.hotkey, members.text("hotkey"));
  ASSIGN_OR_RETURN(miner.jobs, members.count("jobs"));
  ASSIGN_OR_RETURN(miner.missing, members.count("missing"));
  ASSIGN_OR_RETURN(const Members statuses, members.object("missing_by_status"));
  ASSIGN_OR_RETURN(miner.missing_by_status.success, statuses.count("success"));
  ASSIGN_OR_RETURN(miner.missing_by_status.failed, statuses.count("failed"));
  ASSIGN_OR_RETURN(miner.missing_by_status.pending, statuses.count("pending"));
  ASSIGN_OR_RETURN(miner.missing_by_status.other, statuses.count("other"));
  ASSIGN_OR_RETURN(miner.success_claims, members.count("success_claims"));
  ASSIGN_OR_RETURN(miner.claims_without_address, members.count("claims_without_address"));
  ASSIGN_OR_RETURN(miner.absent_objects, members.count("absent_objects"));
  ASSIGN_OR_RETURN(miner.ratio, members.number("ratio"));
  ASSIGN_OR_RETURN(miner.ratio_suspect, members.boolean("ratio_suspect"));
  ASSIGN_OR_RETURN(const std::optional<Members> test, members.optional_object("claims_test"));
  if (test) {
    ASSIGN_OR_RETURN(miner.claims_test, read_claims_test(*test));
  }
  return miner;
}

Result<AuditReport::Hour> read_hour(const Members& members) {
  AuditReport::Hour hour;
  ASSIGN_OR_RETURN(hour.start, members.time("start"));
  ASSIGN_OR_RETURN(hour.jobs, members.count("jobs"));
  ASSIGN_OR_RETURN(hour.missing, members.count("missing"));
  return hour;
}

Result<AuditReport::Group> read_group(const Members& members) {
  AuditReport::Group group;
  ASSIGN_OR_RETURN(group.name, members.text("name"));
  ASSIGN_OR_RETURN(group.jobs, members.count("jobs"));
  ASSIGN_OR_RETURN(group.missing, members.count("missing"));
  return group;
}

Result<AuditReport::NotChecked> read_not_checked(const Members& members) {
  AuditReport::NotChecked item;
  ASSIGN_OR_RETURN(item.reason, members.text("reason"));
  ASSIGN_OR_RETURN(item.count, members.count("count"));
  return item;
}

// Another file given by mistake is told as such, not as a report without its members.
Status check_format(const json::Value& root) {
  const json::Value* format = root.find("format");
  if (format == nullptr || format->text() == nullptr || *format->text() != kAuditFormat) {
    return invalid_input("not a report of the audit: give the audit.json of a run");
  }
  const json::Value* version = root.find("format_version");
  const std::optional<std::int64_t> number = version == nullptr ? std::nullopt : version->integer();
  if (number == kAuditFormatVersion) return {};
  return invalid_input(
      fmt::format("format_version: expected {}, found {}; a newer Assay may have written the file",
                  kAuditFormatVersion, number ? std::to_string(*number) : "none"));
}

}  // namespace

Result<AuditReport> parse_audit_report(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(json));
  RETURN_IF_ERROR(check_format(root));
  const Members members(root, "");
  AuditReport audit;
  ASSIGN_OR_RETURN(audit.version, members.text("version"));
  ASSIGN_OR_RETURN(audit.created_at, members.time("created_at"));
  ASSIGN_OR_RETURN(const Members inputs, members.object("inputs"));
  ASSIGN_OR_RETURN(audit.inputs, read_inputs(inputs));
  ASSIGN_OR_RETURN(const Members options, members.object("options"));
  ASSIGN_OR_RETURN(audit.options, read_options(options));
  ASSIGN_OR_RETURN(const Members totals, members.object("totals"));
  ASSIGN_OR_RETURN(audit.totals, read_totals(totals));
  ASSIGN_OR_RETURN(const std::optional<Members> verdicts, members.optional_object("verdicts"));
  if (verdicts) {
    ASSIGN_OR_RETURN(audit.verdicts, read_verdicts(*verdicts));
  }
  ASSIGN_OR_RETURN(const std::optional<Members> details, members.later_object("details"));
  if (details) {
    ASSIGN_OR_RETURN(audit.details, read_details(*details));
  }
  ASSIGN_OR_RETURN(audit.miners, members.list("miners", &read_miner));
  ASSIGN_OR_RETURN(audit.by_hour, members.list("by_hour", &read_hour));
  ASSIGN_OR_RETURN(audit.by_model, members.list("by_model", &read_group));
  ASSIGN_OR_RETURN(audit.by_status, members.list("by_status", &read_group));
  ASSIGN_OR_RETURN(audit.not_checked, members.list("not_checked", &read_not_checked));
  return audit;
}

}  // namespace assay::audit
