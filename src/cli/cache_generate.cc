#include "app/image_generator.h"
#include "cache/generate.h"
#include "cache/generate_failure.h"
#include "cli/cache_generate_report_internal.h"
#include "cli/cache_generator_flags_internal.h"
#include "cli/cache_metrics_internal.h"
#include "cli/cache_options_internal.h"
#include "cli/label_check_flags_internal.h"
#include "cli/option_check_internal.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/timestamp.h"
#include "files/folder_watch.h"
#include "images/scene.h"
#include "report/shell_word.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

using cache::CacheKind;
using cache::GenerateGoal;
using cache::GenerateOutcome;
using cache::GenerateReport;

constexpr std::uint64_t kDefaultGenerateTarget = 100;
constexpr std::chrono::seconds kLeastGeneratePause{1};
constexpr std::chrono::milliseconds kFirstRetryPause = std::chrono::minutes(1);
constexpr std::chrono::milliseconds kMaxRetryAfter = std::chrono::hours(24);

struct GenerateFlags {
  CacheFolderFlag folder;
  CacheLabelFlag label;
  CacheGeneratorFlags generator;
  std::string kind;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> target;
  std::optional<std::uint64_t> seed;
  std::string size = "1024x576";
  CacheBudgetFlags budget;
  std::string keep_free = "1GB";
  std::string pause = "10m";
  bool watches = false;
  MetricsFlags metrics;
  LabelCheckFlags label_check;
  /// Of the options: those that say where images go, who makes them, and how.
  std::vector<const CLI::Option*> of_maker;
};

/// What makes images, and what looks at them.
struct Makers {
  const app::OpenedGenerator& generator;
  cache::LabelCheck label_check;
};

std::string check_kind(const std::string& text) {
  const auto kind = cache::parse_cache_kind(text);
  if (!kind) return kind.error().message;
  return *kind == CacheKind::kReal
             ? "photos are not generated, and drawings are none; take photos in: assay cache import"
             : "";
}

/// What was chosen, for a command that goes with this one.
std::string maker_words(const GenerateFlags& flags) {
  std::string words;
  for (const CLI::Option* const option : flags.of_maker) {
    if (option->count() == 0) continue;
    words +=
        fmt::format(" {} {}", option->get_name(), report::shell_word(option->as<std::string>()));
  }
  return words;
}

Result<GenerateReport> fill(const GenerateFlags& flags, CacheKind kind, cache::Store& store,
                            const Makers& makers, Session& session) {
  ASSIGN_OR_RETURN(const images::ImageSize size, parse_image_size(flags.size));
  ASSIGN_OR_RETURN(const ByteCount keep_free, parse_size(flags.keep_free));
  cache::GenerateOptions options{
      .cache = kind,
      .goal = flags.count ? GenerateGoal::kCount : GenerateGoal::kStock,
      .number = flags.count.value_or(flags.target.value_or(kDefaultGenerateTarget)),
      .size = size,
      .seed = flags.seed,
      .label_check = makers.label_check,
      .min_free_bytes = keep_free,
      .batch_size = makers.generator.batch_size};
  if (const auto label = flags.label.label()) options.labels = {*label};
  std::optional<Progress> bar;
  const auto on_generated = [&](std::uint64_t done, std::uint64_t wanted) {
    if (session.quiet) return;
    if (!bar) {
      bar.emplace(
          fmt::format("made for {}", to_string(kind)), system_clock(),
          ProgressOptions{.style = progress_style_of_stderr(), .total = wanted, .unit = "images"});
    }
    if (done > bar->done()) bar->advance(done - bar->done());
  };
  return cache::generate(store, *makers.generator.generator, options, on_generated, session.stop);
}

std::vector<CacheKind> kinds_of(const GenerateFlags& flags) {
  const auto kind = cache::parse_cache_kind(flags.kind);
  if (kind) return {*kind};
  return {CacheKind::kTextToImage, CacheKind::kImageToImage};
}

Result<std::vector<Generated>> fill_all(const GenerateFlags& flags, const Makers& makers,
                                        Session& session) {
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache(flags.folder, session, cache::Access::kWrite,
                              cache::ScanDepth::kFolders, flags.budget));
  std::vector<Generated> all;
  for (const CacheKind kind : kinds_of(flags)) {
    auto report = fill(flags, kind, *opened.store, makers, session);
    if (!report) {
      return std::move(report.error())
          .within("generating stopped; what was added stays, and the same command goes on");
    }
    all.push_back({.kind = kind,
                   .generator = makers.generator.generator->capabilities(),
                   .report = std::move(*report)});
  }
  return all;
}

std::string shown_generated(const std::vector<Generated>& all, const GenerateFlags& flags,
                            const Session& session) {
  if (session.output == OutputForm::kJson) return generated_json(all);
  return generated_text(all, maker_words(flags));
}

/// For who looks at the cache later; null: what failed before does no more. Errors: as FileSystem.
Status note_outcome(const std::filesystem::path& folder, const Error* error) {
  std::optional<cache::GenerateFailure> failure;
  if (error != nullptr) failure = {.at = system_clock().now(), .message = error->message};
  return cache::note_generate_failure(files::posix_file_system(), cache::CacheLayout(folder),
                                      failure);
}

/// Before a service that failed is asked again: doubled by each failure in a row, half of it drawn
/// by chance, up to `pause`; but never less than the service asks for.
std::chrono::milliseconds retry_pause(const Error& error, std::uint64_t num_failures,
                                      std::chrono::milliseconds pause) {
  auto bound = std::min(kFirstRetryPause, pause);
  for (std::uint64_t i = 1; i < num_failures && bound < pause; ++i) bound *= 2;
  bound = std::max<std::chrono::milliseconds>(std::min(bound, pause), kLeastGeneratePause);
  const auto half = static_cast<double>(bound.count()) / 2;
  const std::chrono::milliseconds wait(
      static_cast<std::int64_t>(half * (1 + system_random().unit())));
  return std::max(
      wait, std::min(error.retry_after.value_or(std::chrono::milliseconds()), kMaxRetryAfter));
}

/// A service that is down comes again, and somebody frees a full disk.
bool may_pass(ErrorCode code) { return is_retryable(code) || code == ErrorCode::kNoSpace; }

/// Looks whenever the folders have changed, and now and then all the same, and makes what is
/// missing; a round that only finds the stock says nothing. What may pass by itself is told once
/// and tried again. Errors: as fill_all().
Status watch_stock(const GenerateFlags& flags, const Makers& makers, Session& session) {
  ASSIGN_OR_RETURN(const auto duration, parse_duration(flags.pause));
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(duration);
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  files::FolderWatch folders(files::posix_file_system(),
                             cache::item_folders(cache::CacheLayout(folder)));
  bool is_news = true;
  std::uint64_t num_failures = 0;
  while (!session.stop.stop_requested()) {
    const auto all = fill_all(flags, makers, session);
    if (!all && all.error().code == ErrorCode::kCancelled) return {};
    if (!all && !may_pass(all.error().code)) return all.error();
    const Status noted = note_outcome(folder, all ? nullptr : &all.error());
    if (!noted && !may_pass(noted.error().code)) return noted.error();
    if (!all) {
      const auto wait = retry_pause(all.error(), ++num_failures, pause);
      if (num_failures == 1) {
        log_warning("the stock could not be filled, and is tried again",
                    {{"reason", all.error().message},
                     {"next_try", to_rfc3339(system_clock().now() + wait)}});
      }
      is_news = true;
      pause_for(wait, session.stop);
      continue;
    }
    num_failures = 0;
    for (const Generated& generated : *all) {
      is_news = is_news || generated.report.count(GenerateOutcome::kAdded) > 0;
    }
    if (std::exchange(is_news, false))
      RETURN_IF_ERROR(print(shown_generated(*all, flags, session)));
    // What this round did itself is told too and costs a look: else what others did would be lost.
    folders.wait(pause, session.stop);
    // Many changes are one reason to look.
    pause_for(kLeastGeneratePause, session.stop);
  }
  return {};
}

/// Two that fill one stock would make twice what is missing. Errors: as cache::WorkLock.
Result<std::vector<cache::WorkLock>> take_locks(const GenerateFlags& flags,
                                                const Session& session) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  std::vector<cache::WorkLock> locks;
  for (const CacheKind kind : kinds_of(flags)) {
    const cache::Work work =
        kind == CacheKind::kTextToImage ? cache::Work::kGenerateT2i : cache::Work::kGenerateI2i;
    ASSIGN_OR_RETURN(cache::WorkLock lock,
                     take_work_lock(folder, work, flags.watches ? "generate --watch" : "generate"));
    locks.push_back(std::move(lock));
  }
  return locks;
}

/// Errors: as open_generator(), LabelCheckFlags and fill_all().
Result<ExitCode> make_images(const GenerateFlags& flags, Session& session) {
  // Both opened once, however often it looks.
  ASSIGN_OR_RETURN(app::GeneratorChoices choices, flags.generator.choices());
  ASSIGN_OR_RETURN(choices.size, parse_image_size(flags.size));
  ASSIGN_OR_RETURN(const app::OpenedGenerator generator, app::open_generator(choices));
  ASSIGN_OR_RETURN(const auto judge, flags.label_check.open_judge());
  const Makers makers{.generator = generator, .label_check = flags.label_check.check(judge.get())};
  if (flags.watches) {
    ASSIGN_OR_RETURN(const auto metrics, serve_cache_metrics(flags.metrics, flags.folder, session));
    RETURN_IF_ERROR(watch_stock(flags, makers, session));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const std::vector<Generated> all, fill_all(flags, makers, session));
  RETURN_IF_ERROR(print(shown_generated(all, flags, session)));
  const bool is_whole = std::ranges::none_of(
      all, [](const Generated& generated) { return generated.report.num_missing > 0; });
  return is_whole ? ExitCode::kOk : ExitCode::kPartial;
}

Result<ExitCode> run_generate(const GenerateFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  ASSIGN_OR_RETURN(const auto locks, take_locks(flags, session));
  auto made = make_images(flags, session);
  if (!made && made.error().code == ErrorCode::kCancelled) return made;
  const Status noted = note_outcome(folder, made ? nullptr : &made.error());
  if (made && !noted) return noted.error();
  return made;
}

}  // namespace

void add_cache_generate_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App& command = tree.add_command(
      group, "generate",
      "Stock the caches t2i and i2i with images that are made: drawn here for demos and tests, or "
      "by a model.",
      {"assay cache generate --target 200",
       "assay cache generate --kind t2i --label roadwork --count 20 --seed 7",
       "assay cache generate --provider http --endpoint http://127.0.0.1:7860 --api a1111",
       "assay cache generate --provider openvino --model stable-diffusion-v1-5 --size 768x512",
       "assay cache generate --watch"},
      [flags](Session& session) { return run_generate(*flags, session); });
  const std::size_t num_general = command.get_options().size();
  flags->folder.add_to(command);
  flags->generator.add_to(command);
  add_option(command, "--size", flags->size, "Of images for t2i; i2i keeps that of its source.")
      ->type_name("WxH")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_image_size(text)); });
  const std::vector<CLI::Option*> options = command.get_options();
  flags->of_maker.assign(options.begin() + static_cast<std::ptrdiff_t>(num_general), options.end());
  add_option(command, "--kind", flags->kind,
             "t2i, or i2i: images of t2i, and, but for scene, photos too, that are changed [both].")
      ->type_name("CACHE")
      ->check(check_kind);
  flags->label.add_to(command, "roadwork or none [both].");
  CLI::Option* const target =
      add_option(command, "--target", flags->target,
                 "Until each label of each cache has so many that can be served [100].")
          ->type_name("N")
          ->check(whole_number(std::uint64_t{1}, kMaxCacheCount));
  CLI::Option* const count =
      add_option(command, "--count", flags->count,
                 "So many for each cache; with --seed those that are there count.")
          ->type_name("N")
          ->check(whole_number(std::uint64_t{1}, kMaxCacheCount))
          ->excludes(target);
  add_option(command, "--seed", flags->seed, "Makes the same images again [another each time].")
      ->type_name("N");
  CLI::Option* const watches = command.add_flag_callback(
      "--watch", [flags] { flags->watches = true; },
      "Go on: look whether something is missing whenever images go, and idle while nothing is.");
  watches->excludes(count);
  flags->metrics.add_to(command);
  command.get_option("--metrics.port")->needs(watches);
  add_option(command, "--pause", flags->pause,
             "At most between two looks of --watch; when images come or go it looks at once.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
  flags->budget.add_to(command);
  add_option(command, "--keep-free", flags->keep_free, "What has to stay free on the disk.")
      ->type_name("SIZE")
      ->capture_default_str()
      ->check(check_size);
  flags->label_check.add_to(command);
}

}  // namespace assay::cli
