#include "app/history_alerts.h"
#include "cli/history_manage_options_internal.h"
#include "cli/history_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/timestamp.h"
#include "files/file_system.h"
#include "history/analyze_text.h"
#include "history/export.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct HistoryExportFlags {
  std::string data_folder = "data";
  std::string output;
  std::string copy_folder;
  std::string split;
  std::string now;
  // Days before now; 0 for all. Far more than there is keeps the arithmetic in range.
  std::int64_t last_days = 0;
  history::ExportFilter filter;
  history::Duplicates duplicates = history::Duplicates::kKept;
  unsigned threads = 0;
  bool is_strict = false;
};

constexpr std::int64_t kMaxExportedDays = 100'000;

Result<history::ExportOptions> options_of(const HistoryExportFlags& flags) {
  history::ExportOptions options{.output = flags.output,
                                 .format = history::export_format_of(flags.output),
                                 .filter = flags.filter,
                                 .duplicates = flags.duplicates,
                                 .num_threads = reading_threads(flags.threads)};
  if (!flags.split.empty()) {
    ASSIGN_OR_RETURN(options.split, history::parse_split(flags.split));
  }
  if (!flags.copy_folder.empty()) options.copy_folder = flags.copy_folder;
  Timestamp now = system_clock().now();
  if (!flags.now.empty()) {
    ASSIGN_OR_RETURN(now, with_context(parse_timestamp(flags.now), "--now"));
  }
  if (flags.last_days > 0) options.filter.since = now - std::chrono::days(flags.last_days);
  return options;
}

std::string history_export_json(const history::ExportSummary& summary) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("records_read").unsigned_integer(summary.lines.num_records);
  writer.name("records_exported").unsigned_integer(summary.num_exported);
  writer.name("left_out_by_filter").unsigned_integer(summary.num_filtered);
  writer.name("left_out_as_duplicates").unsigned_integer(summary.num_duplicates);
  writer.name("lines_lost").unsigned_integer(summary.lines.num_lost() + summary.num_too_deep);
  writer.name("outputs").begin_list();
  for (const history::ExportedPart& part : summary.parts) {
    writer.begin_object();
    writer.name("part");
    if (part.name.empty()) {
      writer.null();
    } else {
      writer.text(part.name);
    }
    writer.name("path");
    if (part.num_records == 0) {
      writer.null();
    } else {
      writer.text(part.path.native());
    }
    writer.name("records").unsigned_integer(part.num_records);
    writer.end_object();
  }
  writer.end_list();
  writer.name("files").begin_object();
  writer.name("written").unsigned_integer(summary.files.num_written);
  writer.name("present").unsigned_integer(summary.files.num_present);
  writer.name("missing").unsigned_integer(summary.files.num_missing);
  writer.end_object().end_object();
  return writer.take() + "\n";
}

std::string history_export_text(const history::ExportSummary& summary,
                                const HistoryExportFlags& flags) {
  if (!summary.has_history) {
    return fmt::format("No generation history found in {}; nothing was written.\n",
                       flags.data_folder);
  }
  if (summary.num_exported == 0) {
    return fmt::format("None of {} records passes the filters; nothing was written.\n",
                       summary.lines.num_records);
  }
  std::string text;
  for (const history::ExportedPart& part : summary.parts) {
    text += part.num_records == 0
                ? fmt::format("No records for {}; it was not written.\n", part.path.native())
                : fmt::format("Wrote {} with {} {}.\n", part.path.native(), part.num_records,
                              part.num_records == 1 ? "record" : "records");
  }
  if (summary.num_duplicates > 0) {
    text += fmt::format("Left out {} {} that came before.\n", summary.num_duplicates,
                        summary.num_duplicates == 1 ? "record of a prompt" : "records of prompts");
  }
  const history::ExportedFiles& files = summary.files;
  if (!flags.copy_folder.empty()) {
    text += fmt::format("Copied {} {} to {}; {} there already.\n", files.num_written,
                        files.num_written == 1 ? "file" : "files", flags.copy_folder,
                        files.num_present);
  }
  return text;
}

Result<ExitCode> run_history_export(const HistoryExportFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto options, options_of(flags));
  ASSIGN_OR_RETURN(const auto summary,
                   history::export_history(files::posix_file_system(), flags.data_folder, options,
                                           session.stop));
  warn_of_waiting_events(flags.data_folder);
  const std::string problems = history::line_problems_text(summary.lines);
  if (!problems.empty()) log_warning(problems);
  if (summary.num_too_deep > 0) {
    log_warning(fmt::format("records left out: {} nested too deep", summary.num_too_deep));
  }
  if (summary.files.num_missing > 0) {
    log_warning(fmt::format("{} files that records name are not in {}", summary.files.num_missing,
                            flags.data_folder));
  }
  if (!options.filter.since && summary.has_history) {
    app::post_corrupt_lines(session.config.get_text("alerts.webhook"), flags.data_folder,
                            summary.lines.num_lost(), session.stop);
  }
  // What is exported to the terminal or a pipe stands there alone.
  const bool is_to_stdout = flags.output.starts_with("/dev/");
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(history_export_json(summary)));
  } else if (!is_to_stdout) {
    RETURN_IF_ERROR(print(history_export_text(summary, flags)));
  }
  const bool has_problems = history::count_line_problems(summary.lines) + summary.num_too_deep > 0;
  return flags.is_strict && has_problems ? ExitCode::kPartial : ExitCode::kOk;
}

void add_filter_options(CLI::App& command, HistoryExportFlags& flags) {
  add_option(command, "--task-type", flags.filter.task_type,
             "Only this kind of generation: IMAGE-TO-3D, TEXT-TO-3D.")
      ->type_name("TYPE")
      ->check(check_task_type);
  add_option(command, "--min-score", flags.filter.min_score,
             "Only records with at least this score of the validator.")
      ->type_name("SCORE");
  add_option(command, "--min-clip", flags.filter.min_clip,
             "Only records with at least this CLIP score.")
      ->type_name("SCORE");
  add_option(command, "--min-gaussians", flags.filter.min_gaussians,
             "Only records with at least so many Gaussians.")
      ->type_name("N");
  add_option(command, "--last-days", flags.last_days, "Only the last N days; 0 takes all.")
      ->type_name("N")
      ->check(whole_number(std::int64_t{0}, kMaxExportedDays));
  add_option(command, "--now", flags.now, "The time that counts as now; the clock's if not given.")
      ->type_name("TIME")
      ->check(check_time);
  command.add_flag_callback(
      "--include-rejected", [&flags] { flags.filter.rejected = history::Rejected::kIncluded; },
      "Records that no validator accepted too.");
}

}  // namespace

void add_history_export_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<HistoryExportFlags>();
  CLI::App& command = tree.add_command(
      group, "export", "Write chosen records as training data.",
      {"assay history export --min-score 0.7 --min-clip 0.18 --output training.jsonl",
       "assay history export --task-type IMAGE-TO-3D --last-days 30 --output month.parquet",
       "assay history export --split train=0.9,val=0.1 --dedupe --output samples.tar"},
      [flags](Session& session) { return run_history_export(*flags, session); });
  add_option(command, "--output", flags->output,
             "The file to write; .parquet and .tar say what it is, all else is JSON lines.")
      ->type_name("FILE")
      ->required();
  add_option(command, "--data-dir", flags->data_folder, "The folder that the recorder writes.")
      ->type_name("DIR")
      ->capture_default_str();
  add_filter_options(command, *flags);
  command.add_flag_callback(
      "--dedupe", [flags] { flags->duplicates = history::Duplicates::kDropped; },
      "Of records with one prompt or prompt image and task type, only the first.");
  add_option(command, "--split", flags->split,
             "Several outputs, FILE.train.jsonl and so on; one prompt is always in one of them.")
      ->type_name("train=0.9,val=0.1")
      ->check([](const std::string& text) { return problem_of(history::parse_split(text)); });
  add_option(command, "--copy-files", flags->copy_folder,
             "Copy the images and PLY files of the records there.")
      ->type_name("DIR");
  add_option(command, "--threads", flags->threads, "Threads to read with; 0 takes all.")
      ->type_name("N");
  command.add_flag("--strict", flags->is_strict, "Exit with 4 when lines had problems.");
}

}  // namespace assay::cli
