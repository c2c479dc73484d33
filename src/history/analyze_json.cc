#include "history/analyze_text.h"
#include "json/writer.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace assay::history {
namespace {

void write_optional(json::Writer& json, std::string_view name, const std::optional<double>& value) {
  json.name(name);
  value ? json.number(*value) : json.null();
}

void write_text_or_null(json::Writer& json, std::string_view name, std::string_view text) {
  json.name(name);
  text.empty() ? json.null() : json.text(text);
}

void write_counts(json::Writer& json, const Counts& counts) {
  json.name("generations").unsigned_integer(counts.generations);
  json.name("submitted").unsigned_integer(counts.submitted);
  json.name("accepted").unsigned_integer(counts.accepted);
  json.name("rejected_before_submission").unsigned_integer(counts.rejected_before);
  json.name("failed").unsigned_integer(counts.failed);
}

/// An object of the values, or null when there is none.
void write_values(json::Writer& json, std::string_view name, const ValueSummary& values) {
  json.name(name);
  if (values.count == 0) {
    json.null();
    return;
  }
  json.begin_object();
  json.name("count").unsigned_integer(values.count);
  json.name("mean").number(values.mean);
  json.name("median").number(values.median);
  write_optional(json, "standard_deviation", values.standard_deviation);
  json.name("minimum").number(values.minimum);
  json.name("maximum").number(values.maximum);
  json.end_object();
}

void write_text_counts(json::Writer& json, std::string_view name, std::string_view text_name,
                       const std::vector<TextCount>& counts) {
  json.name(name).begin_list();
  for (const TextCount& entry : counts) {
    json.begin_object();
    json.name(text_name).text(entry.text).name("count").unsigned_integer(entry.count);
    json.end_object();
  }
  json.end_list();
}

void write_group_members(json::Writer& json, const GroupFigures& group) {
  write_counts(json, group.counts);
  json.name("acceptance_rate");
  const std::uint64_t num_offered = group.counts.num_offered();
  num_offered == 0
      ? json.null()
      : json.number(static_cast<double>(group.counts.accepted) / static_cast<double>(num_offered));
  json.name("acceptance_interval_95").begin_list();
  json.number(group.acceptance.lower).number(group.acceptance.upper).end_list();
  write_optional(json, "mean_score", group.mean_score);
  write_optional(json, "mean_clip", group.mean_clip);
  write_optional(json, "mean_time_seconds", group.mean_time_seconds);
}

void write_groups(json::Writer& json, const std::vector<GroupFigures>& groups) {
  json.begin_list();
  for (const GroupFigures& group : groups) {
    json.begin_object().name("name").text(group.label);
    write_group_members(json, group);
    json.end_object();
  }
  json.end_list();
}

void write_clip_members(json::Writer& json, const ClipFigures& clip) {
  write_values(json, "values", clip.values);
  json.name("histogram").begin_list();
  for (std::size_t bin = 0; bin < kClipBins.size(); ++bin) {
    json.begin_object();
    json.name("from").number(kClipBins.at(bin));
    json.name("below").number(bin + 1 < kClipBins.size() ? kClipBins.at(bin + 1) : 1.0);
    json.name("count").unsigned_integer(clip.histogram.at(bin));
    json.end_object();
  }
  json.end_list();
}

void write_clip(json::Writer& json, const ReportFigures& analysis) {
  json.name("clip").begin_object();
  write_clip_members(json, analysis.clip);
  json.name("task_types").begin_list();
  for (const auto& [name, clip] : {std::pair(kTextTo3d, &analysis.clip_text_to_3d),
                                   std::pair(kImageTo3d, &analysis.clip_image_to_3d)}) {
    json.begin_object().name("task_type").text(name);
    write_clip_members(json, *clip);
    json.end_object();
  }
  json.end_list().end_object();
}

void write_by_task_type(json::Writer& json, const ReportFigures& analysis) {
  json.name("task_types").begin_list();
  for (const auto& [name, counts] :
       {std::pair(kTextTo3d, &analysis.text_to_3d), std::pair(kImageTo3d, &analysis.image_to_3d)}) {
    json.begin_object().name("task_type").text(name);
    write_counts(json, *counts);
    json.end_object();
  }
  json.end_list();
}

void write_window(json::Writer& json, const AnalyzeHeading& heading) {
  json.name("window").begin_object();
  json.name("now").text(to_rfc3339(heading.now));
  json.name("last_days");
  heading.last_days ? json.integer(*heading.last_days) : json.null();
  json.name("since");
  heading.since ? json.text(to_rfc3339(*heading.since)) : json.null();
  write_text_or_null(json, "task_type", heading.task_type);
  json.end_object();
}

void write_lines(json::Writer& json, const record_reading::LineCounts& lines) {
  json.name("lines").begin_object();
  json.name("records").unsigned_integer(lines.num_records);
  json.name("blank").unsigned_integer(lines.num_blank);
  json.name("bad_json").unsigned_integer(lines.num_bad_json);
  json.name("bad_utf8").unsigned_integer(lines.num_bad_utf8);
  json.name("no_object").unsigned_integer(lines.num_no_object);
  json.name("too_long").unsigned_integer(lines.num_too_long);
  json.name("nan").unsigned_integer(lines.num_nan);
  json.name("big_integer").unsigned_integer(lines.num_big_integer);
  json.name("lone_surrogate").unsigned_integer(lines.num_lone_surrogate);
  json.name("bad_timestamp").unsigned_integer(lines.num_bad_timestamp);
  json.name("no_offset").unsigned_integer(lines.num_no_offset);
  json.name("missing_section").unsigned_integer(lines.num_missing_section);
  json.name("duplicate").unsigned_integer(lines.num_duplicate);
  json.name("late_feedback").unsigned_integer(lines.num_late_feedback);
  json.end_object();
}

void write_failures(json::Writer& json, const ReportFigures& analysis) {
  json.name("failures").begin_object();
  json.name("generations").unsigned_integer(analysis.all.generations);
  json.name("failed").unsigned_integer(analysis.num_listed_failures);
  write_text_counts(json, "error_types", "error_type", analysis.error_types);
  json.name("rejected_before_submission").unsigned_integer(analysis.all.rejected_before);
  write_text_counts(json, "rejection_reasons", "reason", analysis.rejection_reasons);
  json.end_object();
}

void write_validator(json::Writer& json, const ReportFigures& analysis,
                     const AnalyzeHeading& heading) {
  const ValidatorFigures& figures = analysis.validator;
  json.name("validator").begin_object();
  json.name("name").text(heading.validator);
  write_counts(json, figures.counts);
  write_values(json, "clip", figures.clip);
  write_values(json, "accepted_gaussians", figures.accepted_gaussians);
  write_values(json, "scores", figures.scores);
  json.end_object();
}

void write_comparison(json::Writer& json, const GroupFigures& earlier, const GroupFigures& recent,
                      const AnalyzeHeading& heading) {
  json.name("comparison").begin_object();
  json.name("earlier").begin_object().name("days").integer(heading.earlier_days);
  write_group_members(json, earlier);
  json.end_object();
  json.name("recent").begin_object().name("days").integer(heading.recent_days);
  write_group_members(json, recent);
  json.end_object().end_object();
}

// The reports that a group may have too; null for those that are not wanted.
void write_reports(json::Writer& json, const ReportFigures& figures, const AnalyzeReports& wanted,
                   const AnalyzeHeading& heading) {
  using enum AnalyzeReport;
  const auto write = [&](AnalyzeReport report, std::string_view name, const auto& member) {
    if (wanted.has(report)) {
      member();
    } else {
      json.name(name).null();
    }
  };
  write(kSummary, "summary", [&] {
    json.name("summary").begin_object();
    write_counts(json, figures.all);
    write_by_task_type(json, figures);
    write_values(json, "clip", figures.clip.values);
    write_values(json, "total_time_seconds", figures.total_time_seconds);
    json.end_object();
  });
  write(kAcceptance, "acceptance", [&] {
    json.name("acceptance").begin_object();
    write_counts(json, figures.all);
    write_by_task_type(json, figures);
    json.end_object();
  });
  write(kFailures, "failures", [&] { write_failures(json, figures); });
  write(kClip, "clip", [&] { write_clip(json, figures); });
  write(kValidator, "validator", [&] { write_validator(json, figures, heading); });
}

void write_grouped(json::Writer& json, const Analysis& analysis, const AnalyzeHeading& heading) {
  json.name("groups").begin_object().name("by").text(heading.group_key.text());
  json.name("groups").begin_list();
  for (std::size_t i = 0; i < analysis.groups.size(); ++i) {
    json.begin_object().name("name").text(analysis.groups[i].label);
    write_group_members(json, analysis.groups[i]);
    const ReportFigures none;
    write_reports(json, i < analysis.group_figures.size() ? analysis.group_figures[i] : none,
                  heading.group_reports, heading);
    if (i < analysis.group_comparisons.size()) {
      const ComparisonFigures& compared = analysis.group_comparisons[i];
      write_comparison(json, compared.earlier, compared.recent, heading);
    } else {
      json.name("comparison").null();
    }
    json.end_object();
  }
  json.end_list().end_object();
}

}  // namespace

std::string analysis_json(const Analysis& analysis, const AnalyzeHeading& heading) {
  using enum AnalyzeReport;
  json::Writer json(json::Layout::kPretty);
  const auto write = [&](AnalyzeReport report, std::string_view name, const auto& member) {
    if (heading.reports.has(report)) {
      member();
    } else {
      json.name(name).null();
    }
  };
  json.begin_object().name("data_dir").text(heading.data_folder);
  write_window(json, heading);
  write_lines(json, analysis.lines);
  write_reports(json, analysis, heading.reports, heading);
  write(kValidators, "validators", [&] {
    json.name("validators");
    write_groups(json, analysis.validators);
  });
  write(kGroups, "groups", [&] { write_grouped(json, analysis, heading); });
  write(kComparison, "comparison",
        [&] { write_comparison(json, analysis.earlier, analysis.recent, heading); });
  json.end_object();
  return json.take() + "\n";
}

}  // namespace assay::history
