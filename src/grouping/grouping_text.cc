#include "grouping/grouping_text.h"

#include "core/parse_number.h"
#include "json/writer.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

namespace assay::grouping {
namespace {

std::string_view sentence_of(DropReason reason, GroupingMode mode) {
  switch (reason) {
    case DropReason::kJumpedOver:
      return "jumped over: a lower stage further on took its place";
    case DropReason::kGroupTooSmall:
      return mode == GroupingMode::kTimestamp
                 ? "alone: no other image of its folder has its date and time"
                 : "alone: too few images of a higher stage follow it";
    case DropReason::kNoTimestamp:
      return "no date and time at the beginning of its name";
    case DropReason::kUnknownStage:
      return "no known stage in its name";
    case DropReason::kDuplicate:
      return "listed before";
  }
  std::unreachable();
}

std::string_view word_of(NotImage reason) {
  switch (reason) {
    case NotImage::kFolder:
      return "folder";
    case NotImage::kHidden:
      return "hidden";
    case NotImage::kOtherFile:
      return "other_file";
  }
  std::unreachable();
}

std::string_view plural(std::size_t count) { return count == 1 ? "" : "s"; }

/// `12 of 2 images, 3 of 3`.
std::string sizes_of(const Grouping& grouping) {
  std::map<std::size_t, std::size_t> num_groups_of_size;
  for (const auto& group : grouping.groups) ++num_groups_of_size[group.size()];
  std::string text;
  for (const auto& [size, count] : num_groups_of_size) {
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", count, size);
  }
  return text;
}

}  // namespace

std::string to_text(const GroupingReport& report) {
  const Grouping& grouping = report.grouping;
  std::string text;
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{} image{}, mode {}", report.paths.size(), plural(report.paths.size()),
                 to_string(report.options.mode));
  const std::chrono::seconds gap = time_gap_of(report.options);
  if (gap.count() > 0) fmt::format_to(out, ", gaps up to {}", assay::to_string(gap));
  fmt::format_to(out, ": {} group{}", grouping.groups.size(), plural(grouping.groups.size()));
  if (!grouping.groups.empty()) fmt::format_to(out, " ({})", sizes_of(grouping));
  fmt::format_to(out, ", {} image{} in none\n", grouping.dropped.size(),
                 plural(grouping.dropped.size()));
  if (!report.left_out.empty()) {
    fmt::format_to(out, "{} listed path{} no image{} and left out\n", report.left_out.size(),
                   report.left_out.size() == 1 ? " is" : "s are",
                   report.left_out.size() == 1 ? "" : "s");
  }
  for (std::size_t i = 0; i < grouping.groups.size(); ++i) {
    fmt::format_to(out, "\n{}\n", report::visible_text(report.group_ids[i]));
    for (const std::size_t image : grouping.groups[i]) {
      fmt::format_to(out, "  {}\n", report::visible_text(report.paths[image]));
    }
  }
  if (!grouping.dropped.empty()) text += "\nIn no group:\n";
  for (const DroppedImage& dropped : grouping.dropped) {
    fmt::format_to(out, "  {}  ({})\n", report::visible_text(report.paths[dropped.image]),
                   sentence_of(dropped.reason, report.options.mode));
  }
  return text;
}

std::string to_json(const GroupingReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("mode").text(to_string(report.options.mode));
  writer.name("time_gap_seconds");
  const std::chrono::seconds gap = time_gap_of(report.options);
  if (gap.count() > 0) {
    writer.integer(gap.count());
  } else {
    writer.null();
  }
  writer.name("num_images").unsigned_integer(report.paths.size());
  writer.name("groups").begin_list();
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    writer.begin_object().name("group_id").text(report.group_ids[i]);
    writer.name("images").begin_list();
    for (const std::size_t image : report.grouping.groups[i]) writer.text(report.paths[image]);
    writer.end_list().end_object();
  }
  writer.end_list();
  writer.name("dropped").begin_list();
  for (const DroppedImage& dropped : report.grouping.dropped) {
    writer.begin_object().name("image").text(report.paths[dropped.image]);
    writer.name("reason").text(to_string(dropped.reason)).end_object();
  }
  writer.end_list();
  writer.name("left_out").begin_list();
  for (const LeftOutPath& left_out : report.left_out) {
    writer.begin_object().name("path").text(left_out.path);
    writer.name("reason").text(word_of(left_out.reason)).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::grouping
