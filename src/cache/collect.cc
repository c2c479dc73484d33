#include "cache/collect.h"

#include "cache/evict_internal.h"
#include "cache/kept_tables_internal.h"
#include "cache/rescan.h"
#include "cache/room_internal.h"
#include "cache/verify.h"
#include "files/atomic_file.h"
#include "json/writer.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

/// Whether the file can be read and is no image that any machine could show: one that is denied, or
/// whose format needs a library which is not here, is not to blame.
bool is_broken_for_good(const Store& store, const Item& item) {
  const ExamineLimits& limits = store.options().limits;
  const auto bytes =
      files::read_file(store.tools().file_system, store.path_of(item), limits.max_size_bytes);
  if (!bytes) return bytes.error().code == ErrorCode::kExhausted;
  const auto examined = examine(as_bytes(*bytes), limits);
  return !examined && examined.error().kind != images::RefusalKind::kMissingLibrary;
}

/// What would be in quarantine by now.
struct ExpectedMoves {
  BytesByCache bytes = {};
  std::set<std::uint64_t> ids = {};
};

/// With kTell `expected` is what each cache would lose. Errors: as collect().
Status quarantine_broken(Store& store, Quarantine& quarantine, const CollectOptions& options,
                         CollectReport& report, ExpectedMoves& expected,
                         const std::stop_token& stop) {
  std::vector<Item> broken;
  const Timestamp now = store.tools().clock.now();
  RETURN_IF_ERROR(store.index().for_each_broken([&](const Item& item) {
    if (now - item.stamp.modified >= kCopyTime) broken.push_back(item);
  }));
  std::erase_if(broken, [&](const Item& item) { return !is_broken_for_good(store, item); });
  report.num_quarantined = broken.size();
  if (broken.empty()) return {};
  const bool is_telling = options.mode == CollectMode::kTell;
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  for (const Item& item : broken) {
    // What a person wrote about it stays with it, unless it is about another image too.
    ASSIGN_OR_RETURN(const bool is_shared, store.index().shares_sidecar(item.folder, item.name));
    std::optional<fs::path> sidecar;
    if (item.sidecar && !is_shared) sidecar = store.sidecar_of(item);
    const fs::path path = store.path_of(item);
    auto moved = is_telling ? quarantine.expect(path, sidecar, item.problem)
                            : quarantine.move(path, sidecar, item.problem);
    if (!moved && moved.error().code != ErrorCode::kNotFound) return std::move(moved.error());
    if (moved && !*moved) {
      ++report.num_broken_left;
      --report.num_quarantined;
      continue;
    }
    if (is_telling) {
      expected.bytes.at(static_cast<std::size_t>(kind_of(item.folder))) += size_of(item);
      expected.ids.insert(item.id);
      continue;
    }
    RETURN_IF_ERROR(store.forget(turn, std::span(&item.id, 1)));
  }
  return {};
}

/// Remove `path` if it is old enough. Errors: as FileSystem.
Result<bool> remove_leftover(Store& store, const CollectOptions& options, const fs::path& path) {
  files::FileSystem& file_system = store.tools().file_system;
  ASSIGN_OR_RETURN(const auto info, file_system.info_unfollowed(path));
  if (!info || info->kind != files::FileKind::kFile) return false;
  if (store.tools().clock.now() - info->modified < options.min_leftover_age) return false;
  if (options.mode == CollectMode::kTell) return true;
  const Status removed = file_system.remove(path);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed.error();
  return removed.has_value();
}

/// Errors: as collect().
Status trim_quarantine(Store& store, Quarantine& quarantine, const CollectOptions& options,
                       CollectReport& report, const std::stop_token& stop) {
  if (options.mode == CollectMode::kTell) {
    ASSIGN_OR_RETURN(report.from_quarantine, quarantine.excess());
    return {};
  }
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  RETURN_IF_ERROR(quarantine.trim());
  report.from_quarantine = quarantine.removed();
  return {};
}

Status remove_leftovers(Store& store, const CollectOptions& options, CollectReport& report,
                        const std::stop_token& stop) {
  files::FileSystem& file_system = store.tools().file_system;
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  std::vector<fs::path> folders = {store.layout().quarantine(), store.layout().state()};
  for (const ItemFolder folder : kItemFolders) {
    if (store.is_second_name(folder)) continue;
    const fs::path path = store.layout().folder(folder);
    ASSIGN_OR_RETURN(const auto info, file_system.info(path));
    if (!info) continue;
    folders.push_back(path);
    ASSIGN_OR_RETURN(const auto orphans, orphan_sidecars(file_system, path));
    for (const std::string& name : orphans) {
      ASSIGN_OR_RETURN(const bool is_removed, remove_leftover(store, options, path / name));
      report.num_orphan_sidecars += is_removed ? 1 : 0;
    }
  }
  for (const fs::path& folder : folders) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
    if (!info) continue;
    ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
    const bool is_quarantine = folder == store.layout().quarantine();
    for (const std::string& name : names) {
      const bool is_left =
          files::is_temporary_name(name) || (is_quarantine && is_reason_alone(name, names));
      if (!is_left) continue;
      ASSIGN_OR_RETURN(const bool is_removed, remove_leftover(store, options, folder / name));
      report.num_temporaries += is_removed ? 1 : 0;
    }
  }
  return {};
}

/// How many bytes have to go of each cache: for its own budget, and its part of what is over the
/// budget of all, or short on the disk. Tables go before. Errors: as FileSystem and ItemIndex.
Result<BytesByCache> plan(Store& store, const CollectOptions& options, const Quarantine& quarantine,
                          const BytesByCache& expected, CollectReport& report) {
  ASSIGN_OR_RETURN(Usage usage, measure_usage(store, UsageScope::kTotal));
  report.table_bytes = usage.tables;
  report.other_bytes = usage.others;
  if (options.mode == CollectMode::kTell) {
    // As it will be by then.
    usage.others += quarantine.expected();
    usage.others = usage.others - std::min(usage.others, report.from_quarantine.bytes);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      usage.caches.at(i) = usage.caches.at(i) - std::min(usage.caches.at(i), expected.at(i));
    }
  }
  for (std::size_t i = 0; i < kCacheKinds.size(); ++i) {
    const ByteCount sources = usage.sources_of(kCacheKinds.at(i));
    report.caches.at(i) = {.kind = kCacheKinds.at(i), .before = usage.caches.at(i) + sources};
  }
  Budget own = options.budget;
  own.max_total_bytes.reset();
  const BytesByCache wanted_alone = plan_evictions(usage, own, {});
  ByteCount gone;
  for (const ByteCount bytes : wanted_alone) gone += bytes;
  ASSIGN_OR_RETURN(const auto space, store.tools().file_system.space(store.layout().root()));
  const ByteCount enough = options.min_free_bytes;
  const auto beyond = [](ByteCount bytes, ByteCount limit) {
    return bytes > limit ? bytes - limit : ByteCount();
  };
  ByteCount over = beyond(usage.tables, options.max_tables_bytes);
  over = std::max(over, beyond(enough, space.free + gone));
  over = std::max(over, plan_tables(usage, options.budget, {}));
  ASSIGN_OR_RETURN(const RemovedTables removed,
                   remove_tables(store, {.mode = options.mode,
                                         .wanted = over,
                                         .min_partial_age = options.min_partial_age}));
  report.num_tables = removed.num_tables;
  report.bytes_of_tables = removed.bytes;
  report.is_updating = removed.is_updating;
  usage.tables = beyond(usage.tables, removed.bytes);
  for (const CacheKind kind : kCacheKinds) {
    auto unmet = unmet_budget(store, usage, options.budget, kind, {});
    if (unmet) report.unmet_budgets.push_back(std::move(*unmet));
  }
  auto unmet = unmet_budget(store, usage, options.budget, std::nullopt, {});
  if (unmet) report.unmet_budgets.push_back(std::move(*unmet));
  BytesByCache wanted = plan_evictions(usage, options.budget, {});
  ByteCount freed = space.free + removed.bytes;
  for (const ByteCount bytes : wanted) freed += bytes;
  // A disk that others have filled is no reason to empty the cache.
  BytesByCache more = wanted;
  report.missing_bytes = share_out(usage, beyond(enough, freed), more);
  return report.missing_bytes == ByteCount() ? more : wanted;
}

/// Errors: as collect().
Status evict(Store& store, const CollectOptions& options, ByteCount wanted, const Kept& gone,
             CollectedCache& cache, const std::stop_token& stop) {
  if (wanted == ByteCount()) return {};
  ASSIGN_OR_RETURN(EvictionQueue queue,
                   EvictionQueue::open(store, cache.kind, options.budget.order, gone));
  Evicted evicted;
  for (bool is_going_on = true; is_going_on;) {
    if (stop.stop_requested()) return cancelled("stopped; what was removed is gone");
    if (options.mode == CollectMode::kTell) {
      ASSIGN_OR_RETURN(is_going_on,
                       tell_batch(store, queue, wanted, options.budget.in_flight, evicted));
      continue;
    }
    // Others wait for no more than a batch.
    ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
    ASSIGN_OR_RETURN(is_going_on,
                     evict_batch(store, turn, queue, wanted, options.budget.in_flight, evicted));
  }
  cache.num_evicted = evicted.num_items;
  cache.bytes_evicted = evicted.bytes;
  cache.num_in_flight = evicted.num_in_flight;
  return {};
}

}  // namespace

Result<CollectReport> collect(Store& store, const CollectOptions& options,
                              const std::stop_token& stop) {
  CollectReport report;
  // Its budget need not be the store's.
  Quarantine quarantine(store.tools().file_system, store.layout(), options.budget);
  ASSIGN_OR_RETURN(report.quarantine,
                   measure_quarantine(store.tools().file_system, store.layout()));
  ExpectedMoves expected;
  RETURN_IF_ERROR(quarantine_broken(store, quarantine, options, report, expected, stop));
  RETURN_IF_ERROR(remove_leftovers(store, options, report, stop));
  RETURN_IF_ERROR(trim_quarantine(store, quarantine, options, report, stop));
  ASSIGN_OR_RETURN(const auto wanted, plan(store, options, quarantine, expected.bytes, report));
  for (std::size_t i = 0; i < kCacheKinds.size(); ++i) {
    RETURN_IF_ERROR(
        evict(store, options, wanted[i], {.ids = expected.ids}, report.caches[i], stop));
  }
  return report;
}

std::string collect_text(const CollectReport& report, CollectMode mode) {
  using report::counted;
  const bool is_done = mode == CollectMode::kDo;
  std::string text;
  const auto line = [&](std::uint64_t count, const char* one, const char* many,
                        std::string_view fate) {
    if (count == 0) return;
    text += fmt::format("{} {}{}\n", counted(count, one, many), is_done ? "" : "would be ", fate);
  };
  line(report.num_quarantined, "broken image", "broken images", "moved to quarantine");
  if (report.num_broken_left > 0) {
    text += counted(report.num_broken_left,
                    "broken image stays where it is: the quarantine has no room for it\n",
                    "broken images stay where they are: the quarantine has no room for them\n");
  }
  line(report.from_quarantine.num_images, "image in quarantine", "images in quarantine",
       fmt::format("removed, the oldest, of {}", to_string(report.from_quarantine.bytes)));
  line(report.num_orphan_sidecars, "sidecar without its image", "sidecars without their images",
       "removed");
  line(report.num_temporaries, "leftover file", "leftover files", "removed");
  line(report.num_tables, "kept table", "kept tables", "removed");
  if (report.is_updating) text += "Kept tables stay: another process updates this cache.\n";
  for (const CollectedCache& cache : report.caches) {
    if (cache.num_evicted + cache.num_in_flight == 0) continue;
    text +=
        fmt::format("{}: {} of {} {}removed; {} in flight\n", to_string(cache.kind),
                    counted(cache.num_evicted, "image", "images"), to_string(cache.bytes_evicted),
                    is_done ? "" : "would be ", cache.num_in_flight);
  }
  if (report.missing_bytes > ByteCount()) {
    text += fmt::format(
        "No image goes for --keep-free: {} would still be missing without all of them. Other files "
        "fill this disk.\n",
        to_string(report.missing_bytes));
  }
  for (const std::string& unmet : report.unmet_budgets) text += unmet + ".\n";
  return text.empty() ? "Nothing to collect.\n" : text;
}

std::string collect_json(const CollectReport& report, CollectMode mode) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("dry_run").boolean(mode == CollectMode::kTell);
  writer.name("quarantined").unsigned_integer(report.num_quarantined);
  writer.name("broken_left").unsigned_integer(report.num_broken_left);
  writer.name("quarantine_bytes_before").unsigned_integer(report.quarantine.bytes.count());
  writer.name("quarantine_removed").unsigned_integer(report.from_quarantine.num_images);
  writer.name("quarantine_bytes_removed").unsigned_integer(report.from_quarantine.bytes.count());
  writer.name("orphan_sidecars").unsigned_integer(report.num_orphan_sidecars);
  writer.name("temporaries").unsigned_integer(report.num_temporaries);
  writer.name("tables_bytes_before").unsigned_integer(report.table_bytes.count());
  writer.name("tables_removed").unsigned_integer(report.num_tables);
  writer.name("tables_bytes_removed").unsigned_integer(report.bytes_of_tables.count());
  writer.name("other_bytes").unsigned_integer(report.other_bytes.count());
  writer.name("missing_bytes").unsigned_integer(report.missing_bytes.count());
  writer.name("unmet_budgets").begin_list();
  for (const std::string& unmet : report.unmet_budgets) writer.text(unmet);
  writer.end_list();
  writer.name("caches").begin_list();
  for (const CollectedCache& cache : report.caches) {
    writer.begin_object();
    writer.name("cache").text(to_string(cache.kind));
    writer.name("bytes_before").unsigned_integer(cache.before.count());
    writer.name("evicted").unsigned_integer(cache.num_evicted);
    writer.name("bytes_evicted").unsigned_integer(cache.bytes_evicted.count());
    writer.name("in_flight").unsigned_integer(cache.num_in_flight);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache
