#include "cache/collect.h"
#include "cli/cache_options_internal.h"

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct CollectFlags {
  CacheFolderFlag folder;
  std::string max_size = "10GB";
  std::string max_total;
  std::string keep_free = "0B";
  std::string order = "oldest";
  cache::CollectMode mode = cache::CollectMode::kDo;
};

Result<ExitCode> run_gc(const CollectFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(
      const OpenedCache opened,
      open_cache(flags.folder, session, cache::Access::kWrite, cache::ScanDepth::kFolders));
  cache::CollectOptions options{.mode = flags.mode};
  ASSIGN_OR_RETURN(options.max_cache_bytes, parse_size(flags.max_size));
  if (!flags.max_total.empty()) {
    ASSIGN_OR_RETURN(options.max_total_bytes, parse_size(flags.max_total));
  }
  ASSIGN_OR_RETURN(options.min_free_bytes, parse_size(flags.keep_free));
  ASSIGN_OR_RETURN(options.order, cache::parse_eviction_order(flags.order));
  ASSIGN_OR_RETURN(const cache::CollectReport report,
                   cache::collect(*opened.store, options, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? cache::collect_json(report, flags.mode)
                            : cache::collect_text(report, flags.mode)));
  return ExitCode::kOk;
}

}  // namespace

void add_cache_gc_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CollectFlags>();
  CLI::App& command = tree.add_command(
      group, "gc", "Remove leftovers, and images beyond the size that a cache may have.",
      {"assay cache gc --dry-run", "assay cache gc --max-size 50GB --order least-used"},
      [flags](Session& session) { return run_gc(*flags, session); });
  flags->folder.add_to(command);
  command.add_flag_callback(
      "--dry-run", [flags] { flags->mode = cache::CollectMode::kTell; },
      "Only tell what would be removed.");
  const auto add_size = [&](const char* name, std::string& target, const char* help) {
    return add_option(command, name, target, help)->type_name("SIZE")->check(check_size);
  };
  add_size("--max-size", flags->max_size,
           "Of each cache, with its sidecars and sources; above it images go until nine tenths are "
           "left.")
      ->capture_default_str();
  add_size("--max-total", flags->max_total, "Of all three together [none].");
  add_size("--keep-free", flags->keep_free, "Remove until so much of the disk is free.")
      ->capture_default_str();
  add_option(command, "--order", flags->order,
             "Which go first: oldest, least-used or random. Those served in the last 15 minutes "
             "stay.")
      ->type_name("ORDER")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const auto order = cache::parse_eviction_order(text);
        return order ? std::string() : order.error().message;
      });
}

}  // namespace assay::cli
