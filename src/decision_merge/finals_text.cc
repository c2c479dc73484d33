#include "decision_merge/finals.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace assay::decision_merge {
namespace {

void write_place(json::Writer& writer, const FoundFinal& found) {
  writer.name("place");
  if (!found.place) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.name("left").number(found.place->left).name("top").number(found.place->top);
  writer.name("width").number(found.place->width).name("height").number(found.place->height);
  writer.name("scale").number(found.place->scale).name("score").number(found.place->score);
  writer.end_object();
}

void write_text_or_null(json::Writer& writer, std::string_view name, std::string_view text) {
  writer.name(name);
  if (text.empty()) {
    writer.null();
  } else {
    writer.text(text);
  }
}

}  // namespace

std::string to_text(const FinalsReport& report) {
  std::string text = report::counted(report.finals.size(), "group", "groups") + ": ";
  for (std::size_t i = 0; i < kNumFinalFates; ++i) {
    std::string name(to_string(static_cast<FinalFate>(i)));
    std::ranges::replace(name, '_', ' ');
    text +=
        fmt::format("{}{} {}", i == 0 ? "" : ", ", report::count_text(report.counts.at(i)), name);
  }
  auto out = std::back_inserter(text);
  const MergePlan& plan = report.merge.plan;
  fmt::format_to(out, "; {} {}\n", report::counted(plan.changes.size(), "value", "values"),
                 report.merge.mode == MergeMode::kApply ? "filled in" : "would be filled in");
  for (const FoundFinal& found : report.finals) {
    if (found.fate == FinalFate::kNoPrediction) {
      fmt::format_to(out, "  {}: no final image, and no model chose one\n",
                     report::visible_text(found.group_id));
    } else if (!found.problem.empty()) {
      fmt::format_to(out, "  {}: {}: {}\n", report::visible_text(found.group_id),
                     report::visible_text(found.final.empty() ? found.image : found.final),
                     report::visible_text(found.problem));
    }
  }
  for (const MergeConflict& conflict : plan.conflicts) {
    fmt::format_to(out, "  {} ({}): {}\n", report::visible_text(conflict.group_id),
                   to_string(conflict.kind), report::visible_text(conflict.text));
  }
  if (report.merge.backup) {
    fmt::format_to(out, "Backup: {}\n", report::visible_text(report.merge.backup->native()));
  }
  return text;
}

std::string to_json(const FinalsReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("dry_run").boolean(report.merge.mode == MergeMode::kDryRun);
  writer.name("groups").unsigned_integer(report.finals.size());
  for (std::size_t i = 0; i < kNumFinalFates; ++i) {
    writer.name(to_string(static_cast<FinalFate>(i))).unsigned_integer(report.counts.at(i));
  }
  writer.name("values_filled_in").unsigned_integer(report.merge.plan.changes.size());
  write_text_or_null(writer, "backup", report.merge.backup ? report.merge.backup->native() : "");
  writer.name("finals").begin_list();
  for (const FoundFinal& found : report.finals) {
    writer.begin_object().name("group_id").text(found.group_id);
    writer.name("fate").text(to_string(found.fate));
    write_text_or_null(writer, "image", found.image);
    write_text_or_null(writer, "final", found.final);
    write_place(writer, found);
    writer.name("crop");
    if (found.crop) {
      writer.begin_list().number(found.crop->x1).number(found.crop->y1);
      writer.number(found.crop->x2).number(found.crop->y2).end_list();
    } else {
      writer.null();
    }
    write_text_or_null(writer, "problem", found.problem);
    writer.end_object();
  }
  writer.end_list();
  writer.name("conflicts").begin_list();
  for (const MergeConflict& conflict : report.merge.plan.conflicts) {
    writer.begin_object().name("group_id").text(conflict.group_id);
    writer.name("kind").text(to_string(conflict.kind));
    writer.name("text").text(conflict.text).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::decision_merge
