#include "cache/rescan.h"
#include "cache/sampler.h"
#include "cli/cache_options_internal.h"
#include "cli/option_check_internal.h"
#include "core/parse_number.h"
#include "core/timestamp.h"
#include "json/writer.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct SampleFlags {
  CacheFolderFlag folder;
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::string policy = "uniform";
  std::string cool_down = "1h";
  std::uint64_t count = 1;
};

/// One whose files are what the index says: what others have just removed or edited is passed over.
/// That there is none is said after a look at every file.
Result<std::optional<cache::Draw>> draw_file(cache::Sampler& sampler, cache::Store& store,
                                             const cache::DrawOptions& options,
                                             const std::stop_token& stop) {
  constexpr int kMaxTries = 1000;
  bool has_looked = false;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    ASSIGN_OR_RETURN(auto draw, sampler.draw(options));
    if (!draw) {
      if (std::exchange(has_looked, true)) return draw;
      RETURN_IF_ERROR(cache::rescan(store, cache::ScanDepth::kFiles, stop));
      continue;
    }
    ASSIGN_OR_RETURN(const bool is_as_told, cache::confirm_item(store, draw->id, stop));
    if (is_as_told) return draw;
  }
  return unavailable("the files of this cache are being changed; try again");
}

std::string reason_for(const cache::Draw& draw, const SampleFlags& flags) {
  std::string reason = fmt::format("{} among {}", flags.policy, draw.num_eligible);
  if (draw.is_cooling) {
    reason = fmt::format("all {} were served within {}: the least recent", draw.num_eligible,
                         flags.cool_down);
  }
  return reason;
}

void write_draw(json::Writer& writer, const cache::Draw& draw, const cache::Store& store,
                const SampleFlags& flags) {
  const auto folder = store.layout().folder(draw.folder);
  writer.begin_object();
  writer.name("path").text((folder / draw.name).native());
  writer.name("sidecar").text((folder / cache::sidecar_name(draw.name)).native());
  writer.name("cache").text(to_string(cache::kind_of(draw.folder)));
  writer.name("label");
  draw.label ? writer.integer(static_cast<std::int64_t>(*draw.label)) : writer.null();
  writer.name("source").text(draw.source);
  writer.name("served_before").unsigned_integer(draw.num_served_before);
  writer.name("last_served");
  draw.last_served ? writer.text(to_rfc3339(*draw.last_served)) : writer.null();
  writer.name("cooling").boolean(draw.is_cooling);
  writer.name("why").text(reason_for(draw, flags));
  writer.end_object();
}

std::string draws_json(const std::vector<cache::Draw>& draws, const cache::Store& store,
                       const SampleFlags& flags) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  std::uint64_t num_cooling = 0;
  writer.name("draws").begin_list();
  for (const cache::Draw& draw : draws) {
    write_draw(writer, draw, store, flags);
    num_cooling += draw.is_cooling ? 1 : 0;
  }
  writer.end_list();
  writer.name("cooling").unsigned_integer(num_cooling);
  writer.end_object();
  return writer.take() + "\n";
}

Result<ExitCode> run_sample(const SampleFlags& flags, Session& session) {
  RETURN_IF_ERROR(require_cache(flags.folder, session));
  ASSIGN_OR_RETURN(
      const OpenedCache opened,
      open_cache(flags.folder, session, cache::Access::kWrite, cache::ScanDepth::kFolders));
  ASSIGN_OR_RETURN(cache::Sampler sampler, cache::Sampler::open(*opened.store));
  ASSIGN_OR_RETURN(const cache::DrawPolicy policy, cache::parse_draw_policy(flags.policy));
  ASSIGN_OR_RETURN(const auto cool_down, parse_duration(flags.cool_down));
  const cache::DrawOptions options{.cache = flags.kind.kind(),
                                   .label = flags.label.label(),
                                   .policy = policy,
                                   .cool_down = cool_down};
  std::vector<cache::Draw> draws;
  while (draws.size() < flags.count) {
    if (session.stop.stop_requested()) return cancelled("stopped; what was drawn counts as served");
    ASSIGN_OR_RETURN(auto draw, draw_file(sampler, *opened.store, options, session.stop));
    if (!draw) break;
    draws.push_back(std::move(*draw));
  }
  if (draws.empty()) {
    return missing(fmt::format(
        "no image of {} fits{}{}; what is missing, and what helps: assay cache doctor",
        opened.store->layout().root().native(),
        flags.kind.given.empty() ? "" : fmt::format(" in the cache {}", flags.kind.given),
        flags.label.given.empty() ? "" : fmt::format(" with the label {}", flags.label.given)));
  }
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(draws_json(draws, *opened.store, flags)));
    return ExitCode::kOk;
  }
  std::string text;
  for (const cache::Draw& draw : draws) {
    text +=
        report::visible_text((opened.store->layout().folder(draw.folder) / draw.name).native()) +
        "\n";
  }
  RETURN_IF_ERROR(print(text));
  const auto num_cooling = std::ranges::count_if(draws, &cache::Draw::is_cooling);
  if (num_cooling > 0 && !session.quiet) {
    fmt::print(stderr, "{} of {} come again within {}: all others were served as recently\n",
               num_cooling, draws.size(), flags.cool_down);
  }
  return ExitCode::kOk;
}

}  // namespace

void add_cache_sample_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<SampleFlags>();
  CLI::App& command =
      tree.add_command(group, "sample", "Draw images, as a validator does; they count as served.",
                       {"assay cache sample --label roadwork",
                        "assay cache sample --count 20 --policy sources --cool-down 24h --json"},
                       [flags](Session& session) { return run_sample(*flags, session); });
  flags->folder.add_to(command);
  flags->kind.add_to(command, "real, t2i or i2i [any].");
  flags->label.add_to(command, "roadwork or none [any].");
  add_option(command, "--count", flags->count, "How many.")
      ->type_name("N")
      ->capture_default_str()
      ->check(whole_number(std::uint64_t{1}, kMaxCacheCount));
  add_option(command, "--policy", flags->policy,
             "uniform: every image alike; sources: every source alike; least-used: the one served "
             "least often.")
      ->type_name("POLICY")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(cache::parse_draw_policy(text)); });
  add_option(command, "--cool-down", flags->cool_down,
             "No image comes again within this time while another one is free.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
}

}  // namespace assay::cli
