#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"
#include "review/duplicates.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace assay::review {
namespace {

using report::count_text;
using report::counted;

std::string name_of(const GroupedImage& image) {
  return report::visible_text(fmt::format("{}: {}", image.project, image.entry));
}

void write_image(json::Writer& writer, const GroupedImage& image) {
  writer.begin_object();
  writer.name("project").text(image.project);
  writer.name("group_id").text(image.group_id);
  writer.name("entry").text(image.entry);
  writer.end_object();
}

}  // namespace

std::string duplicates_text(const DuplicateReport& report, std::size_t max_listed) {
  std::string text;
  const auto append = [&]<typename... Parts>(fmt::format_string<const Parts&...> format,
                                             const Parts&... parts) {
    fmt::format_to(std::back_inserter(text), format, parts...);
  };
  append("{}, {}\n", counted(report.num_images, "image", "images"),
         counted(report.num_contents, "content", "contents"));
  if (report.num_unknown > 0) {
    append("{} not compared: no run of Assay has read them\n",
           counted(report.num_unknown, "image", "images"));
  }
  if (report.num_without_vector > 0) {
    append("{} without a vector in the store: compared byte for byte only\n",
           counted(report.num_without_vector, "content", "contents"));
  }
  if (report.num_variants > 1) {
    append("Embedded in {} ways: each compared with its own kind only\n", report.num_variants);
  }
  append("\nEqual: {}, {} in several projects\n", counted(report.exact.size(), "set", "sets"),
         count_text(report.num_exact_across));
  for (std::size_t i = 0; i < std::min(max_listed, report.exact.size()); ++i) {
    const ExactDuplicates& set = report.exact[i];
    append("  {} x\n", set.images.size());
    for (std::size_t k = 0; k < std::min(max_listed, set.images.size()); ++k) {
      append("    {}\n", name_of(set.images[k]));
    }
  }
  append("\nNearly equal, of different groups: {}, {} across projects\n",
         counted(report.num_near, "pair", "pairs"), count_text(report.num_near_across));
  append("Within groups, not listed: {}\n", counted(report.num_near_in_group, "pair", "pairs"));
  for (std::size_t i = 0; i < std::min(max_listed, report.near.size()); ++i) {
    const NearDuplicates& pair = report.near[i];
    append("  {:.4f}  {}\n          {}\n", pair.cosine, name_of(pair.first), name_of(pair.second));
  }
  return text;
}

std::string duplicates_json(const DuplicateReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("images").unsigned_integer(report.num_images);
  writer.name("contents").unsigned_integer(report.num_contents);
  writer.name("not_compared").unsigned_integer(report.num_unknown);
  writer.name("without_vector").unsigned_integer(report.num_without_vector);
  writer.name("variants").unsigned_integer(report.num_variants);
  writer.name("equal_sets").unsigned_integer(report.exact.size());
  writer.name("equal_sets_across_projects").unsigned_integer(report.num_exact_across);
  writer.name("near_pairs").unsigned_integer(report.num_near);
  writer.name("near_pairs_across_projects").unsigned_integer(report.num_near_across);
  writer.name("near_pairs_within_groups").unsigned_integer(report.num_near_in_group);
  writer.name("equal").begin_list();
  for (const ExactDuplicates& set : report.exact) {
    writer.begin_object();
    writer.name("sha256").text(set.content.to_hex());
    writer.name("images").begin_list();
    for (const GroupedImage& image : set.images) write_image(writer, image);
    writer.end_list();
    writer.end_object();
  }
  writer.end_list();
  writer.name("near").begin_list();
  for (const NearDuplicates& pair : report.near) {
    writer.begin_object();
    writer.name("cosine").number(pair.cosine);
    writer.name("images").begin_list();
    write_image(writer, pair.first);
    write_image(writer, pair.second);
    writer.end_list();
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::review
