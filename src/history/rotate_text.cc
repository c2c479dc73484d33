#include "history/rotate_text.h"

#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::history {
namespace {

using rotation::RotatedMonth;
using rotation::RotateProblem;
using rotation::RotateReport;

using report::count_text;
using report::visible_text;

std::string lines_text(std::uint64_t count) {
  return fmt::format("{} {}", count_text(count), count == 1 ? "line" : "lines");
}

}  // namespace

std::string to_text(const RotateReport& report) {
  std::string text = report.was_handed_over ? "Done by the recorder that runs there.\n" : "";
  fmt::format_to(
      std::back_inserter(text), "Moved {} out of generation_history.jsonl; {} in it.\n",
      lines_text(report.num_moved),
      report.num_kept == 1 ? std::string("1 line stays") : lines_text(report.num_kept) + " stay");
  for (const RotatedMonth& month : report.months) {
    fmt::format_to(std::back_inserter(text), "  {}  {}", month.file.native(),
                   lines_text(month.num_lines));
    if (month.num_moved > 0) {
      fmt::format_to(std::back_inserter(text), ", {} new", count_text(month.num_moved));
    }
    for (const auto& replaced : month.replaced) {
      fmt::format_to(std::back_inserter(text), ", in place of {}", replaced.native());
    }
    text += '\n';
  }
  if (report.num_duplicate > 0) {
    fmt::format_to(std::back_inserter(text), "{} stood twice and now once.\n",
                   lines_text(report.num_duplicate));
  }
  if (report.num_without_time > 0) {
    fmt::format_to(std::back_inserter(text),
                   "{} without a readable metadata.timestamp: they stay in the current file.\n",
                   lines_text(report.num_without_time));
  }
  if (report.num_unreadable > 0) {
    fmt::format_to(
        std::back_inserter(text), "{} no JSON: kept beside the record before.\n",
        lines_text(report.num_unreadable) + (report.num_unreadable == 1 ? " is" : " are"));
  }
  for (const RotateProblem& problem : report.problems) {
    fmt::format_to(std::back_inserter(text),
                   "Left alone: {}; repair it or move it away, then run this again.\n",
                   visible_text(problem.message));
  }
  return text;
}

std::string to_json(const RotateReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("by_recorder").boolean(report.was_handed_over);
  writer.name("moved").unsigned_integer(report.num_moved);
  writer.name("kept").unsigned_integer(report.num_kept);
  writer.name("duplicate").unsigned_integer(report.num_duplicate);
  writer.name("without_time").unsigned_integer(report.num_without_time);
  writer.name("unreadable").unsigned_integer(report.num_unreadable);
  writer.name("months").begin_list();
  for (const RotatedMonth& month : report.months) {
    writer.begin_object();
    writer.name("month").text(month.month);
    writer.name("file").text(month.file.native());
    writer.name("moved").unsigned_integer(month.num_moved);
    writer.name("lines").unsigned_integer(month.num_lines);
    writer.name("replaced").begin_list();
    for (const auto& replaced : month.replaced) writer.text(replaced.native());
    writer.end_list().end_object();
  }
  writer.end_list();
  writer.name("problems").begin_list();
  for (const RotateProblem& problem : report.problems) {
    writer.begin_object();
    writer.name("file").text(problem.file.native());
    writer.name("message").text(problem.message);
    writer.end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history
