#include "app/hub_session.h"
#include "cli/cache_metrics_internal.h"
#include "cli/cache_sources_internal.h"
#include "cli/cache_update_options_internal.h"
#include "cli/cache_update_report_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/timestamp.h"
#include "files/folder_watch.h"
#include "updater/update.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

using updater::SourcesOutcome;
using updater::UpdateOptions;
using updater::UpdateOutcome;

constexpr std::chrono::seconds kLeastUpdatePause{1};

/// What an update works with, from the first round to the last.
struct Updater {
  const UpdateFlags& flags;
  std::unique_ptr<app::ClipLabelJudge> judge;  ///< None: labels are not checked.
  UpdateOptions options;
  /// None: the one that flags name.
  std::vector<updater::SourceSetup> sources;
  app::HubSession hub;
  std::unique_ptr<RemoteAccess> remote;
  cache::WorkLock lock;
  files::FolderWatch folders;
};

/// Those of assay.toml, unless flags name another one. Errors: as configured_sources(); and
/// kInvalidInput for a flag that would be of one source.
Result<std::vector<updater::SourceSetup>> chosen_sources(const UpdateFlags& flags,
                                                         const UpdateOptions& options,
                                                         const Session& session) {
  if (!flags.from.empty() || !flags.repo.empty()) return std::vector<updater::SourceSetup>();
  ASSIGN_OR_RETURN(auto sources, configured_sources(session.config, options));
  for (const CLI::Option* const option : flags.of_one_source) {
    if (sources.empty() || option->count() == 0) continue;
    return invalid_input(fmt::format(
        "{} is of one source, and assay.toml lists some: say it there, or name another source by "
        "--dataset or --from",
        option->get_name()));
  }
  return sources;
}

bool is_of_hub(const UpdateOptions& options) {
  return options.tables.empty() && options.folder.empty();
}

bool is_remote(const UpdateOptions& options) {
  return tables::is_remote_address(options.folder) ||
         std::ranges::any_of(options.tables, tables::is_remote_address);
}

/// Errors: as update_options(), chosen_sources(), app::open_hub() and cache::WorkLock.
Result<Updater> open_updater(const UpdateFlags& flags, const Session& session) {
  ASSIGN_OR_RETURN(UpdateOptions options, update_options(flags, session));
  ASSIGN_OR_RETURN(auto judge, flags.label_check.open_judge());
  options.intake.label_check = flags.label_check.check(judge.get());
  ASSIGN_OR_RETURN(auto sources, chosen_sources(flags, options, session));
  std::vector<UpdateOptions*> all;
  for (updater::SourceSetup& source : sources) all.push_back(&source.options);
  if (all.empty()) all = {&options};
  app::HubSession hub;
  if (std::ranges::any_of(all, [](const auto* one) { return is_of_hub(*one); })) {
    ASSIGN_OR_RETURN(hub,
                     app::open_hub({.endpoint = flags.endpoint, .token_file = flags.token_file}));
  }
  std::unique_ptr<RemoteAccess> remote;
  for (UpdateOptions* const one : all) {
    if (!is_remote(*one)) continue;
    if (!remote) remote = open_remote_access();
    one->remote = remote->sources.get();
  }
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  ASSIGN_OR_RETURN(
      cache::WorkLock lock,
      take_work_lock(folder, cache::Work::kUpdate, flags.watches ? "update --watch" : "update"));
  return Updater{.flags = flags,
                 .judge = std::move(judge),
                 .options = std::move(options),
                 .sources = std::move(sources),
                 .hub = std::move(hub),
                 .remote = std::move(remote),
                 .lock = std::move(lock),
                 .folders = files::FolderWatch(files::posix_file_system(),
                                               cache::item_folders(cache::CacheLayout(folder)))};
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

/// What a round came to.
struct Round {
  SourcesOutcome outcome;
  /// The first failure when nothing was added; nothing: at least some sources gave something.
  Status status = {};

  std::uint64_t num_added() const {
    std::uint64_t sum = 0;
    for (const UpdateOutcome& done : outcome.outcomes) {
      sum += done.report.intake.count(cache::ImportOutcome::kAdded);
    }
    return sum;
  }
};

/// Errors: those of opening the cache; those of the update are in the outcome.
Result<Round> run_round(Updater& work, Session& session) {
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache(work.flags.folder, session, cache::Access::kWrite,
                              cache::ScanDepth::kFolders, work.flags.budget));
  ProgressBars bars(session.quiet);
  const auto on_update = [&](const updater::UpdateProgress& progress) { bars.show(progress); };
  Round round;
  if (work.sources.empty()) {
    UpdateOutcome done = updater::update(*opened.store, work.hub.client.get(), work.options,
                                         work.flags.time, on_update, session.stop);
    round.outcome.num_wanted = done.report.num_wanted;
    round.outcome.num_missing = done.report.num_missing;
    round.outcome.next_due = done.next_due;
    round.outcome.outcomes.push_back(std::move(done));
  } else {
    const updater::SourcesGoal goal{
        .goal = work.options.goal, .number = work.options.number, .wanted = work.options.wanted};
    ASSIGN_OR_RETURN(round.outcome,
                     updater::update_sources(*opened.store, work.hub.client.get(), work.sources,
                                             goal, work.flags.time, on_update, session.stop));
  }
  for (const UpdateOutcome& done : round.outcome.outcomes) {
    const bool is_alone = round.outcome.outcomes.size() == 1 || round.num_added() == 0;
    if (done.status || !round.status) continue;
    if (is_alone) {
      round.status = Error(done.status.error());
    } else {
      log_warning("a source gave nothing", {{"source", done.report.source},
                                            {"reason", done.status.error().message},
                                            {"next_try", to_rfc3339(done.next_due)}});
    }
  }
  return round;
}

Status print_round(const Updater& work, const Round& round, const Session& session) {
  const bool is_json = session.output == OutputForm::kJson;
  if (work.sources.empty()) {
    const UpdateOutcome& only = round.outcome.outcomes.front();
    return print(is_json ? update_json(only) : update_text(only));
  }
  return print(is_json ? sources_json(round.outcome) : sources_text(round.outcome));
}

/// Until a round is due: the index follows what others put into the folders and take away, so that
/// all who draw know of it. What they took away is made up for sooner than `due`, but no two rounds
/// follow each other at once. Errors: as open_cache().
Status follow_folders(Updater& work, Session& session, Timestamp due) {
  const Timestamp start = system_clock().now();
  due = std::max(due, start + kLeastUpdatePause);
  while (!session.stop.stop_requested()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - system_clock().now());
    if (left.count() <= 0 || !work.folders.wait(left, session.stop)) return {};
    ASSIGN_OR_RETURN(const OpenedCache opened,
                     open_cache(work.flags.folder, session, cache::Access::kWrite,
                                cache::ScanDepth::kFolders, work.flags.budget));
    if (opened.rescan.num_gone > 0) due = std::min(due, start + work.options.initial_delay);
    pause_for(kLeastUpdatePause, session.stop);
  }
  return {};
}

/// Goes on until it is stopped; a round that adds nothing and fails as the one before says nothing
/// but to the log. Errors: those of the output.
Status watch_sources(Updater& work, Session& session) {
  bool is_news = true;
  while (!session.stop.stop_requested()) {
    auto round = run_round(work, session);
    if (session.stop.stop_requested()) return {};
    Timestamp due;
    if (round && round->status) {
      if (std::exchange(is_news, false) || round->num_added() > 0) {
        RETURN_IF_ERROR(print_round(work, *round, session));
      }
      due = round->outcome.next_due;
    } else {
      const Error& error = round ? round->status.error() : round.error();
      due = round ? round->outcome.next_due : system_clock().now() + work.options.initial_delay;
      log_warning("the cache was not updated",
                  {{"reason", error.message}, {"next_try", to_rfc3339(due)}});
      is_news = true;
    }
    // What this round did itself is told too and costs a look: else what others did would be lost.
    const Status followed = follow_folders(work, session, due);
    if (!followed) {
      // Another one writes for long, or the disk is full: the next round says so.
      pause_for(std::chrono::seconds(1), session.stop);
    }
  }
  return {};
}

Result<ExitCode> run_update(const UpdateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(Updater work, open_updater(flags, session));
  if (flags.watches) {
    ASSIGN_OR_RETURN(const auto metrics, serve_cache_metrics(flags.metrics, flags.folder, session));
    RETURN_IF_ERROR(watch_sources(work, session));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const Round round, run_round(work, session));
  const bool has_news =
      round.status || session.output == OutputForm::kJson || round.num_added() > 0;
  if (has_news) RETURN_IF_ERROR(print_round(work, round, session));
  if (!round.status) return Error(round.status.error());
  return round.outcome.num_missing == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_cache_update_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<UpdateFlags>();
  CLI::App& command = tree.add_command(
      group, "update", "Fetch labelled photos from a data set, as many as are missing.",
      {"assay cache update", "assay cache update --watch --interval 1h",
       "assay cache update --from export.parquet --count 100"},
      [flags](Session& session) { return run_update(*flags, session); });
  add_update_options(command, flags);
}

}  // namespace assay::cli
