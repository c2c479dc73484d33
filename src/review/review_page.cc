#include "core/timestamp.h"
#include "grouping/image_name.h"
#include "report/blocks.h"
#include "report/chart.h"
#include "report/number_text.h"
#include "report/table.h"
#include "review/review_page_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay::review {
namespace {

using decisions::ScoredGroup;
using decisions::ScoredProject;
using report::count_text;
using report::counted;
using report::Html;
using report::KeyFigure;
using report::share_text;
using report::Tone;

double share_of(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// The first words of an error, which say its kind.
std::string kind_of(std::string_view error) {
  return std::string(error.substr(0, error.find(':')));
}

/// Why images could not be judged, and how many.
std::map<std::string, std::uint64_t> failures_of(const ScoredProject& project) {
  std::map<std::string, std::uint64_t> failures;
  for (const ScoredGroup& group : project.groups) {
    for (const decisions::ScoredImage& image : group.images) {
      if (image.score && image.score->error) ++failures[kind_of(*image.score->error)];
    }
  }
  return failures;
}

std::uint64_t total_of(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : counts) total += count;
  return total;
}

std::string list_of(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count_text(count), name);
  }
  return text;
}

std::optional<double> median_confidence(const ScoredProject& project) {
  std::vector<double> values;
  for (const ScoredGroup& group : project.groups) {
    if (group.decision.ai_confidence) values.push_back(*group.decision.ai_confidence);
  }
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// To the second; what cannot be read stays as it is.
std::string moment_text(std::string_view moment) {
  const auto read = parse_timestamp(moment);
  return read ? to_rfc3339(std::chrono::floor<std::chrono::seconds>(*read)) : std::string(moment);
}

Html confidence_chart(const ScoredProject& project) {
  constexpr std::size_t kNumColumns = 20;
  report::ColumnChart chart{
      .text = {.title = "Confidence",
               .description = "How many groups have their pick with which confidence."},
      .series = {{"certain", Tone::kNeutral}, {"uncertain", Tone::kWarning}}};
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    chart.columns.push_back(
        {.label = fmt::format("{} to {} %", i * 100 / kNumColumns, (i + 1) * 100 / kNumColumns),
         .values = {0, 0}});
  }
  chart.ticks = {{.column = 0, .label = "0 %"},
                 {.column = kNumColumns / 2, .label = "50 %"},
                 {.column = kNumColumns - 1, .label = "100 %"}};
  for (const ScoredGroup& group : project.groups) {
    if (!group.decision.ai_confidence) continue;
    const double scaled = std::clamp(*group.decision.ai_confidence, 0.0, 1.0) * kNumColumns;
    const std::size_t column = std::min(static_cast<std::size_t>(scaled), kNumColumns - 1);
    chart.columns[column].values[group.is_uncertain() ? 1 : 0] += 1;
  }
  return report::render(chart);
}

Html stage_chart(const ScoredProject& project) {
  constexpr std::size_t kNumStages = 5;
  std::array<std::array<std::size_t, 2>, kNumStages> counts{};  // taken, passed over
  for (const ScoredGroup& group : project.groups) {
    for (std::size_t i = 0; i < group.images.size(); ++i) {
      const auto stage =
          static_cast<std::size_t>(grouping::parse_image_name(group.images[i].name).stage);
      const bool is_taken = group.decision.ai_selected_index == static_cast<std::int64_t>(i);
      ++counts.at(stage).at(is_taken ? 0 : 1);
    }
  }
  report::BarChart chart{
      .text = {.title = "Picks by stage",
               .description = "Of the images of each stage, how many were taken."},
      .series = {{"taken", Tone::kGood}, {"passed over", Tone::kMuted}}};
  for (std::size_t i = 0; i < kNumStages; ++i) {
    const auto [taken, passed] = counts.at(i);
    if (taken + passed == 0) continue;
    chart.rows.push_back(
        {.label = std::string(to_string(static_cast<grouping::Stage>(i))),
         .values = {static_cast<double>(taken), static_cast<double>(passed)},
         .note = fmt::format("{} of {} taken, {}", count_text(taken), count_text(taken + passed),
                             share_text(share_of(taken, taken + passed)))});
  }
  return report::render(chart);
}

report::PictureFrame frame_of(const decisions::CropBox& box) {
  return {.left = box.x1, .top = box.y1, .right = box.x2, .bottom = box.y2};
}

/// The crop of an image: the row's for the pick, that beside it for the others.
std::optional<decisions::CropBox> crop_of(const ScoredGroup& group, std::size_t index) {
  if (group.decision.ai_selected_index == static_cast<std::int64_t>(index)) {
    return group.decision.ai_crop_coords;
  }
  const auto& score = group.images[index].score;
  return score ? score->crop : std::nullopt;
}

Html caption_of(const ScoredGroup& group, std::size_t index) {
  const decisions::ScoredImage& image = group.images[index];
  const auto position = static_cast<std::int64_t>(index);
  Html caption;
  if (group.decision.ai_selected_index == position) caption += report::badge(Tone::kGood, "pick");
  if (group.decision.user_selected_index == position && group.decision.user_action != "reject") {
    caption += report::badge(Tone::kNeutral, "user's pick");
  }
  caption += Html::text(to_string(grouping::parse_image_name(image.name).stage));
  std::string figures;
  if (image.score && image.score->score) figures = fmt::format("score {:.3f}", *image.score->score);
  if (image.score && image.score->width && image.score->height) {
    figures += fmt::format("{}{} × {}", figures.empty() ? "" : " · ", *image.score->width,
                           *image.score->height);
  }
  if (!figures.empty()) caption += Html("<br>") + Html::text(figures);
  caption += Html("<br>") + report::code(decisions::base_name_of(image.name));
  if (image.score && image.score->error) {
    caption += Html("<br>") + report::badge(Tone::kBad, "failed") + Html::text(*image.score->error);
  }
  return caption;
}

Html heading_of(const ScoredGroup& group) {
  const decisions::Decision& decision = group.decision;
  Html heading;
  if (group.is_uncertain()) heading += report::badge(Tone::kWarning, "uncertain");
  heading += report::code(decision.group_id);
  if (decision.ai_confidence) {
    heading += Html::text(" · confidence " + share_text(*decision.ai_confidence));
  }
  if (group.score && group.score->margin) {
    heading += Html::text(fmt::format(" · margin {:.3f}", *group.score->margin));
  }
  if (decision.ai_selected_index && !decision.ai_crop_coords) heading += Html::text(" · no crop");
  if (decision.user_action) heading += Html::text(" · user: " + *decision.user_action);
  return heading;
}

}  // namespace

std::string title_of(const ScoredProject& project) {
  const std::string stem = project.path.stem().native();
  return stem == project.project ? stem : fmt::format("{} ({})", project.project, stem);
}

std::size_t count_uncertain(const ScoredProject& project) {
  return static_cast<std::size_t>(
      std::ranges::count_if(project.groups, &ScoredGroup::is_uncertain));
}

Html overview_of(std::span<const ScoredProject> projects,
                 std::span<const report::FileLink> first_pages) {
  report::Table table{
      .caption = "Projects",
      .columns = {{.header = "Project", .kind = report::ColumnKind::kName},
                  {.header = "Groups", .kind = report::ColumnKind::kNumber},
                  {.header = "Uncertain", .kind = report::ColumnKind::kNumber},
                  {.header = "Failed images", .kind = report::ColumnKind::kNumber},
                  {.header = "In no group", .kind = report::ColumnKind::kNumber},
                  {.header = "Median confidence", .kind = report::ColumnKind::kNumber},
                  {.header = "Begins on"}}};
  for (std::size_t i = 0; i < projects.size(); ++i) {
    const ScoredProject& project = projects[i];
    const std::uint64_t num_failed = total_of(failures_of(project));
    const std::optional<double> confidence = median_confidence(project);
    table.rows.push_back(
        {report::name_cell(title_of(project)), report::count_cell(project.groups.size()),
         report::count_cell(count_uncertain(project)),
         report::count_cell(num_failed, num_failed == 0 ? Tone::kNeutral : Tone::kWarning),
         report::count_cell(total_of(project.dropped)),
         confidence ? report::share_cell(*confidence) : report::absent_cell(),
         report::html_cell(report::link(first_pages[i]))});
  }
  return report::render(table);
}

Html figures_of(const ScoredProject& project) {
  std::size_t num_images = 0;
  for (const ScoredGroup& group : project.groups) num_images += group.images.size();
  const std::size_t num_uncertain = count_uncertain(project);
  const auto failures = failures_of(project);
  const std::uint64_t num_failed = total_of(failures);
  const std::optional<double> confidence = median_confidence(project);
  const std::vector<KeyFigure> tiles = {
      {.label = "Groups",
       .value = count_text(project.groups.size()),
       .note = counted(num_images, "image", "images")},
      {.label = "Uncertain",
       .value = count_text(num_uncertain),
       .note = share_text(share_of(num_uncertain, project.groups.size())) + " of the groups",
       .tone = num_uncertain == 0 ? Tone::kGood : Tone::kWarning},
      {.label = "Failed images",
       .value = count_text(num_failed),
       .note = list_of(failures),
       .tone = num_failed == 0 ? Tone::kGood : Tone::kWarning},
      {.label = "In no group",
       .value = count_text(total_of(project.dropped)),
       .note = list_of(project.dropped)},
      {.label = "Median confidence", .value = confidence ? share_text(*confidence) : "–"}};
  Html html = report::key_figures(tiles);
  if (!project.bad_rows.empty()) {
    html += report::callout(Tone::kWarning, "Rows that cannot be read",
                            report::paragraph(Html::text(fmt::format(
                                "{} of the database. `assay predict validate` lists them.",
                                counted(project.bad_rows.size(), "row", "rows")))));
  }
  if (!project.groups.empty()) {
    html += report::side_by_side(std::array{confidence_chart(project), stage_chart(project)});
  }
  std::vector<Html> facts = {Html("Database: ") + report::code(project.path.native())};
  if (project.run) {
    facts.push_back(Html("Source: ") + report::code(project.run->source));
    facts.push_back(
        Html::text(fmt::format("Predicted by Assay {}, {}.", project.run->program_version,
                               moment_text(project.run->finished_at))));
  } else {
    const Html unknown(
        "No run of Assay made this database: it says neither scores nor where images are.");
    facts.push_back(unknown);
  }
  return html + report::bullet_list(facts);
}

Html card_of(const ScoredGroup& group, std::span<ReviewPicture> pictures) {
  std::vector<report::Picture> shown;
  for (std::size_t i = 0; i < group.images.size(); ++i) {
    const decisions::ScoredImage& image = group.images[i];
    const bool is_pick = group.decision.ai_selected_index == static_cast<std::int64_t>(i);
    report::Picture picture{.description = image.name,
                            .caption = caption_of(group, i),
                            .tone = is_pick ? Tone::kGood : Tone::kNeutral};
    if (pictures[i]) {
      picture.width = pictures[i]->size.width;
      picture.height = pictures[i]->size.height;
      picture.jpeg = std::move(pictures[i]->jpeg);
      if (const auto crop = crop_of(group, i)) picture.frame = frame_of(*crop);
    } else {
      picture.missing = pictures[i].error();
    }
    shown.push_back(std::move(picture));
  }
  return report::card(heading_of(group), report::render(shown),
                      group.is_uncertain() ? report::CardFlag::kFlagged : report::CardFlag::kNone);
}

}  // namespace assay::review
