#include "cache/collect.h"
#include "cli/cache_options_internal.h"

#include <memory>
#include <string>
#include <tuple>

namespace assay::cli {
namespace {

struct CollectFlags {
  CacheFolderFlag folder;
  CacheBudgetFlags budget;
  std::string keep_free = "0B";
  std::string keep_tables = "100GB";
  cache::CollectMode mode = cache::CollectMode::kDo;
};

Result<ExitCode> collect_all(const CollectFlags& flags, Session& session) {
  RETURN_IF_ERROR(require_cache(flags.folder, session));
  const bool is_telling = flags.mode == cache::CollectMode::kTell;
  ASSIGN_OR_RETURN(
      const OpenedCache opened,
      is_telling
          ? open_cache_to_look(flags.folder, session, cache::ScanDepth::kFolders)
          : open_cache(flags.folder, session, cache::Access::kWrite, cache::ScanDepth::kFolders));
  cache::CollectOptions options{.mode = flags.mode};
  ASSIGN_OR_RETURN(options.budget, flags.budget.budget(session));
  ASSIGN_OR_RETURN(options.max_tables_bytes, parse_size(flags.keep_tables));
  ASSIGN_OR_RETURN(options.min_free_bytes, parse_size(flags.keep_free));
  ASSIGN_OR_RETURN(const cache::CollectReport report,
                   cache::collect(*opened.store, options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? cache::collect_json(report, flags.mode)
                            : cache::collect_text(report, flags.mode)));
  const bool is_done = report.missing_bytes == ByteCount() && report.unmet_budgets.empty();
  return is_done ? ExitCode::kOk : ExitCode::kPartial;
}

/// What is to go is noted first, so that a kill leaves no half item.
Result<ExitCode> run_gc(const CollectFlags& flags, Session& session) {
  auto done = collect_all(flags, session);
  if (done || done.error().code != ErrorCode::kNoSpace) return done;
  return std::move(done.error())
      .within(
          "not even a note of what is to go fits the disk: remove some file first, such as "
          "those in the folder quarantine of the cache");
}

}  // namespace

void add_cache_gc_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CollectFlags>();
  CLI::App& command = tree.add_command(
      group, "gc", "Remove leftovers, and images beyond the size that a cache may have.",
      {"assay cache gc --dry-run", "assay cache gc --max-size 50GB --evict least-used"},
      [flags](Session& session) { return run_gc(*flags, session); });
  flags->folder.add_to(command);
  command.add_flag_callback(
      "--dry-run", [flags] { flags->mode = cache::CollectMode::kTell; },
      "Only tell what would be removed.");
  flags->budget.add_to(command);
  for (const auto& [name, size, help] :
       {std::tuple("--keep-free", &flags->keep_free,
                   "Remove until so much of the disk is free, if that is possible."),
        std::tuple("--keep-tables", &flags->keep_tables,
                   "Of tables that updates keep: the oldest go beyond it.")}) {
    add_option(command, name, *size, help)
        ->type_name("SIZE")
        ->capture_default_str()
        ->check(check_size);
  }
}

}  // namespace assay::cli
