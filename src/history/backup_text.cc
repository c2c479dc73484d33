#include "history/backup.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

namespace assay::history {
namespace {

using report::count_text;
using report::visible_text;

constexpr std::size_t kMaxShownProblems = 20;

std::string files_text(std::uint64_t count) {
  return fmt::format("{} {}", count_text(count), count == 1 ? "file" : "files");
}

void append_problems(std::string& text, std::span<const FileProblem> problems) {
  if (problems.empty()) return;
  fmt::format_to(std::back_inserter(text), "{} with a problem:\n", files_text(problems.size()));
  for (const FileProblem& problem : problems.first(std::min(problems.size(), kMaxShownProblems))) {
    fmt::format_to(std::back_inserter(text), "  {}: {}\n", visible_text(problem.path),
                   visible_text(problem.message));
  }
  if (problems.size() > kMaxShownProblems) {
    fmt::format_to(std::back_inserter(text), "  and {} more\n",
                   count_text(problems.size() - kMaxShownProblems));
  }
}

void write_problems(json::Writer& writer, std::span<const FileProblem> problems) {
  writer.name("problems").begin_list();
  for (const FileProblem& problem : problems) {
    writer.begin_object().name("path").text(problem.path);
    writer.name("message").text(problem.message).end_object();
  }
  writer.end_list();
}

}  // namespace

std::string to_text(const BackupReport& report, RunMode mode) {
  const bool is_dry = mode == RunMode::kDryRun;
  std::string text = fmt::format("{}: {}, {}; {} {}, {}; {} unchanged.\n",
                                 is_dry ? "Dry run, nothing is written" : "Backup " + report.id,
                                 files_text(report.num_files), to_string(report.size),
                                 is_dry ? "would send" : "sent",
                                 report::counted(report.num_sent, "object", "objects"),
                                 to_string(report.size_sent), files_text(report.num_unchanged));
  if (report.num_lost > 0) {
    fmt::format_to(std::back_inserter(text),
                   "{} of the last backup {} gone from the place, or had another size there: what "
                   "the folder still holds {}.\n",
                   report::counted(report.num_lost, "object", "objects"),
                   report.num_lost == 1 ? "was" : "were",
                   is_dry ? "would be sent again" : "was sent again");
  }
  if (report.is_recorder_running) {
    text +=
        "A recorder is running: its journal was left out; what it has not yet written to the "
        "history files comes with the next backup.\n";
  }
  append_problems(text, report.problems);
  return text;
}

std::string to_text(const RestoreReport& report, const RestoreOptions& options) {
  const bool is_dry = options.mode == RunMode::kDryRun;
  if (is_dry && options.check == RestoreOptions::Check::kReadBack) {
    std::string text = fmt::format("Read backup {}: {} of {} as they were backed up.\n", report.id,
                                   count_text(report.num_verified), files_text(report.num_files));
    append_problems(text, report.problems);
    return text;
  }
  std::string text =
      fmt::format("{} {}: {} {}, {}; {} there already.\n", is_dry ? "Dry run of backup" : "Backup",
                  report.id, is_dry ? "would restore" : "restored", files_text(report.num_restored),
                  to_string(report.size_restored), count_text(report.num_present));
  if (report.num_verified > 0) {
    fmt::format_to(std::back_inserter(text), "Read back: {} as in the backup.\n",
                   files_text(report.num_verified));
  }
  if (!report.set_aside.empty()) {
    fmt::format_to(std::back_inserter(text),
                   "{} to quarantine/, of the journal that was here; events that only it holds "
                   "stand in no file of records:\n",
                   is_dry ? "Would move" : "Moved");
    for (const std::string& path : report.set_aside) {
      fmt::format_to(std::back_inserter(text), "  {}\n", visible_text(path));
    }
  }
  append_problems(text, report.problems);
  return text;
}

std::string to_json(const BackupReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("id");
  if (report.id.empty()) {
    writer.null();
  } else {
    writer.text(report.id);
  }
  writer.name("files").unsigned_integer(report.num_files);
  writer.name("bytes").unsigned_integer(report.size.count());
  writer.name("sent").unsigned_integer(report.num_sent);
  writer.name("bytes_sent").unsigned_integer(report.size_sent.count());
  writer.name("lost").unsigned_integer(report.num_lost);
  writer.name("unchanged").unsigned_integer(report.num_unchanged);
  writer.name("has_journal").boolean(report.has_journal);
  writer.name("recorder_running").boolean(report.is_recorder_running);
  write_problems(writer, report.problems);
  writer.end_object();
  return writer.take() + "\n";
}

std::string to_json(const RestoreReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("id").text(report.id);
  writer.name("files").unsigned_integer(report.num_files);
  writer.name("restored").unsigned_integer(report.num_restored);
  writer.name("bytes_restored").unsigned_integer(report.size_restored.count());
  writer.name("present").unsigned_integer(report.num_present);
  writer.name("differing").unsigned_integer(report.num_differing);
  writer.name("verified").unsigned_integer(report.num_verified);
  writer.name("set_aside").begin_list();
  for (const std::string& path : report.set_aside) writer.text(path);
  writer.end_list();
  write_problems(writer, report.problems);
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history
