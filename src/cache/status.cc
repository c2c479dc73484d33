#include "cache/status.h"

#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace assay::cache {
namespace {

constexpr std::size_t kMaxSourcesShown = 8;

void count_item(CacheStatus& cache, const Item& item) {
  ++cache.num_items;
  cache.bytes += ByteCount(item.stamp.size_bytes + (item.sidecar ? item.sidecar->size_bytes : 0));
  ++cache.by_state[static_cast<std::size_t>(item.state)];
  cache.oldest = cache.oldest ? std::min(*cache.oldest, item.added) : item.added;
  cache.newest = cache.newest ? std::max(*cache.newest, item.added) : item.added;
  if (item.state != ItemState::kReady) return;
  ++(item.label == Label::kRoadwork ? cache.num_roadwork : cache.num_none);
  ++cache.sources[item.source];
  cache.num_unseen_by_others += is_seen_by_others(item.name) ? 0 : 1;
}

void count_served(CacheStatus& cache, const ServedMap& served, std::uint64_t id,
                  std::uint64_t midnight) {
  if (id >= served.num_slots()) return;
  const std::uint64_t last = served.last_served(id);
  cache.num_served_today += last != ServedMap::kGone && last >= midnight ? 1 : 0;
  cache.num_draws += served.num_served(id);
}

std::string source_name(const std::string& source) {
  return source.empty() ? "(no source)" : report::visible_text(source);
}

std::string update_text(const UpdateSource& source) {
  const auto instant = [](const std::optional<Timestamp>& value) {
    return value ? to_rfc3339(*value) : std::string("never");
  };
  std::string text =
      fmt::format("updated from {}: last {}, next due {}\n", report::visible_text(source.name),
                  instant(source.last_success), instant(source.next_due));
  if (!source.failure) return text;
  return text + fmt::format("  the last try failed at {} ({}): {}\n",
                            to_rfc3339(source.failure->at), source.failure->cause,
                            report::visible_text(source.failure->message));
}

std::string cache_text(const CacheStatus& cache) {
  using report::count_text;
  std::string text =
      fmt::format("{:<5} {:>9} {:>11} {:>10} {:>9} {:>11} {:>11} {:>13}\n", to_string(cache.kind),
                  count_text(cache.num_items), to_string(cache.bytes),
                  count_text(cache.num_roadwork), count_text(cache.num_none),
                  count_text(cache.count(ItemState::kNoSidecar) + cache.count(ItemState::kNoLabel)),
                  count_text(cache.count(ItemState::kDisagrees) +
                             cache.count(ItemState::kBadSidecar) + cache.count(ItemState::kBroken)),
                  count_text(cache.num_served_today));
  if (cache.oldest && cache.newest) {
    text +=
        fmt::format("      added {} to {}\n", to_rfc3339(*cache.oldest), to_rfc3339(*cache.newest));
  }
  std::size_t num_shown = 0;
  for (const auto& [source, count] : cache.sources) {
    if (++num_shown > kMaxSourcesShown) {
      text += fmt::format("      and {} more sources\n", cache.sources.size() - kMaxSourcesShown);
      break;
    }
    text += fmt::format("      {}: {}\n", source_name(source), count_text(count));
  }
  return text;
}

}  // namespace

Result<StatusReport> read_status(Store& store) {
  StatusReport report{.root = store.layout().root().native()};
  for (std::size_t i = 0; i < report.caches.size(); ++i) report.caches[i].kind = kCacheKinds[i];
  const auto midnight = std::chrono::floor<std::chrono::days>(store.tools().clock.now());
  const auto since = static_cast<std::uint64_t>(Timestamp(midnight).time_since_epoch().count());
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    CacheStatus& cache = report.caches[static_cast<std::size_t>(kind_of(item.folder))];
    count_item(cache, item);
    if (store.served() != nullptr) count_served(cache, *store.served(), item.id, since);
  }));
  ASSIGN_OR_RETURN(report.quarantine,
                   measure_quarantine(store.tools().file_system, store.layout()));
  ASSIGN_OR_RETURN(const auto root, store.tools().file_system.info(store.layout().root()));
  if (root) {
    auto state = read_update_state(store.tools().file_system, store.layout());
    // Who may not read it may still look at the rest.
    if (!state && state.error().code != ErrorCode::kDenied) return state.error();
    if (state) report.updates = std::move(state->sources);
    for (UpdateSource& source : report.updates) source.tables.clear();
    ASSIGN_OR_RETURN(const auto space, store.tools().file_system.space(store.layout().root()));
    report.free_bytes = space.free;
  }
  return report;
}

std::string status_text(const StatusReport& report) {
  std::string text = fmt::format("{}\n\n{:<5} {:>9} {:>11} {:>10} {:>9} {:>11} {:>11} {:>13}\n",
                                 report::visible_text(report.root), "cache", "images", "size",
                                 "roadwork", "none", "unlabelled", "unusable", "served today");
  bool is_lacking = report.quarantine.num_images > 0;
  for (const CacheStatus& cache : report.caches) {
    text += cache_text(cache);
    is_lacking = is_lacking || cache.num_roadwork == 0 || cache.num_none == 0 ||
                 cache.num_roadwork + cache.num_none < cache.num_items;
  }
  text += '\n';
  for (const UpdateSource& source : report.updates) text += update_text(source);
  if (report.quarantine.num_images > 0) {
    text += fmt::format("{} in quarantine, {}\n",
                        report::counted(report.quarantine.num_images, "image", "images"),
                        to_string(report.quarantine.bytes));
  }
  if (is_lacking) text += "What is missing, and what helps: assay cache doctor\n";
  return text;
}

std::string status_json(const StatusReport& report) {
  json::Writer writer(json::Layout::kPretty);
  const auto instant = [&](std::string_view name, const std::optional<Timestamp>& value) {
    writer.name(name);
    value ? writer.text(to_rfc3339(*value)) : writer.null();
  };
  writer.begin_object();
  writer.name("cache_dir").text(report.root);
  writer.name("free_bytes").unsigned_integer(report.free_bytes.count());
  writer.name("quarantined").unsigned_integer(report.quarantine.num_images);
  writer.name("quarantine_bytes").unsigned_integer(report.quarantine.bytes.count());
  writer.name("updates").begin_list();
  for (const UpdateSource& source : report.updates) {
    writer.begin_object();
    writer.name("source").text(source.name);
    instant("last_success", source.last_success);
    instant("last_attempt", source.last_attempt);
    instant("next_due", source.next_due);
    writer.name("failures").unsigned_integer(source.num_failures);
    writer.name("cause");
    source.failure ? writer.text(source.failure->cause) : writer.null();
    writer.name("error");
    source.failure ? writer.text(source.failure->message) : writer.null();
    writer.end_object();
  }
  writer.end_list();
  writer.name("caches").begin_list();
  for (const CacheStatus& cache : report.caches) {
    writer.begin_object();
    writer.name("cache").text(to_string(cache.kind));
    writer.name("images").unsigned_integer(cache.num_items);
    writer.name("bytes").unsigned_integer(cache.bytes.count());
    writer.name("roadwork").unsigned_integer(cache.num_roadwork);
    writer.name("none").unsigned_integer(cache.num_none);
    writer.name("states").begin_object();
    for (std::size_t i = 0; i < kNumItemStates; ++i) {
      writer.name(to_string(static_cast<ItemState>(i))).unsigned_integer(cache.by_state[i]);
    }
    writer.end_object();
    writer.name("sources").begin_list();
    for (const auto& [source, count] : cache.sources) {
      writer.begin_object();
      writer.name("source").text(source);
      writer.name("images").unsigned_integer(count);
      writer.end_object();
    }
    writer.end_list();
    instant("oldest", cache.oldest);
    instant("newest", cache.newest);
    writer.name("served_today").unsigned_integer(cache.num_served_today);
    writer.name("draws").unsigned_integer(cache.num_draws);
    writer.name("unseen_by_validator").unsigned_integer(cache.num_unseen_by_others);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache
