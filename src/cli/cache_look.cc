#include "cache/status.h"
#include "cache/verify.h"
#include "cli/cache_options_internal.h"
#include "core/progress.h"

#include <memory>
#include <optional>

namespace assay::cli {
namespace {

Result<ExitCode> run_status(const CacheFolderFlag& folder, Session& session) {
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache_to_look(folder, session, cache::ScanDepth::kFiles));
  ASSIGN_OR_RETURN(const cache::StatusReport report, cache::read_status(*opened.store));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? cache::status_json(report)
                                                            : cache::status_text(report)));
  return opened.rescan.failures.empty() ? ExitCode::kOk : ExitCode::kPartial;
}

Result<ExitCode> run_verify(const CacheFolderFlag& folder, Session& session) {
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
  auto folder = std::make_shared<CacheFolderFlag>();
  CLI::App& command =
      tree.add_command(group, "status", "Count the images by cache, label and source.",
                       {"assay cache status", "assay cache status --cache-dir cache --json"},
                       [folder](Session& session) { return run_status(*folder, session); });
  folder->add_to(command);
}

void add_cache_verify_command(CommandTree& tree, CLI::App& group) {
  auto folder = std::make_shared<CacheFolderFlag>();
  CLI::App& command = tree.add_command(
      group, "verify",
      "Read and hash every image, and look for halves of items. Exits 1 if one is not sound.",
      {"assay cache verify", "assay cache verify --cache-dir cache --json"},
      [folder](Session& session) { return run_verify(*folder, session); });
  folder->add_to(command);
}

}  // namespace assay::cli
