#include "core/timestamp.h"
#include "history/export_record_internal.h"
#include "history/object_members_internal.h"
#include "history/tally_internal.h"

#include <algorithm>
#include <utility>

namespace assay::history {
namespace {

using records::RecordField;
using records::RecordView;

/// What stands in listings where a record names nothing.
constexpr std::string_view kUnnamed = "unknown";
constexpr std::string_view kTotalTime = "total_time";

std::string_view text_or_unnamed(const json::Field& field) {
  const std::string_view text = text_of(field);
  return text.empty() ? kUnnamed : text;
}

Observed observe(const RecordView& record) {
  Observed observed;
  observed.counts.generations = 1;
  observed.counts.submitted = is_true(record[RecordField::kSubmitted]) ? 1 : 0;
  observed.counts.accepted = is_true(record[RecordField::kAccepted]) ? 1 : 0;
  observed.counts.rejected_before = is_true(record[RecordField::kPreSubmissionRejection]) ? 1 : 0;
  observed.counts.failed = is_true(record[RecordField::kFailed]) ? 1 : 0;
  observed.clip = number_in(record[RecordField::kClipScore]);
  observed.total_time_seconds = number_in(record[RecordField::kTotalTime]);
  observed.score = number_in(record[RecordField::kScore]);
  observed.num_gaussians = number_in(record[RecordField::kNumGaussians]);
  return observed;
}

/// A validator by its uid, by its hotkey where that is not known.
std::string validator_label(const RecordView& record) {
  const json::Field& uid = record[RecordField::kValidatorUid];
  if (uid.kind == json::FieldKind::kInteger) return std::to_string(uid.integer);
  return std::string(text_or_unnamed(record[RecordField::kValidatorHotkey]));
}

/// Those of its row, and those of a uid whose hotkey is wanted.
bool is_validator(const RecordView& record, std::string_view wanted) {
  if (validator_label(record) == wanted) return true;
  return wanted != kUnnamed && text_of(record[RecordField::kValidatorHotkey]) == wanted;
}

std::string group_label(const RecordView& record, const GroupKey& key) {
  switch (key.kind) {
    case GroupKey::Kind::kMinerVersion:
      return std::string(text_or_unnamed(record[RecordField::kMinerVersion]));
    case GroupKey::Kind::kValidator:
      return validator_label(record);
    case GroupKey::Kind::kTaskType:
      return std::string(text_or_unnamed(record[RecordField::kTaskType]));
    case GroupKey::Kind::kConfig:
      break;
  }
  const json::Field& config = record[RecordField::kMinerConfig];
  if (config.kind != json::FieldKind::kObject) return "not set";
  return find_label(config.raw, key.config_key).value_or("not set");
}

}  // namespace

bool is_true(const json::Field& field) {
  switch (field.kind) {
    case json::FieldKind::kAbsent:
    case json::FieldKind::kNull:
      return false;
    case json::FieldKind::kBoolean:
      return field.boolean;
    case json::FieldKind::kInteger:
    case json::FieldKind::kNumber:
      return field.number != 0.0;
    case json::FieldKind::kText:
      return !field.text.empty();
    case json::FieldKind::kObject:
    case json::FieldKind::kList:
      return field.raw.find_first_not_of(" \t\r\n", 1) != field.raw.size() - 1;
  }
  return false;
}

std::optional<double> number_in(const json::Field& field) {
  return field.is_number() ? std::optional(field.number) : std::nullopt;
}

Counts& Counts::operator+=(const Counts& other) {
  generations += other.generations;
  submitted += other.submitted;
  accepted += other.accepted;
  rejected_before += other.rejected_before;
  failed += other.failed;
  return *this;
}

void Tally::add(const RecordView& record, std::uint64_t ordinal) {
  const AnalyzeReports& reports = options_->reports;
  const std::optional<Timestamp>& time = record.time;
  const std::string_view task_type = text_of(record[RecordField::kTaskType]);
  const bool is_of_type = options_->task_type.empty() || task_type == options_->task_type;
  const bool is_counted = is_of_type || options_->task_scope == TaskScope::kFailureListOnly;
  const Observed observed = observe(record);
  const CountedRecord counted{.record = record,
                              .observed = observed,
                              .ordinal = ordinal,
                              .is_of_type = is_of_type,
                              .is_counted = is_counted};
  if (reports.has(AnalyzeReport::kComparison) && is_counted && time) {
    add_to_comparison(counted, *time);
    // The comparison may reach further back than the window of the other reports.
    if (options_->since && *time < *options_->since) return;
  }
  if (reports.has(AnalyzeReport::kComparison) && options_->since && !time) return;
  ++num_in_window_;
  whole_.add(counted, *options_);
  if (!is_counted) return;
  if (reports.has(AnalyzeReport::kValidators)) {
    validators_[validator_label(record)].add(observed, ordinal);
  }
  if (reports.has(AnalyzeReport::kGroups)) add_to_groups(counted);
  if (reports.has(AnalyzeReport::kCharts)) add_charts(record, observed, time);
}

void Tally::add_to_comparison(const CountedRecord& counted, Timestamp time) {
  if (time > options_->recent_until || time < options_->earlier_since) return;
  const bool is_recent = time >= options_->recent_since;
  (is_recent ? recent_ : earlier_).add(counted.observed, counted.ordinal);
  if (!options_->group_reports.has(AnalyzeReport::kComparison)) return;
  const std::string label = group_label(counted.record, options_->group_key);
  (is_recent ? recent_groups_ : earlier_groups_)[label].add(counted.observed, counted.ordinal);
  // Also one that has no record in the window of the other reports.
  groups_.try_emplace(label);
}

void Tally::add_to_groups(const CountedRecord& counted) {
  const std::string label = group_label(counted.record, options_->group_key);
  groups_[label].add(counted.observed, counted.ordinal);
  if (options_->group_reports.is_empty()) return;
  group_reports_[label].add(counted, *options_);
}

void ReportTally::add(const CountedRecord& counted, const AnalyzeOptions& options) {
  const auto& [record, observed, ordinal, is_of_type, is_counted] = counted;
  if (observed.counts.failed != 0 && is_of_type) {
    ++num_listed_failures_;
    error_types_.add(text_or_unnamed(record[RecordField::kErrorType]), ordinal);
  }
  if (!is_counted) return;
  const std::string_view task_type = text_of(record[RecordField::kTaskType]);
  all_ += observed.counts;
  const bool is_text = task_type == kTextTo3d;
  const bool is_image = task_type == kImageTo3d;
  if (is_text) text_to_3d_ += observed.counts;
  if (is_image) image_to_3d_ += observed.counts;
  if (observed.clip) {
    ClipTally& of_type = is_text ? clip_[0] : clip_[2];
    (is_image ? clip_[1] : of_type).add(*observed.clip);
  }
  if (observed.total_time_seconds) total_time_.add(*observed.total_time_seconds);
  if (observed.counts.rejected_before != 0) {
    rejection_reasons_.add(text_or_unnamed(record[RecordField::kRejectionReason]), ordinal);
  }
  if (options.reports.has(AnalyzeReport::kValidator)) add_validator(counted, options);
}

void ReportTally::add_validator(const CountedRecord& counted, const AnalyzeOptions& options) {
  const RecordView& record = counted.record;
  const Observed& observed = counted.observed;
  if (!is_validator(record, options.validator)) return;
  validator_ += observed.counts;
  if (observed.clip) validator_clip_.add(*observed.clip);
  if (observed.score) validator_scores_.add(*observed.score);
  if (observed.counts.accepted != 0 && observed.num_gaussians) {
    validator_gaussians_.add(*observed.num_gaussians);
  }
}

void Tally::add_charts(const RecordView& record, const Observed& observed,
                       std::optional<Timestamp> time) {
  if (time) days_[std::chrono::floor<std::chrono::days>(*time)] += observed.counts;
  const json::Field& timing = record[RecordField::kTiming];
  if (timing.kind != json::FieldKind::kObject) return;
  for (ObjectMembers members(timing.raw); members.next();) {
    if (members.has_name(kTotalTime)) continue;
    const auto seconds = number_of(members.raw_value());
    if (seconds) stages_[members.name()].add(*seconds);
  }
}

std::vector<RecordField> needed_fields(const AnalyzeOptions& options) {
  const AnalyzeReports& reports = options.reports;
  std::vector<RecordField> fields = {RecordField::kGenerationId,
                                     RecordField::kTaskType,
                                     RecordField::kSubmitted,
                                     RecordField::kAccepted,
                                     RecordField::kPreSubmissionRejection,
                                     RecordField::kFailed};
  const auto add_for = [&](std::initializer_list<AnalyzeReport> wanting,
                           std::initializer_list<RecordField> needed) {
    if (std::ranges::any_of(wanting, [&](AnalyzeReport report) { return reports.has(report); })) {
      fields.insert(fields.end(), needed);
    }
  };
  using enum AnalyzeReport;
  if (options.since) fields.push_back(RecordField::kTimestamp);
  add_for({kComparison, kCharts}, {RecordField::kTimestamp});
  add_for({kFailures, kCharts}, {RecordField::kErrorType, RecordField::kRejectionReason});
  add_for({kSummary, kComparison, kCharts, kGroups, kValidators}, {RecordField::kTotalTime});
  add_for({kCharts}, {RecordField::kTiming});
  add_for({kSummary, kClip, kValidator, kComparison, kCharts, kGroups, kValidators},
          {RecordField::kClipScore});
  add_for({kValidator, kValidators, kGroups},
          {RecordField::kValidatorUid, RecordField::kValidatorHotkey});
  add_for({kValidator, kValidators, kGroups, kComparison}, {RecordField::kScore});
  add_for({kValidator}, {RecordField::kNumGaussians});
  add_for({kGroups}, {RecordField::kMinerVersion, RecordField::kMinerConfig});
  std::ranges::sort(fields);
  fields.erase(std::ranges::unique(fields).begin(), fields.end());
  return fields;
}

}  // namespace assay::history
