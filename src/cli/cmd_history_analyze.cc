#include "app/history_alerts.h"
#include "app/version.h"
#include "cli/history_manage_options_internal.h"
#include "cli/history_options_internal.h"
#include "cli/history_watch_internal.h"
#include "cli/option_check_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "files/path.h"
#include "history/analyze.h"
#include "history/analyze_page.h"
#include "history/analyze_text.h"
#include "record_files/data_folder.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

using history::AnalyzeReport;
using std::chrono::days;

// Far beyond any history, and within what instants can hold.
constexpr std::int64_t kMaxAnalyzedDays = 1'000'000;

// Of a terminal: to its upper left corner, and all below is cleared.
constexpr std::string_view kClearBelow = "\x1b[H\x1b[J";

enum class Strictness : std::uint8_t { kLenient, kStrict };
enum class Repetition : std::uint8_t { kOnce, kWatch };

struct AnalyzeFlags {
  std::string data_folder = "data";
  history::AnalyzeReports reports;
  std::string validator;
  std::string task_type;
  std::optional<std::int64_t> last_days;
  std::string now;
  std::string group_by;
  std::vector<std::int64_t> compare_days;
  std::string page;
  unsigned threads = 0;
  Strictness strictness = Strictness::kLenient;
  history::TextForm form = history::TextForm::kOurs;
  Repetition repetition = Repetition::kOnce;
};

std::string check_group(const std::string& text) {
  const auto key = history::GroupKey::parse(text);
  return key ? std::string() : key.error().message;
}

/// The first report that was asked for, in the order of the program before, which knew no others
/// and took validator 0 for none.
history::AnalyzeReports first_report(const AnalyzeFlags& flags) {
  history::AnalyzeReports first;
  for (const AnalyzeReport report : {AnalyzeReport::kSummary, AnalyzeReport::kAcceptance,
                                     AnalyzeReport::kFailures, AnalyzeReport::kClip}) {
    if (!flags.reports.has(report)) continue;
    first.add(report);
    return first;
  }
  const bool has_validator = !flags.validator.empty() && flags.validator != "0";
  first.add(has_validator ? AnalyzeReport::kValidator : AnalyzeReport::kSummary);
  return first;
}

history::AnalyzeReports asked_reports(const AnalyzeFlags& flags) {
  if (flags.form == history::TextForm::kAsBefore) return first_report(flags);
  history::AnalyzeReports reports = flags.reports;
  if (!flags.validator.empty()) reports.add(AnalyzeReport::kValidator);
  if (!flags.group_by.empty()) reports.add(AnalyzeReport::kGroups);
  if (!flags.compare_days.empty()) reports.add(AnalyzeReport::kComparison);
  if (reports.is_empty()) reports.add(AnalyzeReport::kSummary);
  return reports;
}

bool asks_only_comparison(const history::AnalyzeReports& reports) {
  history::AnalyzeReports comparison;
  comparison.add(AnalyzeReport::kComparison);
  return reports == comparison;
}

Result<history::AnalyzeHeading> make_heading(const AnalyzeFlags& flags) {
  history::AnalyzeHeading heading{.data_folder = files::normal_form(flags.data_folder),
                                  .reports = asked_reports(flags),
                                  .last_days = flags.last_days,
                                  .since = std::nullopt,
                                  .now = system_clock().now(),
                                  .task_type = flags.task_type,
                                  .validator = flags.validator,
                                  .group_key = {},
                                  .group_reports = {}};
  if (!flags.now.empty()) {
    ASSIGN_OR_RETURN(heading.now, with_context(parse_timestamp(flags.now), "--now"));
  }
  if (!flags.group_by.empty()) {
    ASSIGN_OR_RETURN(heading.group_key,
                     with_context(history::GroupKey::parse(flags.group_by), "--by"));
  }
  if (!flags.group_by.empty()) {
    heading.group_reports = flags.reports;
    if (!flags.validator.empty()) heading.group_reports.add(AnalyzeReport::kValidator);
    if (!flags.compare_days.empty()) heading.group_reports.add(AnalyzeReport::kComparison);
  }
  if (!flags.compare_days.empty()) {
    heading.recent_days = flags.compare_days[0];
    heading.earlier_days = flags.compare_days[1];
  }
  // 0 days are no window.
  if (flags.last_days.value_or(0) != 0) heading.since = heading.now - days(*flags.last_days);
  return heading;
}

history::AnalyzeOptions make_options(const AnalyzeFlags& flags,
                                     const history::AnalyzeHeading& heading) {
  history::AnalyzeOptions options{.reports = heading.reports,
                                  .since = heading.since,
                                  .task_type = flags.task_type,
                                  .validator = flags.validator,
                                  .group_key = heading.group_key,
                                  .group_reports = heading.group_reports};
  if (flags.form == history::TextForm::kAsBefore) {
    options.task_scope = history::TaskScope::kFailureListOnly;
  }
  options.recent_until = heading.now;
  options.recent_since = heading.now - days(heading.recent_days);
  options.earlier_since = options.recent_since - days(heading.earlier_days);
  if (!flags.page.empty()) {
    options.reports.add_all(history::page_reports());
  } else if (asks_only_comparison(heading.reports) && !options.since) {
    options.since = options.earlier_since;
  }
  options.num_threads = reading_threads(flags.threads);
  return options;
}

/// A folder without a history is no failure: a miner that has not begun has none.
Result<history::Analysis> analyze(const AnalyzeFlags& flags, const history::AnalyzeOptions& options,
                                  Session& session, std::string& text) {
  auto analysis = history::analyze_history(files::posix_file_system(), flags.data_folder, options,
                                           session.stop);
  if (analysis || analysis.error().code != ErrorCode::kNotFound) return analysis;
  log_warning(analysis.error().message);
  text = fmt::format(
      "❌ No generation history found: {}\n",
      files::normal_form(
          (std::filesystem::path(flags.data_folder) / "generation_history.jsonl").string()));
  return history::Analysis();
}

/// `front` stands before all that is said.
Result<ExitCode> analyze_once(const AnalyzeFlags& flags, Session& session,
                              std::string_view front = {}) {
  if (!flags.page.empty()) {
    RETURN_IF_ERROR(
        record_files::refuse_own_file(files::posix_file_system(), flags.data_folder, flags.page));
  }
  ASSIGN_OR_RETURN(const history::AnalyzeHeading heading, make_heading(flags));
  const history::AnalyzeOptions options = make_options(flags, heading);
  std::string text;
  ASSIGN_OR_RETURN(const history::Analysis analysis, analyze(flags, options, session, text));
  if (!front.empty()) RETURN_IF_ERROR(print(front));
  warn_of_waiting_events(flags.data_folder);
  const std::string problems = history::line_problems_text(analysis.lines);
  if (!problems.empty()) log_warning(problems);
  text += history::analysis_text(analysis, heading, flags.form);
  if (!flags.page.empty()) {
    const std::string made_by = "assay " + app::version().number;
    RETURN_IF_ERROR(files::write_file(files::posix_file_system(), flags.page,
                                      history::analysis_page(analysis, heading, made_by)));
    text += fmt::format("\nReport: {}\n", files::normal_form(flags.page));
  }
  RETURN_IF_ERROR(print(
      session.output == OutputForm::kJson ? history::analysis_json(analysis, heading) : text));
  // Who looks again and again would ask a webhook out of reach each time.
  if (!options.since && flags.repetition == Repetition::kOnce) {
    app::post_corrupt_lines(session.config.get_text("alerts.webhook"), flags.data_folder,
                            analysis.lines.num_lost(), session.stop);
  }
  const bool is_partial =
      flags.strictness == Strictness::kStrict && history::count_line_problems(analysis.lines) > 0;
  return is_partial ? ExitCode::kPartial : ExitCode::kOk;
}

Result<ExitCode> run_analyze(const AnalyzeFlags& flags, Session& session) {
  if (flags.repetition == Repetition::kOnce) return analyze_once(flags, session);
  const bool clears = isatty(STDOUT_FILENO) == 1;
  const auto show = [&] -> Status {
    const std::string front =
        fmt::format("{}At {}:\n\n", clears ? kClearBelow : "", to_rfc3339(system_clock().now()));
    RETURN_IF_ERROR(analyze_once(flags, session, front));
    return print("\n");
  };
  const Status watched = watch_history(flags.data_folder, show, session.stop);
  if (!watched && watched.error().code != ErrorCode::kCancelled) return watched.error();
  return ExitCode::kCancelled;
}

void add_report_flags(CLI::App& command, const std::shared_ptr<AnalyzeFlags>& flags) {
  const auto add = [&](const char* name, AnalyzeReport report, const char* help) {
    command.add_flag_callback(name, [flags, report] { flags->reports.add(report); }, help);
  };
  add("--summary", AnalyzeReport::kSummary,
      "Counts, CLIP scores and times; also when no report is named.");
  add("--acceptance-rate", AnalyzeReport::kAcceptance, "What was submitted and accepted.");
  add("--failures", AnalyzeReport::kFailures, "Errors and rejections before submission, by kind.");
  add("--clip-distribution", AnalyzeReport::kClip, "CLIP scores and their histogram.");
  add_option(command, "--validator", flags->validator, "One validator: its uid or its hotkey.")
      ->type_name("N|HOTKEY")
      ->check([](const std::string& text) {
        return text.empty() ? "an empty name is no validator: give a uid or a hotkey" : "";
      });
  add("--validators", AnalyzeReport::kValidators,
      "All validators with acceptance rates and their intervals.");
  add_option(command, "--by", flags->group_by,
             "Groups: miner_version, validator, task_type or config.KEY.")
      ->type_name("KEY")
      ->check(check_group);
  command
      .add_option("--compare", flags->compare_days,
                  "The last A days against the B days before them.")
      ->type_name("A B")
      ->expected(2)
      ->check(whole_number(std::int64_t{1}, kMaxAnalyzedDays));
}

}  // namespace

void add_analyze_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<AnalyzeFlags>();
  CLI::App& command =
      tree.add_command(group, "analyze", "Show what became of a miner's generations.",
                       {"assay history analyze --data-dir data",
                        "assay history analyze --acceptance-rate --failures --last-days 7",
                        "assay history analyze --validators --html history.html",
                        "assay history analyze --compare 7 7 --by config.clip_threshold --json"},
                       [flags](Session& session) { return run_analyze(*flags, session); });
  add_option(command, "--data-dir", flags->data_folder, "The data folder of the miner.")
      ->type_name("FOLDER")
      ->capture_default_str();
  add_report_flags(command, flags);
  add_option(command, "--task-type", flags->task_type, "Only TEXT-TO-3D or IMAGE-TO-3D.")
      ->type_name("T")
      ->check(check_task_type);
  add_option(command, "--last-days", flags->last_days, "Only the last N days; 0 for all.")
      ->type_name("N")
      ->check(whole_number(-kMaxAnalyzedDays, kMaxAnalyzedDays));
  add_option(command, "--now", flags->now, "The time that days are counted back from.")
      ->type_name("TIME")
      ->check(check_time);
  add_option(command, "--html", flags->page, "Also write a page with charts.")->type_name("FILE");
  add_option(command, "--threads", flags->threads, "Threads to read with; 0 takes all.")
      ->type_name("N");
  command
      .add_flag_callback(
          "--watch", [flags] { flags->repetition = Repetition::kWatch; },
          "Show again whenever the history has grown, on a terminal in place, until interrupted.")
      ->excludes(command.get_option("--json"));
  command.add_flag_callback(
      "--strict", [flags] { flags->strictness = Strictness::kStrict; },
      "Exit with 4 when a line was left out or holds something unusual.");
  auto* compat = command.add_flag_callback(
      "--compat", [flags] { flags->form = history::TextForm::kAsBefore; },
      "As analyze_generations.py printed it: only the first report, with its flaws.");
  // Reports that it did not have.
  for (const char* name : {"--validators", "--by", "--compare"}) {
    compat->excludes(command.get_option(name));
  }
}

}  // namespace assay::cli
