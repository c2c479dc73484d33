#include "audit/report_page.h"

#include "audit/report_page_internal.h"
#include "report/blocks.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace assay::audit {
namespace {

using report::count_text;
using report::counted;
using report::Html;
using report::KeyFigure;
using report::share_text;
using report::Tone;

std::string subtitle(const AuditReport& audit) {
  std::string text = fmt::format("{} of {}", counted(audit.totals.jobs, "job", "jobs"),
                                 counted(audit.miners.size(), "miner", "miners"));
  if (audit.inputs.first && audit.inputs.last) {
    text += fmt::format(", {} to {} UTC", minute_text(*audit.inputs.first),
                        minute_text(*audit.inputs.last));
  }
  return text;
}

std::string by_rule(const SuspectCounts& suspects) {
  if (suspects.tested == 0) {
    return fmt::format("The ratio rule marks {}. The exact test was not made.",
                       counted(suspects.ratio(), "miner", "miners"));
  }
  return fmt::format(
      "The ratio rule marks {}, the exact test of the claims {}. They agree on {}; {} by the ratio "
      "rule alone and {} by the exact test alone.",
      count_text(suspects.ratio()), count_text(suspects.claims()), count_text(suspects.both),
      count_text(suspects.ratio_only), count_text(suspects.claims_only));
}

Html headline(const AuditReport& audit) {
  const SuspectCounts suspects = count_suspects(audit);
  if (audit.totals.jobs == 0) {
    return report::callout(Tone::kWarning, "There is nothing to judge: the export holds no job.",
                           Html());
  }
  const Html rules = report::paragraph(Html::text(by_rule(suspects)));
  if (suspects.any() == 0) {
    return report::callout(Tone::kGood, "No miner is suspect.", rules);
  }
  const std::string title = fmt::format("{} of {} {} suspect.", count_text(suspects.any()),
                                        counted(audit.miners.size(), "miner", "miners"),
                                        suspects.any() == 1 ? "is" : "are");
  return report::callout(Tone::kBad, title, rules);
}

Html figures(const AuditReport& audit) {
  const AuditReport::Totals& totals = audit.totals;
  const SuspectCounts suspects = count_suspects(audit);
  const auto of_claims = [&](std::uint64_t count) {
    return share_text(share_of(count, totals.success_claims)) + " of the success claims";
  };
  std::vector<KeyFigure> tiles = {
      {"Jobs", count_text(totals.jobs), counted(audit.miners.size(), "miner", "miners")},
      {"With image", count_text(totals.with_image),
       share_text(share_of(totals.with_image, totals.jobs)) + " of the jobs"},
      {"Missing image", count_text(totals.missing),
       share_text(share_of(totals.missing, totals.jobs)) + " of the jobs"},
      {"Success claims", count_text(totals.success_claims),
       share_text(share_of(totals.success_claims, totals.jobs)) + " of the jobs"},
      {"Claims without address", count_text(totals.claims_without_address),
       of_claims(totals.claims_without_address)}};
  if (audit.verdicts) {
    tiles.push_back(
        {"Absent objects", count_text(totals.absent_objects), of_claims(totals.absent_objects)});
  } else {
    tiles.push_back({"Absent objects", "–", "the store was not asked", Tone::kMuted});
  }
  tiles.push_back({"Suspects", count_text(suspects.any()), "by either rule",
                   suspects.any() == 0 ? Tone::kGood : Tone::kBad});
  return report::key_figures(tiles);
}

void add_not_checked(report::Page& page, const AuditReport& audit) {
  std::vector<Html> items;
  items.reserve(audit.not_checked.size());
  for (const AuditReport::NotChecked& item : audit.not_checked) {
    items.push_back(report::strong(count_text(item.count)) + Html(": ") + Html::text(item.reason));
  }
  const AuditReport::Options& options = audit.options;
  if (options.since)
    items.push_back(Html::text("Jobs before " + to_rfc3339(*options.since) + " were left out."));
  if (options.until)
    items.push_back(Html::text("Jobs from " + to_rfc3339(*options.until) + " on were left out."));
  if (options.limit) {
    items.push_back(
        Html::text(fmt::format("Objects were asked for in the first {} of the export only.",
                               counted(*options.limit, "row", "rows"))));
  }
  if (!audit.verdicts)
    items.emplace_back(report::MarkupLiteral("The object store was not asked about any image."));
  page.begin_section("Not checked");
  if (items.empty()) {
    page.add(report::paragraph(Html("Everything the export claims was checked.")));
    return;
  }
  page.add(report::paragraph(
      Html("What this report says nothing about. None of it counts against a miner.")));
  page.add(report::bullet_list(items));
}

void add_rules(report::Page& page, const AuditReport& audit) {
  const AuditReport::Options& options = audit.options;
  const std::array rules = {
      report::strong("Missing.") +
          Html(" A job has an image when its answer says so; when it says nothing, when it gives "
               "an address that is not blank. Every other job is missing its image."),
      report::strong("Ratio rule.") +
          Html::text(
              fmt::format(" Suspect when at least {} of a miner's missing jobs call "
                          "themselves a success, and at least {} jobs are missing. It "
                          "depends on how many jobs a miner had: with few it overlooks false "
                          "claims, with many it marks honest miners.",
                          share_text(options.success_ratio), count_text(options.min_missing))),
      report::strong("Exact test.") +
          Html::text(fmt::format(
              " Of a miner's success claims, how many have no image? If accidents took {} of them, "
              "how likely would so many be (one-sided exact binomial test)? The p-values are "
              "adjusted for the number of miners (Benjamini and Hochberg), so that of the "
              "marked miners about {} at most are marked by chance. The interval is the 95{}% "
              "Clopper-Pearson interval of the rate.",
              share_text(options.tolerated_rate), share_text(options.false_discovery_rate),
              "\u00a0")),
      report::strong("Without image") +
          Html(" are success claims that miss their image, that give no usable address, or whose "
               "object the store says is absent; each job is counted once. An object that was "
               "denied, or of which nothing is known, never counts against a miner.")};
  page.begin_section("How the rules work").add(report::bullet_list(rules));
}

}  // namespace

SuspectCounts count_suspects(const AuditReport& audit) {
  SuspectCounts counts;
  for (const AuditReport::Miner& miner : audit.miners) {
    counts.tested += miner.claims_test ? 1 : 0;
    if (miner.ratio_suspect && miner.claims_suspect()) {
      ++counts.both;
    } else if (miner.ratio_suspect) {
      ++counts.ratio_only;
    } else if (miner.claims_suspect()) {
      ++counts.claims_only;
    } else {
      ++counts.neither;
    }
  }
  return counts;
}

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string minute_text(Timestamp instant) {
  std::string text = to_rfc3339(std::chrono::floor<std::chrono::minutes>(instant));
  // From 2025-10-27T06:00:00Z the T becomes a blank, and the seconds go.
  const std::size_t time = text.find('T');
  text[time] = ' ';
  text.resize(time + 6);
  return text;
}

std::string render_audit_page(const AuditReport& audit) {
  report::Page page(
      {.title = "Image audit",
       .subtitle = subtitle(audit),
       .footer = fmt::format("Made by Assay {} at {} from {} with {}. This page loads "
                             "nothing, and names no bucket and no object.",
                             audit.version, to_rfc3339(audit.created_at),
                             counted(audit.inputs.files, "file", "files"),
                             counted(audit.inputs.rows, "row", "rows"))});
  page.add(headline(audit)).add(figures(audit));
  add_suspects(page, audit);
  add_miners(page, audit);
  add_hours(page, audit);
  add_models_and_statuses(page, audit);
  add_verdicts(page, audit);
  add_not_checked(page, audit);
  add_rules(page, audit);
  return page.render();
}

}  // namespace assay::audit
