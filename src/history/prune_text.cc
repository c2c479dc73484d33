#include "history/doctor.h"
#include "history/prune.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::history {
namespace {

using report::count_text;

constexpr std::size_t kMaxShown = 20;

}  // namespace

std::string to_text(const PruneReport& report, RunMode mode) {
  const bool is_dry = mode == RunMode::kDryRun;
  std::string text =
      fmt::format("{}: {}, {}, {} together.\n",
                  is_dry ? "Dry run, nothing is deleted; would delete" : "Deleted",
                  report::counted(report.num_records, "record", "records"),
                  report::counted(report.num_blobs, "image or PLY file", "images and PLY files"),
                  to_string(report.size));
  std::size_t num_shown = 0;
  for (const PrunedFile& file : report.files) {
    if (num_shown++ == kMaxShown) break;
    fmt::format_to(std::back_inserter(text), "  {}  {}\n", report::visible_text(file.path),
                   to_string(file.size));
  }
  if (report.files.size() > kMaxShown) {
    fmt::format_to(std::back_inserter(text), "  and {} more\n",
                   count_text(report.files.size() - kMaxShown));
  }
  if (!is_dry && !report.files.empty()) {
    text += "Their ids, times and hashes are in pruned_history.jsonl.\n";
  }
  if (report.mixed.empty()) return text;
  const bool is_one = report.mixed.size() == 1;
  fmt::format_to(
      std::back_inserter(text), "Kept {}, since records of younger months stand in {}:\n",
      report::counted(report.mixed.size(), "file of an old month", "files of old months"),
      is_one ? "it" : "them");
  for (const MixedFile& file : report.mixed) {
    fmt::format_to(std::back_inserter(text), "  {}  up to {}\n", report::visible_text(file.path),
                   file.last_month);
  }
  fmt::format_to(std::back_inserter(text), "{}\n", advice_for(FindingKind::kWrongMonth));
  return text;
}

std::string to_json(const PruneReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("records").unsigned_integer(report.num_records);
  writer.name("blobs").unsigned_integer(report.num_blobs);
  writer.name("bytes").unsigned_integer(report.size.count());
  writer.name("files").begin_list();
  for (const PrunedFile& file : report.files) {
    writer.begin_object().name("path").text(file.path);
    writer.name("bytes").unsigned_integer(file.size.count()).end_object();
  }
  writer.end_list();
  writer.name("mixed").begin_list();
  for (const MixedFile& file : report.mixed) {
    writer.begin_object().name("path").text(file.path);
    writer.name("last_month").text(file.last_month).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history
