#include "history/import.h"
#include "history/kind_listing_internal.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <iterator>

namespace assay::history {
namespace {

using report::count_text;
using report::counted;
using report::visible_text;

// Order: that of NotTakenKind.
constexpr std::array<KindText, kNumNotTakenKinds> kNotTakenKinds = {{
    {.name = "other_record",
     .title = "Records whose id is here with another content",
     .advice = "Those here were kept. Compare the two lines; nothing else needs to be done."},
    {.name = "other_feedback",
     .title = "Lines of late feedback that contradict what is here",
     .advice = "What is here was kept. Compare them; nothing else needs to be done."},
    {.name = "bad_line",
     .title = "Lines that are no JSON",
     .advice =
         "Most are lines cut by a crash of the old logger. Keep the other folder if in doubt."},
    {.name = "no_id",
     .title = "Lines without the id of a generation",
     .advice = "Records are told apart by metadata.generation_id. Is this a file of records?"},
    {.name = "unreadable",
     .title = "Files that cannot be read to their end",
     .advice = "Check their permissions, or repair them, and run the same command again."},
    {.name = "open_generation",
     .title = "Generations that are still open there",
     .advice = "Start the recorder there once, let them finish, and run the same command again."},
    {.name = "missing_file",
     .title = "Images and PLY files that are not there",
     .advice = "The records were imported. Put the files there and run the same command again, if "
               "they are to be had."},
    {.name = "wrong_content",
     .title = "Images and PLY files with another content than their record says",
     .advice = "The records were imported, these files were not. Look for a good copy."},
    {.name = "other_file",
     .title = "Images and PLY files whose name another file has here",
     .advice = "Those here were kept. Run assay history doctor to see which is wrong."},
    {.name = "unsafe_path",
     .title = "Images and PLY files outside of images/ and ply_files/",
     .advice = "The records were imported, these files were not touched."},
    {.name = "waiting_file",
     .title = "PLY files that wait for feedback there, and whose record was not taken",
     .advice = "Keep the other folder until their generations are finished there, and run the same "
               "command again."},
}};

using Out = std::back_insert_iterator<std::string>;

void append_not_taken(std::string& text, const ImportReport& report) {
  for (std::size_t kind = 0; kind < kNotTakenKinds.size(); ++kind) {
    const std::uint64_t count = report.counts.at(kind);
    if (count == 0) continue;
    fmt::format_to(Out(text), "\n{}: {}\n", kNotTakenKinds.at(kind).title, count_text(count));
    text += listing_text(kNotTakenKinds.at(kind), count,
                         listed_of(report.not_taken, static_cast<NotTakenKind>(kind)));
  }
}

}  // namespace

std::string_view to_string(NotTakenKind kind) {
  return kNotTakenKinds.at(static_cast<std::size_t>(kind)).name;
}

std::string to_text(const ImportReport& report, RunMode mode) {
  std::string text = fmt::format(
      "{}: {}; {} here already.\n",
      mode == RunMode::kDryRun ? "Dry run, nothing is written; would import" : "Imported",
      counted(report.num_imported, "record", "records"), count_text(report.num_present));
  for (const GrownFile& file : report.files) {
    fmt::format_to(Out(text), "  {}  {} added\n", visible_text(file.path),
                   counted(file.num_added, "line", "lines"));
  }
  if (report.num_feedback_imported + report.num_feedback_present > 0) {
    fmt::format_to(Out(text), "Late feedback: {} new; {} here already.\n",
                   counted(report.num_feedback_imported, "line", "lines"),
                   count_text(report.num_feedback_present));
  }
  if (report.num_files_copied + report.num_files_present > 0) {
    fmt::format_to(Out(text), "Images and PLY files: {} copied ({}); {} here already.\n",
                   count_text(report.num_files_copied), to_string(report.size_copied),
                   count_text(report.num_files_present));
  }
  if (report.num_files_unverified > 0) {
    fmt::format_to(Out(text), "Copied unchecked, since no hash is known: {}.\n",
                   counted(report.num_files_unverified, "file", "files"));
  }
  append_not_taken(text, report);
  return text;
}

std::string to_json(const ImportReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("imported").unsigned_integer(report.num_imported);
  writer.name("present").unsigned_integer(report.num_present);
  writer.name("feedback_imported").unsigned_integer(report.num_feedback_imported);
  writer.name("feedback_present").unsigned_integer(report.num_feedback_present);
  writer.name("files_copied").unsigned_integer(report.num_files_copied);
  writer.name("files_present").unsigned_integer(report.num_files_present);
  writer.name("files_unverified").unsigned_integer(report.num_files_unverified);
  writer.name("bytes_copied").unsigned_integer(report.size_copied.count());
  writer.name("grown").begin_list();
  for (const GrownFile& file : report.files) {
    writer.begin_object().name("file").text(file.path);
    writer.name("added").unsigned_integer(file.num_added).end_object();
  }
  writer.end_list();
  writer.name("not_taken_counts").begin_object();
  for (std::size_t kind = 0; kind < kNotTakenKinds.size(); ++kind) {
    writer.name(kNotTakenKinds.at(kind).name).unsigned_integer(report.counts.at(kind));
  }
  writer.end_object();
  writer.name("not_taken").begin_list();
  for (const NotTaken& not_taken : report.not_taken) {
    writer.begin_object().name("kind").text(to_string(not_taken.kind));
    writer.name("path").text(not_taken.path);
    writer.name("detail").text(not_taken.detail).end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history
