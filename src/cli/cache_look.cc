#include "cache/status.h"
#include "cache/verify.h"
#include "cli/cache_options_internal.h"
#include "core/parse_number.h"
#include "core/progress.h"
#include "files/folder_watch.h"

#include <fmt/format.h>

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

struct CacheStatusFlags {
  CacheFolderFlag folder;
  std::string interval = "2s";
  bool watches = false;
};

// Of a terminal: to its upper left corner, and all below is cleared.
constexpr std::string_view kClearBelow = "\x1b[H\x1b[J";
constexpr std::chrono::milliseconds kLeastStatusPause{500};

std::string shown_status(const cache::StatusReport& report, const Session& session) {
  return session.output == OutputForm::kJson ? cache::status_json(report)
                                             : cache::status_text(report);
}

/// Prints the status whenever it is another one, until it is stopped. Errors: as
/// run_cache_status().
Status watch_status(const CacheStatusFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto interval, parse_duration(flags.interval));
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  files::FolderWatch folders(files::posix_file_system(),
                             cache::item_folders(cache::CacheLayout(folder)));
  const bool clears = session.output == OutputForm::kText && isatty(STDOUT_FILENO) == 1;
  std::string last;
  auto depth = cache::ScanDepth::kFiles;
  while (!session.stop.stop_requested()) {
    {
      auto opened = open_cache_to_look(flags.folder, session, depth);
      if (!opened && opened.error().code == ErrorCode::kCancelled) return {};
      if (!opened) return std::move(opened.error());
      ASSIGN_OR_RETURN(cache::StatusReport report, cache::read_status(*opened->store));
      const std::string text = shown_status(report, session);
      // Others write to the disk all the time.
      report.free_bytes = {};
      std::string seen = shown_status(report, session);
      if (seen != last) {
        const std::string_view between = last.empty() ? "" : "\n";
        const std::string_view front = clears ? kClearBelow : between;
        RETURN_IF_ERROR(print(fmt::format("{}{}", front, text)));
        last = std::move(seen);
      }
    }
    const auto start = std::chrono::steady_clock::now();
    // What is told may be a file written to in place.
    depth = folders.wait(interval, session.stop) ? cache::ScanDepth::kFiles
                                                 : cache::ScanDepth::kFolders;
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - start);
    if (waited < kLeastStatusPause) pause_for(kLeastStatusPause - waited, session.stop);
  }
  return {};
}

Result<ExitCode> run_cache_status(const CacheStatusFlags& flags, Session& session) {
  if (flags.watches) {
    RETURN_IF_ERROR(watch_status(flags, session));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache_to_look(flags.folder, session, cache::ScanDepth::kFiles));
  ASSIGN_OR_RETURN(const cache::StatusReport report, cache::read_status(*opened.store));
  RETURN_IF_ERROR(print(shown_status(report, session)));
  return opened.rescan.failures.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

Result<ExitCode> run_cache_verify(const CacheFolderFlag& folder, Session& session) {
  RETURN_IF_ERROR(require_cache(folder, session));
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache_to_look(folder, session, cache::ScanDepth::kFiles));
  std::optional<Progress> bar;
  const auto on_progress = [&](std::uint64_t, std::uint64_t total) {
    if (session.quiet) return;
    if (!bar) {
      bar.emplace(
          "read", system_clock(),
          ProgressOptions{.style = progress_style_of_stderr(), .total = total, .unit = "images"});
    }
    bar->advance(1);
  };
  ASSIGN_OR_RETURN(const cache::VerifyReport report,
                   cache::verify(*opened.store, on_progress, session.stop));
  bar.reset();
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? cache::verify_json(report, opened.rescan)
                            : cache::verify_text(report, opened.rescan)));
  if (!report.is_sound()) return ExitCode::kFailed;
  return opened.rescan.failures.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_cache_status_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CacheStatusFlags>();
  CLI::App& command =
      tree.add_command(group, "status", "Count the images by cache, label and source.",
                       {"assay cache status", "assay cache status --cache-dir cache --json",
                        "assay cache status --watch"},
                       [flags](Session& session) { return run_cache_status(*flags, session); });
  flags->folder.add_to(command);
  command.add_flag_callback(
      "--watch", [flags] { flags->watches = true; },
      "Go on: print it again whenever it is another one, until it is stopped.");
  add_option(command, "--interval", flags->interval,
             "Look so often; images that come or go are noticed sooner.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const auto interval = parse_duration(text);
        return interval ? std::string() : interval.error().message;
      });
}

void add_cache_verify_command(CommandTree& tree, CLI::App& group) {
  auto folder = std::make_shared<CacheFolderFlag>();
  CLI::App& command = tree.add_command(
      group, "verify",
      "Read and hash every image, and look for halves of items. Exits 1 if one is not sound.",
      {"assay cache verify", "assay cache verify --cache-dir cache --json"},
      [folder](Session& session) { return run_cache_verify(*folder, session); });
  folder->add_to(command);
}

}  // namespace assay::cli
