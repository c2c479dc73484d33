#include "app/hub_session.h"
#include "cli/cache_metrics_internal.h"
#include "cli/cache_options_internal.h"
#include "cli/cache_update_report_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/progress.h"
#include "core/timestamp.h"
#include "tables/dataset.h"
#include "updater/update.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

using updater::UpdateGoal;
using updater::UpdateOptions;
using updater::UpdateOutcome;
using updater::UpdateTime;

constexpr std::uint64_t kDefaultTarget = 500;
constexpr std::uint64_t kMaxNumber = 10'000'000;
constexpr std::size_t kMaxLoggedBytes = 256;

struct UpdateFlags {
  CacheFolderFlag folder;
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::string set_label;
  std::string repo;
  std::vector<std::string> from;
  std::string files = "*.parquet";
  std::string source;
  std::string endpoint;
  std::string token_file;
  updater::ImageColumns columns;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> target;
  std::uint64_t rows_per_table = 100;
  std::uint64_t max_downloads = 5;
  int near_distance = 4;
  cache::NearDuplicates near_duplicates = cache::NearDuplicates::kRefused;
  std::string max_size = "10GB";
  std::string keep_tables = "100GB";
  std::string keep_free = "1GB";
  std::string timeout = "2h";
  std::string interval = "1h";
  bool watches = false;
  MetricsFlags metrics;
  UpdateTime time = UpdateTime::kWhenDue;
};

template <typename T>
std::string problem_of(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

std::string check_duration(const std::string& text) { return problem_of(parse_duration(text)); }

std::string check_number(const std::string& text) {
  const auto number = parse_integer(text);
  return number && *number > 0 && std::cmp_less_equal(*number, kMaxNumber)
             ? ""
             : fmt::format("expected a number from 1 to {}: {}", kMaxNumber, text);
}

std::string check_repo(const std::string& text) {
  return problem_of(hub::parse_repo(text, hub::RepoKind::kDataset));
}

std::string check_distance(const std::string& text) {
  const auto number = parse_integer(text);
  return number && *number >= 0 && *number <= cache::NearIndex::kMaxDistance
             ? ""
             : fmt::format("expected a number from 0 to {}: {}", cache::NearIndex::kMaxDistance,
                           text);
}

/// Errors: kInvalidInput, kNotFound and those of files.
Status set_tables(UpdateOptions& options, const UpdateFlags& flags, const Session& session) {
  if (!flags.from.empty()) {
    const tables::DatasetSources sources{.file_system = &files::posix_file_system()};
    ASSIGN_OR_RETURN(const auto files, tables::expand_dataset(sources, flags.from));
    for (const tables::DatasetFile& file : files) options.local_tables.emplace_back(file.address);
    options.source = std::filesystem::absolute(flags.from.front()).lexically_normal().native();
    while (options.source.size() > 1 && options.source.ends_with('/')) options.source.pop_back();
  } else {
    const std::string& name =
        flags.repo.empty() ? session.config.get_text("cache.dataset") : flags.repo;
    ASSIGN_OR_RETURN(options.repo, hub::parse_repo(name, hub::RepoKind::kDataset));
    options.source = options.repo.name;
  }
  if (!flags.source.empty()) options.source = flags.source;
  return {};
}

/// Errors: as set_tables().
Result<UpdateOptions> options_of(const UpdateFlags& flags, const Session& session) {
  UpdateOptions options{.pattern = flags.files,
                        .columns = flags.columns,
                        .goal = flags.count ? UpdateGoal::kCount : UpdateGoal::kStock,
                        .number = flags.count.value_or(flags.target.value_or(kDefaultTarget)),
                        .rows_per_table = flags.rows_per_table,
                        .max_downloads = static_cast<std::size_t>(flags.max_downloads)};
  RETURN_IF_ERROR(set_tables(options, flags, session));
  if (const auto label = flags.label.label()) options.wanted = {*label};
  if (!flags.set_label.empty()) {
    ASSIGN_OR_RETURN(options.label, cache::parse_label(flags.set_label));
  }
  ASSIGN_OR_RETURN(options.interval, parse_duration(flags.interval));
  ASSIGN_OR_RETURN(options.max_tables_bytes, parse_size(flags.keep_tables));
  ASSIGN_OR_RETURN(options.download.total, parse_duration(flags.timeout));
  ASSIGN_OR_RETURN(options.download.min_free_bytes, parse_size(flags.keep_free));
  options.intake = {.cache = flags.kind.kind().value_or(cache::CacheKind::kReal),
                    .source = options.source,
                    .near_duplicates = flags.near_duplicates,
                    .max_near_distance = flags.near_distance,
                    .min_free_bytes = options.download.min_free_bytes};
  ASSIGN_OR_RETURN(options.intake.max_cache_bytes, parse_size(flags.max_size));
  return options;
}

std::string holder(const UpdateFlags& flags) {
  std::array<char, kMaxLoggedBytes> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("process {} on {}, assay cache update{}, since {}", ::getpid(), host.data(),
                     flags.watches ? " --watch" : "", to_rfc3339(system_clock().now()));
}

/// What an update works with, from the first round to the last.
struct Updater {
  const UpdateFlags& flags;
  UpdateOptions options;
  app::HubSession hub;
  updater::UpdateLock lock;
};

/// Errors: as options_of(), app::open_hub() and UpdateLock.
Result<Updater> open_updater(const UpdateFlags& flags, const Session& session) {
  ASSIGN_OR_RETURN(UpdateOptions options, options_of(flags, session));
  app::HubSession hub;
  if (options.local_tables.empty()) {
    ASSIGN_OR_RETURN(hub,
                     app::open_hub({.endpoint = flags.endpoint, .token_file = flags.token_file}));
  }
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  ASSIGN_OR_RETURN(updater::UpdateLock lock,
                   updater::UpdateLock::take(files::posix_file_system(), cache::CacheLayout(folder),
                                             holder(flags)));
  return Updater{.flags = flags,
                 .options = std::move(options),
                 .hub = std::move(hub),
                 .lock = std::move(lock)};
}

/// Shows bytes while a table comes, and images while rows are read.
class ProgressBars {
 public:
  explicit ProgressBars(bool is_quiet) : is_quiet_(is_quiet) {}

  void show(const updater::UpdateProgress& progress) {
    if (is_quiet_) return;
    const bool is_download = progress.size.count() > 0;
    if (!bar_ || is_download != is_download_ || table_ != progress.table) {
      table_ = progress.table;
      is_download_ = is_download;
      bar_.emplace(
          is_download ? "fetched of " + table_ : "photos added", system_clock(),
          ProgressOptions{.style = progress_style_of_stderr(),
                          .total = is_download ? progress.size.count() : progress.num_wanted,
                          .unit = is_download ? "bytes" : "images"});
    }
    const std::uint64_t done = is_download ? progress.downloaded.count() : progress.num_added;
    if (done > bar_->done()) bar_->advance(done - bar_->done());
  }

 private:
  bool is_quiet_;
  bool is_download_ = false;
  std::string table_;
  std::optional<Progress> bar_;
};

/// Errors: those of opening the cache; those of the update are in the outcome.
Result<UpdateOutcome> run_round(Updater& work, Session& session) {
  ASSIGN_OR_RETURN(
      const OpenedCache opened,
      open_cache(work.flags.folder, session, cache::Access::kWrite, cache::ScanDepth::kFolders));
  ProgressBars bars(session.quiet);
  return updater::update(
      *opened.store, work.hub.client.get(), work.options, work.flags.time,
      [&](const updater::UpdateProgress& progress) { bars.show(progress); }, session.stop);
}

Status print_outcome(const UpdateOutcome& outcome, const Session& session) {
  return print(session.output == OutputForm::kJson ? update_json(outcome) : update_text(outcome));
}

/// Goes on until it is stopped; a round that adds nothing and fails as the one before says nothing
/// but to the log. Errors: those of the output.
Status watch(Updater& work, Session& session) {
  std::mutex mutex;
  std::condition_variable_any waiting;
  std::unique_lock lock(mutex);
  bool is_news = true;
  while (!session.stop.stop_requested()) {
    auto outcome = run_round(work, session);
    if (session.stop.stop_requested()) return {};
    Timestamp due;
    if (outcome && outcome->status) {
      const auto added = outcome->report.intake.count(cache::ImportOutcome::kAdded);
      if (std::exchange(is_news, false) || added > 0) {
        RETURN_IF_ERROR(print_outcome(*outcome, session));
      }
      due = outcome->next_due;
    } else {
      const Error& error = outcome ? outcome->status.error() : outcome.error();
      due = outcome ? outcome->next_due : system_clock().now() + work.options.initial_delay;
      log_warning("the cache was not updated",
                  {{"reason", error.message}, {"next_try", to_rfc3339(due)}});
      is_news = true;
    }
    // However it went, no two rounds follow each other at once.
    const auto pause =
        std::max<std::chrono::microseconds>(due - system_clock().now(), std::chrono::seconds(1));
    waiting.wait_for(lock, session.stop, pause, [] { return false; });
  }
  return {};
}

Result<ExitCode> run_update(const UpdateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(Updater work, open_updater(flags, session));
  if (flags.watches) {
    ASSIGN_OR_RETURN(const auto metrics, serve_cache_metrics(flags.metrics, flags.folder, session));
    RETURN_IF_ERROR(watch(work, session));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const UpdateOutcome outcome, run_round(work, session));
  const bool has_news = outcome.status || session.output == OutputForm::kJson ||
                        outcome.report.intake.count(cache::ImportOutcome::kAdded) > 0;
  if (has_news) RETURN_IF_ERROR(print_outcome(outcome, session));
  if (!outcome.status) return Error(outcome.status.error());
  return outcome.report.num_missing == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

void add_source_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags) {
  CLI::Option* const repo =
      add_option(command, "--dataset", flags->repo,
                 "The data set on the hub, with a revision if wanted [setting cache.dataset].")
          ->type_name("OWNER/NAME[@REVISION]")
          ->check(check_repo);
  command
      .add_option("--from", flags->from,
                  "Parquet files, folders or patterns on this disk, in place of the hub.")
      ->type_name("PATH")
      ->excludes(repo);
  add_option(command, "--files", flags->files, "Which tables of the data set.")
      ->type_name("PATTERN")
      ->capture_default_str();
  add_option(command, "--source", flags->source, "Where they come from [the data set, or PATH].")
      ->type_name("NAME");
  add_option(command, "--image-column", flags->columns.image,
             "The column of the images [found by its type].")
      ->type_name("NAME");
  add_option(command, "--label-column", flags->columns.label, "1 or 0, true or false, or words.")
      ->type_name("NAME")
      ->capture_default_str();
  add_option(command, "--description-column", flags->columns.description,
             "What works are seen, of rows with the label 1.")
      ->type_name("NAME")
      ->capture_default_str();
  add_option(command, "--set-label", flags->set_label,
             "roadwork or none, for all of them, whatever their rows say.")
      ->type_name("LABEL")
      ->check([](const std::string& text) { return problem_of(cache::parse_label(text)); });
  add_option(command, "--endpoint", flags->endpoint,
             "The hub [HF_ENDPOINT, else https://huggingface.co].")
      ->type_name("URL");
  add_option(command, "--token-file", flags->token_file,
             "For data sets that are not public [HF_TOKEN, else the hub's usual files].")
      ->type_name("FILE");
}

void add_amount_options(CLI::App& command, const std::shared_ptr<UpdateFlags>& flags) {
  CLI::Option* const target =
      add_option(command, "--target", flags->target,
                 "Until so many of each label can be served; above four fifths nothing is done "
                 "[500].")
          ->type_name("N")
          ->check(check_number);
  add_option(command, "--count", flags->count, "Add so many, whatever is there.")
      ->type_name("N")
      ->check(check_number)
      ->excludes(target);
  flags->label.add_to(command, "roadwork or none [both].");
  add_option(command, "--rows-per-table", flags->rows_per_table,
             "Rows of one table before the next has its turn.")
      ->type_name("N")
      ->capture_default_str()
      ->check(check_number);
  add_option(command, "--max-downloads", flags->max_downloads, "Tables fetched in one round.")
      ->type_name("N")
      ->capture_default_str()
      ->check(check_number);
  command.add_flag_callback(
      "--near-duplicates", [flags] { flags->near_duplicates = cache::NearDuplicates::kTaken; },
      "Also take images that look like another one of the same source.");
  add_option(command, "--near-distance", flags->near_distance,
             "In how many of 64 bits of their looks near duplicates may differ, 0 to 7.")
      ->type_name("N")
      ->capture_default_str()
      ->check(check_distance);
  for (const auto& [name, size, help] :
       {std::tuple("--max-size", &flags->max_size, "Of the cache: nothing is added beyond it."),
        std::tuple("--keep-tables", &flags->keep_tables, "Of tables kept for the next round."),
        std::tuple("--keep-free", &flags->keep_free, "What has to stay free on the disk.")}) {
    add_option(command, name, *size, help)
        ->type_name("SIZE")
        ->capture_default_str()
        ->check(check_size);
  }
}

}  // namespace

void add_cache_update_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<UpdateFlags>();
  CLI::App& command = tree.add_command(
      group, "update", "Fetch labelled photos from a data set, as many as are missing.",
      {"assay cache update", "assay cache update --watch --interval 1h",
       "assay cache update --from export.parquet --count 100"},
      [flags](Session& session) { return run_update(*flags, session); });
  flags->folder.add_to(command);
  flags->kind.add_to(command, "real (default), t2i or i2i.");
  add_source_options(command, flags);
  add_amount_options(command, flags);
  CLI::Option* const watches = command.add_flag_callback(
      "--watch", [flags] { flags->watches = true; },
      "Go on: a round each interval, until it is stopped.");
  CLI::Option* const once =
      command.add_flag_callback("--once", [] {}, "One round; so it is without --watch, too.");
  once->excludes(watches);
  flags->metrics.add_to(command);
  command.get_option("--metrics.port")->needs(watches);
  add_option(command, "--interval", flags->interval, "Between two rounds of --watch.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(check_duration);
  command.add_flag_callback(
      "--now", [flags] { flags->time = UpdateTime::kNow; },
      "Ask although the last try failed and the next is not due.");
  add_option(command, "--timeout", flags->timeout, "For one table to come.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check(check_duration);
}

}  // namespace assay::cli
