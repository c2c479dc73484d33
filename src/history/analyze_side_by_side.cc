#include "history/analyze_page_internal.h"
#include "history/analyze_side_by_side_internal.h"
#include "history/text_table_internal.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

// As wide as a terminal; the groups have the most generations first.
constexpr std::size_t kMaxGroupColumns = 8;
// What is rarer is one line.
constexpr std::size_t kMaxTexts = 15;

std::string count_and_share(std::uint64_t count, std::uint64_t whole) {
  return fmt::format("{} ({:.1f}%)", count, percent_of(count, whole));
}

std::optional<double> value_or_none(const ValueSummary& values, double value) {
  return values.count == 0 ? std::nullopt : std::optional(value);
}

/// A line a figure, a column a group.
class SideBySide {
 public:
  SideBySide(const Analysis& analysis, const AnalyzeHeading& heading, std::size_t max_groups)
      : analysis_(&analysis),
        num_columns_(std::min(max_groups, analysis.groups.size())),
        rows_(1, {heading.group_key.text()}) {
    for (const GroupFigures& group : std::span(analysis.groups).first(num_columns_)) {
      rows_[0].push_back(report::visible_text(group.label));
    }
  }

  template <typename Figure>
  void row(std::string_view label, const Figure& figure) {
    std::vector<std::string> cells = {std::string(label)};
    for (std::size_t i = 0; i < num_columns_; ++i) {
      cells.push_back(figure(analysis_->group_figures[i]));
    }
    rows_.push_back(std::move(cells));
  }
  /// A column a group: each figure before, now, and what changed.
  void comparisons() {
    for (std::size_t i = 0; i < num_columns_; ++i) {
      const ComparisonFigures& compared = analysis_->group_comparisons[i];
      const auto figures = compared_figures(compared.earlier, compared.recent);
      if (i == 0) {
        for (const ComparedFigure& figure : figures) rows_.push_back({figure.label});
      }
      for (std::size_t at = 0; at < figures.size(); ++at) {
        rows_[at + 1].push_back(
            fmt::format("{} -> {} ({})", figures[at].before, figures[at].now, figures[at].change));
      }
    }
  }
  /// A line for each of the texts that the whole history has most, and one for all others.
  void texts(const std::vector<TextCount> ReportFigures::* listed,
             const std::function<std::uint64_t(const ReportFigures&)>& whole) {
    const std::vector<TextCount>& all = analysis_->*listed;
    const auto shown = std::span(all).first(std::min(kMaxTexts, all.size()));
    const auto count_of = [&](const ReportFigures& group, std::string_view text) {
      const auto found = std::ranges::find(group.*listed, text, &TextCount::text);
      return found == (group.*listed).end() ? 0 : found->count;
    };
    for (const TextCount& text : shown) {
      row("  " + report::visible_text(text.text), [&](const ReportFigures& group) {
        return count_and_share(count_of(group, text.text), whole(group));
      });
    }
    if (shown.size() == all.size()) return;
    row(fmt::format("  {} others", all.size() - shown.size()), [&](const ReportFigures& group) {
      std::uint64_t rest = whole(group);
      for (const TextCount& text : shown) rest -= count_of(group, text.text);
      return count_and_share(rest, whole(group));
    });
  }
  void values(std::string_view what,
              const std::function<ValueSummary(const ReportFigures&)>& values_of,
              int num_decimals) {
    const auto shown = [&](const ValueSummary& values, double value) {
      if (num_decimals == 0 && values.count > 0) return grouped_text(value);
      return number_or_dash(value_or_none(values, value), num_decimals);
    };
    row(fmt::format("Mean {}", what), [&](const ReportFigures& group) {
      const ValueSummary values = values_of(group);
      return shown(values, values.mean);
    });
    row(fmt::format("Median {}", what), [&](const ReportFigures& group) {
      const ValueSummary values = values_of(group);
      return shown(values, values.median);
    });
  }

  std::vector<std::vector<std::string>> take() { return std::move(rows_); }

 private:
  const Analysis* analysis_;
  std::size_t num_columns_;
  std::vector<std::vector<std::string>> rows_;
};

void fill_summary(SideBySide& table) {
  const auto add = [&](std::string_view label, const auto& count_of) {
    table.row(label, [&](const ReportFigures& group) {
      return count_and_share(count_of(group), group.all.generations);
    });
  };
  table.row("Generations",
            [](const ReportFigures& group) { return fmt::to_string(group.all.generations); });
  add(kTextTo3d, [](const ReportFigures& group) { return group.text_to_3d.generations; });
  add(kImageTo3d, [](const ReportFigures& group) { return group.image_to_3d.generations; });
  add("Rejected before submission",
      [](const ReportFigures& group) { return group.all.rejected_before; });
  add("Submitted", [](const ReportFigures& group) { return group.all.submitted; });
  add("Accepted", [](const ReportFigures& group) { return group.all.accepted; });
  add("Failed", [](const ReportFigures& group) { return group.all.failed; });
  table.values("CLIP", [](const ReportFigures& group) { return group.clip.values; }, 4);
  table.values("seconds", [](const ReportFigures& group) { return group.total_time_seconds; }, 1);
}

void fill_acceptance(SideBySide& table) {
  const auto add = [&](std::string_view label, const Counts ReportFigures::* counts) {
    table.row(label, [=](const ReportFigures& group) {
      const Counts& of_type = group.*counts;
      if (of_type.submitted == 0) return std::string("-");
      return count_and_share(of_type.accepted, of_type.submitted);
    });
  };
  table.row("Submitted", [](const ReportFigures& group) {
    return count_and_share(group.all.submitted, group.all.generations);
  });
  add("Accepted of submitted", &ReportFigures::all);
  add(fmt::format("  {}", kTextTo3d), &ReportFigures::text_to_3d);
  add(fmt::format("  {}", kImageTo3d), &ReportFigures::image_to_3d);
  table.row("Accepted of all", [](const ReportFigures& group) {
    return count_and_share(group.all.accepted, group.all.generations);
  });
}

void fill_failures(SideBySide& table) {
  table.row("Failed", [](const ReportFigures& group) {
    return count_and_share(group.num_listed_failures, group.all.generations);
  });
  table.texts(&ReportFigures::error_types,
              [](const ReportFigures& group) { return group.num_listed_failures; });
  table.row("Rejected before submission", [](const ReportFigures& group) {
    return count_and_share(group.all.rejected_before, group.all.generations);
  });
  table.texts(&ReportFigures::rejection_reasons,
              [](const ReportFigures& group) { return group.all.rejected_before; });
}

void fill_clip(SideBySide& table) {
  table.row("Count",
            [](const ReportFigures& group) { return fmt::to_string(group.clip.values.count); });
  table.values("CLIP", [](const ReportFigures& group) { return group.clip.values; }, 4);
  table.row("Std Dev", [](const ReportFigures& group) {
    return number_or_dash(group.clip.values.standard_deviation, 4);
  });
  for (std::size_t bin = 0; bin < kClipBinNames.size(); ++bin) {
    table.row(kClipBinNames.at(bin), [bin](const ReportFigures& group) {
      return count_and_share(group.clip.histogram.at(bin), group.clip.values.count);
    });
  }
}

void fill_validator(SideBySide& table) {
  table.row("Generations", [](const ReportFigures& group) {
    return fmt::to_string(group.validator.counts.generations);
  });
  table.row("Submitted", [](const ReportFigures& group) {
    return fmt::to_string(group.validator.counts.submitted);
  });
  table.row("Accepted of submitted", [](const ReportFigures& group) {
    const Counts& counts = group.validator.counts;
    if (counts.submitted == 0) return std::string("-");
    return count_and_share(counts.accepted, counts.submitted);
  });
  table.values("CLIP", [](const ReportFigures& group) { return group.validator.clip; }, 4);
  table.values("score", [](const ReportFigures& group) { return group.validator.scores; }, 4);
  table.values(
      "Gaussians of accepted",
      [](const ReportFigures& group) { return group.validator.accepted_gaussians; }, 0);
}

}  // namespace

std::vector<SideBySideTable> side_by_side_tables(const Analysis& analysis,
                                                 const AnalyzeHeading& heading,
                                                 std::size_t max_groups) {
  std::vector<SideBySideTable> tables;
  const auto add = [&](AnalyzeReport report, std::string banner, std::string caption,
                       const auto& fill) {
    if (!heading.group_reports.has(report)) return;
    SideBySide table(analysis, heading, max_groups);
    fill(table);
    tables.push_back({.report = report,
                      .banner = std::move(banner),
                      .caption = std::move(caption),
                      .rows = table.take()});
  };
  using enum AnalyzeReport;
  const std::string validator = report::visible_text(heading.validator);
  add(kSummary, "SUMMARY", "Summary", fill_summary);
  add(kAcceptance, "ACCEPTANCE RATE", "Acceptance rate", fill_acceptance);
  add(kFailures, "FAILURES", "Failures", fill_failures);
  add(kClip, "CLIP SCORES", "CLIP scores", fill_clip);
  add(kValidator, "VALIDATOR " + validator, "Validator " + validator, fill_validator);
  add(kComparison,
      fmt::format("LAST {} DAYS AGAINST THE {} BEFORE", heading.recent_days, heading.earlier_days),
      fmt::format("Last {} days against the {} before", heading.recent_days, heading.earlier_days),
      [](SideBySide& table) { table.comparisons(); });
  return tables;
}

std::string side_by_side_text(const Analysis& analysis, const AnalyzeHeading& heading) {
  std::string text;
  for (const SideBySideTable& table : side_by_side_tables(analysis, heading, kMaxGroupColumns)) {
    text += "\n" + banner(fmt::format("{} BY {}", table.banner, heading.group_key.text())) +
            aligned_table(table.rows);
    if (analysis.groups.size() > kMaxGroupColumns) {
      text += fmt::format("\nThe {} largest of {} groups; --json has all.\n", kMaxGroupColumns,
                          analysis.groups.size());
    }
  }
  return text;
}

}  // namespace assay::history
