#include "history/analyze_text.h"

#include "history/analyze_page_internal.h"
#include "history/analyze_side_by_side_internal.h"
#include "history/text_table_internal.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace assay::history {
namespace {

std::string count_line(std::string_view label, std::uint64_t count, std::uint64_t whole,
                       std::string_view separator = ": ") {
  return fmt::format("{}{}{} ({:.1f}%)\n", label, separator, count, percent_of(count, whole));
}

std::int64_t shown_submitted(const Counts& counts, TextForm form) {
  if (form == TextForm::kOurs) return static_cast<std::int64_t>(counts.submitted);
  // A record that failed was as a rule rejected too: this counts it twice, and may fall below 0.
  return static_cast<std::int64_t>(counts.generations) -
         static_cast<std::int64_t>(counts.rejected_before + counts.failed);
}

std::string summary_text(const Analysis& analysis, TextForm form) {
  const Counts& all = analysis.all;
  std::string text = banner("GENERATION HISTORY SUMMARY");
  text += fmt::format("Total generations: {}\n\nTask type breakdown:\n", all.generations);
  text += count_line("  TEXT-TO-3D", analysis.text_to_3d.generations, all.generations, ":  ");
  text += count_line("  IMAGE-TO-3D", analysis.image_to_3d.generations, all.generations);
  text += "\nSubmission & Acceptance:\n";
  text += count_line("  Pre-submission rejections", all.rejected_before, all.generations);
  const std::int64_t submitted = shown_submitted(all, form);
  text += fmt::format(
      "  Submitted: {} ({:.1f}%)\n", submitted,
      std::copysign(percent_of(static_cast<std::uint64_t>(std::abs(submitted)), all.generations),
                    static_cast<double>(submitted)));
  text += count_line("  Validator accepted", all.accepted, all.generations);
  text += count_line("  Failed", all.failed, all.generations);
  if (const ValueSummary& clip = analysis.clip.values; clip.count > 0) {
    text += fmt::format(
        "\nQuality Metrics:\n  Average CLIP: {:.4f}\n  Median CLIP:  {:.4f}\n"
        "  CLIP range:   {:.4f} - {:.4f}\n",
        clip.mean, clip.median, clip.minimum, clip.maximum);
  }
  if (const ValueSummary& time = analysis.total_time_seconds; time.count > 0) {
    text += fmt::format(
        "\nTiming:\n  Average generation time: {:.1f}s\n  Median generation time:  {:.1f}s\n"
        "  Timing range: {:.1f}s - {:.1f}s\n",
        time.mean, time.median, time.minimum, time.maximum);
  }
  return text;
}

std::string acceptance_of_type(std::string_view name, const Counts& counts) {
  if (counts.generations == 0) return {};
  std::string text = fmt::format("{}:\n  Total: {}\n", name, counts.generations);
  text += count_line("  Submitted", counts.submitted, counts.generations);
  if (counts.submitted > 0) {
    text += fmt::format("  Accepted: {} ({:.1f}% of submitted)\n", counts.accepted,
                        percent_of(counts.accepted, counts.submitted));
  }
  return text + "\n";
}

std::string acceptance_text(const Analysis& analysis, const AnalyzeHeading& heading) {
  const Counts& all = analysis.all;
  std::string title = "ACCEPTANCE RATE ANALYSIS";
  if (heading.last_days.value_or(0) != 0) {
    title += fmt::format(" (last {} days)", *heading.last_days);
  }
  std::string text = banner(title);
  text += fmt::format("Total generations: {}\n", all.generations);
  text += count_line("Submitted", all.submitted, all.generations);
  text += fmt::format("Accepted by validators: {} ({:.1f}% of submitted)\n", all.accepted,
                      percent_of(all.accepted, all.submitted));
  text += fmt::format("\nOverall acceptance rate: {:.1f}% ({}/{})\n\n",
                      percent_of(all.accepted, all.generations), all.accepted, all.generations);
  text += acceptance_of_type(kTextTo3d, analysis.text_to_3d);
  text += acceptance_of_type(kImageTo3d, analysis.image_to_3d);
  return text;
}

std::string listing(const std::vector<TextCount>& counts, std::uint64_t whole) {
  std::string text;
  for (const TextCount& entry : counts) {
    text += count_line("  " + report::visible_text(entry.text), entry.count, whole);
  }
  return text;
}

std::string failures_text(const Analysis& analysis, const AnalyzeHeading& heading) {
  const Counts& all = analysis.all;
  const bool has_type = !heading.task_type.empty();
  if (analysis.num_listed_failures == 0) {
    return has_type ? fmt::format("No failures found for {}\n", heading.task_type)
                    : "No failures found\n";
  }
  std::string text = banner(has_type ? fmt::format("FAILURE ANALYSIS - {}", heading.task_type)
                                     : "FAILURE ANALYSIS");
  text += count_line("Total failures", analysis.num_listed_failures, all.generations);
  text += "\nFailure types:\n" + listing(analysis.error_types, analysis.num_listed_failures);
  if (all.rejected_before > 0) {
    text += "\n" + count_line("Pre-submission rejections", all.rejected_before, all.generations);
    text += "\nRejection reasons:\n" + listing(analysis.rejection_reasons, all.rejected_before);
  }
  return text;
}

std::string histogram_text(const ClipFigures& clip) {
  std::string text = "  Distribution:\n";
  for (std::size_t bin = 0; bin < kClipBinNames.size(); ++bin) {
    const std::uint64_t count = clip.histogram.at(bin);
    text += fmt::format("    {}: {:3} ({:4.1f}%) ", kClipBinNames.at(bin), count,
                        percent_of(count, clip.values.count));
    // One block for each full 2 %.
    for (std::uint64_t i = 0; i < count * 50 / clip.values.count; ++i) text += "█";
    text += '\n';
  }
  return text;
}

std::string clip_of_type(std::string_view name, const ClipFigures& clip) {
  const ValueSummary& values = clip.values;
  if (values.count == 0) return {};
  return fmt::format(
             "{}:\n  Count: {}\n  Mean: {:.4f}\n  Median: {:.4f}\n  Range: {:.4f} - {:.4f}\n", name,
             values.count, values.mean, values.median, values.minimum, values.maximum) +
         histogram_text(clip) + "\n";
}

std::string clip_text(const Analysis& analysis) {
  const ValueSummary& values = analysis.clip.values;
  if (values.count == 0) return "No CLIP scores found\n";
  std::string text = banner("CLIP SCORE DISTRIBUTION");
  text += fmt::format(
      "Total generations with CLIP scores: {}\nMean: {:.4f}\nMedian: {:.4f}\nStd Dev: {}\n\n",
      values.count, values.mean, values.median,
      values.standard_deviation ? fmt::format("{:.4f}", *values.standard_deviation) : "N/A");
  text += clip_of_type(kTextTo3d, analysis.clip_text_to_3d);
  text += clip_of_type(kImageTo3d, analysis.clip_image_to_3d);
  return text;
}

std::string validator_text(const Analysis& analysis, const AnalyzeHeading& heading) {
  const ValidatorFigures& figures = analysis.validator;
  const std::string name = report::visible_text(heading.validator);
  if (figures.counts.generations == 0) {
    return fmt::format("No generations found for validator {}\n", name);
  }
  std::string text = banner(fmt::format("VALIDATOR {} ANALYSIS", name));
  text += fmt::format("Total generations: {}\n\nSubmitted: {}\n", figures.counts.generations,
                      figures.counts.submitted);
  if (figures.counts.submitted > 0) {
    text += count_line("Accepted", figures.counts.accepted, figures.counts.submitted);
  }
  text += '\n';
  if (figures.clip.count > 0) {
    text += fmt::format("CLIP scores:\n  Mean: {:.4f}\n  Median: {:.4f}\n\n", figures.clip.mean,
                        figures.clip.median);
  }
  if (const ValueSummary& gaussians = figures.accepted_gaussians; gaussians.count > 0) {
    text += fmt::format(
        "Accepted generations - Gaussian counts:\n  Mean: {}\n  Median: {}\n  Min: {}\n\n",
        grouped_text(gaussians.mean), grouped_text(gaussians.median),
        grouped_text(gaussians.minimum));
  }
  if (const ValueSummary& scores = figures.scores; scores.count > 0) {
    text += fmt::format(
        "Validator scores:\n  Mean: {:.4f}\n  Median: {:.4f}\n  Range: {:.4f} - {:.4f}\n",
        scores.mean, scores.median, scores.minimum, scores.maximum);
  }
  return text;
}

std::string groups_text(std::string_view title, std::string_view what,
                        const std::vector<GroupFigures>& groups) {
  std::vector<std::vector<std::string>> rows = {{std::string(what), "Generations", "Submitted",
                                                 "Accepted", "Of submitted", "95% interval",
                                                 "Score", "CLIP", "Time"}};
  for (const GroupFigures& group : groups) {
    const Counts& counts = group.counts;
    rows.push_back(
        {report::visible_text(group.label), std::to_string(counts.generations),
         std::to_string(counts.submitted), std::to_string(counts.accepted),
         fmt::format("{:.1f}%", percent_of(counts.accepted, counts.num_offered())),
         fmt::format("{:.1f}% - {:.1f}%", group.acceptance.lower * 100,
                     group.acceptance.upper * 100),
         number_or_dash(group.mean_score, 4), number_or_dash(group.mean_clip, 4),
         group.mean_time_seconds ? fmt::format("{:.1f}s", *group.mean_time_seconds) : "-"});
  }
  return banner(title) + aligned_table(rows);
}

std::string change_of(const std::optional<double>& earlier, const std::optional<double>& recent,
                      int num_decimals, std::string_view unit) {
  if (!earlier || !recent) return "-";
  return fmt::format("{:+.{}f}{}", *recent - *earlier, num_decimals, unit);
}

std::string comparison_text(const Analysis& analysis, const AnalyzeHeading& heading) {
  std::vector<std::vector<std::string>> rows = {{"", "Before", "Now", "Change"}};
  for (const ComparedFigure& figure : compared_figures(analysis.earlier, analysis.recent)) {
    rows.push_back({figure.label, figure.before, figure.now, figure.change});
  }
  return banner(fmt::format("LAST {} DAYS AGAINST THE {} BEFORE", heading.recent_days,
                            heading.earlier_days)) +
         aligned_table(rows);
}

}  // namespace

std::vector<ComparedFigure> compared_figures(const GroupFigures& earlier,
                                             const GroupFigures& recent) {
  std::vector<ComparedFigure> rows;
  const auto add_count = [&](std::string_view label, std::uint64_t Counts::* member) {
    const auto before = earlier.counts.*member;
    const auto now = recent.counts.*member;
    rows.push_back(
        {std::string(label), std::to_string(before), std::to_string(now),
         fmt::format("{:+}", static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before))});
  };
  const auto add_shares = [&](std::string_view label, double before, double now) {
    rows.push_back({std::string(label), fmt::format("{:.1f}%", before), fmt::format("{:.1f}%", now),
                    change_of(before, now, 1, " points")});
  };
  const auto add_rate = [&](std::string_view label, std::uint64_t Counts::* part,
                            std::uint64_t Counts::* whole) {
    add_shares(label, percent_of(earlier.counts.*part, earlier.counts.*whole),
               percent_of(recent.counts.*part, recent.counts.*whole));
  };
  const auto add_mean = [&](std::string_view label, std::optional<double> GroupFigures::* member,
                            int num_decimals) {
    rows.push_back({std::string(label), number_or_dash(earlier.*member, num_decimals),
                    number_or_dash(recent.*member, num_decimals),
                    change_of(earlier.*member, recent.*member, num_decimals, "")});
  };
  add_count("Generations", &Counts::generations);
  add_count("Submitted", &Counts::submitted);
  add_count("Accepted", &Counts::accepted);
  add_count("Failed", &Counts::failed);
  const auto offered = [](const GroupFigures& group) {
    return percent_of(group.counts.accepted, group.counts.num_offered());
  };
  add_shares("Accepted of submitted", offered(earlier), offered(recent));
  add_rate("Rejected before submission", &Counts::rejected_before, &Counts::generations);
  add_rate("Failed of all", &Counts::failed, &Counts::generations);
  add_mean("Mean validator score", &GroupFigures::mean_score, 4);
  add_mean("Mean CLIP", &GroupFigures::mean_clip, 4);
  add_mean("Mean time in seconds", &GroupFigures::mean_time_seconds, 1);
  return rows;
}

std::string analysis_text(const Analysis& analysis, const AnalyzeHeading& heading, TextForm form) {
  const bool is_empty = analysis.num_in_window + analysis.earlier.counts.generations +
                            analysis.recent.counts.generations ==
                        0;
  if (is_empty) return "No generation history found\n";
  std::string text;
  const auto add = [&](AnalyzeReport report, const auto& render) {
    if (!heading.reports.has(report)) return;
    if (!text.empty() && !text.ends_with("\n\n")) text += '\n';
    text += render();
  };
  using enum AnalyzeReport;
  add(kSummary, [&] { return summary_text(analysis, form); });
  add(kAcceptance, [&] { return acceptance_text(analysis, heading); });
  add(kFailures, [&] { return failures_text(analysis, heading); });
  add(kClip, [&] { return clip_text(analysis); });
  add(kValidator, [&] { return validator_text(analysis, heading); });
  add(kValidators, [&] { return groups_text("VALIDATORS", "Validator", analysis.validators); });
  add(kGroups, [&] {
    return groups_text(fmt::format("BY {}", heading.group_key.text()), heading.group_key.text(),
                       analysis.groups) +
           side_by_side_text(analysis, heading);
  });
  add(kComparison, [&] { return comparison_text(analysis, heading); });
  return text;
}

}  // namespace assay::history
