#include "cache/collect.h"

#include "cache/evict_internal.h"
#include "cache/quarantine.h"
#include "cache/rescan.h"
#include "cache/verify.h"
#include "files/atomic_file.h"
#include "json/writer.h"
#include "report/number_text.h"

#include <fmt/format.h>

#include <algorithm>
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

/// Errors: as collect().
Status quarantine_broken(Store& store, const CollectOptions& options, CollectReport& report,
                         const std::stop_token& stop) {
  std::vector<Item> broken;
  const Timestamp now = store.tools().clock.now();
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    if (item.state == ItemState::kBroken && now - item.stamp.modified >= kCopyTime) {
      broken.push_back(item);
    }
  }));
  std::erase_if(broken, [&](const Item& item) { return !is_broken_for_good(store, item); });
  report.num_quarantined = broken.size();
  if (broken.empty() || options.mode == CollectMode::kTell) return {};
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  for (const Item& item : broken) {
    Status moved = move_into_quarantine(store.tools().file_system, store.layout(),
                                        store.path_of(item), item.problem);
    if (!moved && moved.error().code != ErrorCode::kNotFound) return moved;
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

Status remove_leftovers(Store& store, const CollectOptions& options, CollectReport& report,
                        const std::stop_token& stop) {
  files::FileSystem& file_system = store.tools().file_system;
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  std::vector<fs::path> folders = {store.layout().quarantine(), store.layout().state()};
  for (const ItemFolder folder : kItemFolders) {
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
    for (const std::string& name : names) {
      if (!files::is_temporary_name(name)) continue;
      ASSIGN_OR_RETURN(const bool is_removed, remove_leftover(store, options, folder / name));
      report.num_temporaries += is_removed ? 1 : 0;
    }
  }
  return {};
}

/// What a cache takes, with the files that other programs keep beside its items.
/// Errors: as FileSystem.
Result<ByteCount> bytes_of(Store& store, CacheKind kind) {
  files::FileSystem& file_system = store.tools().file_system;
  ByteCount bytes;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind) continue;
    ASSIGN_OR_RETURN(const FolderTotals totals, store.index().totals(folder));
    bytes += totals.bytes;
    const fs::path sources = store.layout().folder(folder) / "sources";
    ASSIGN_OR_RETURN(const auto info, file_system.info(sources));
    if (!info || info->kind != files::FileKind::kFolder) continue;
    ASSIGN_OR_RETURN(const auto names, file_system.list(sources));
    for (const std::string& name : names) {
      ASSIGN_OR_RETURN(const auto file, file_system.info(sources / name));
      if (file) bytes += file->size;
    }
  }
  return bytes;
}

ByteCount low_mark(ByteCount high, double share) {
  return ByteCount(static_cast<std::uint64_t>(static_cast<double>(high.count()) * share));
}

/// How many bytes have to go of each cache: for its own budget, and its part of what is over
/// the budget of all, or short on the disk.
Result<std::array<ByteCount, kCacheKinds.size()>> plan(Store& store, const CollectOptions& options,
                                                       CollectReport& report) {
  std::array<ByteCount, kCacheKinds.size()> wanted{};
  ByteCount left;
  for (std::size_t i = 0; i < kCacheKinds.size(); ++i) {
    report.caches[i].kind = kCacheKinds[i];
    ASSIGN_OR_RETURN(const ByteCount bytes, bytes_of(store, kCacheKinds[i]));
    report.caches[i].before = bytes;
    if (bytes > options.max_cache_bytes) {
      wanted[i] = bytes - low_mark(options.max_cache_bytes, options.low_share);
    }
    left += bytes - wanted[i];
  }
  ByteCount over;
  if (options.max_total_bytes && left > *options.max_total_bytes) {
    over = left - low_mark(*options.max_total_bytes, options.low_share);
  }
  ASSIGN_OR_RETURN(const auto space, store.tools().file_system.space(store.layout().root()));
  ByteCount freed;
  for (const ByteCount bytes : wanted) freed += bytes;
  if (space.free + freed + over < options.min_free_bytes) {
    over = options.min_free_bytes - space.free - freed;
  }
  // Each gives in proportion to what it still holds.
  for (std::size_t i = 0; i < kCacheKinds.size() && left > ByteCount(); ++i) {
    const ByteCount held = report.caches[i].before - wanted[i];
    const double part = static_cast<double>(held.count()) / static_cast<double>(left.count());
    wanted[i] += std::min(held, low_mark(over, part));
  }
  return wanted;
}

}  // namespace

std::string_view to_string(EvictionOrder order) {
  constexpr std::array<std::string_view, 3> kNames = {"oldest", "least-used", "random"};
  return kNames[static_cast<std::size_t>(order)];
}

Result<EvictionOrder> parse_eviction_order(std::string_view text) {
  for (const EvictionOrder order :
       {EvictionOrder::kOldest, EvictionOrder::kLeastUsed, EvictionOrder::kRandom}) {
    if (text == to_string(order)) return order;
  }
  return invalid_input(
      fmt::format("no order is called '{}'; there are oldest, least-used and random", text));
}

Result<CollectReport> collect(Store& store, const CollectOptions& options,
                              const std::stop_token& stop) {
  CollectReport report;
  RETURN_IF_ERROR(quarantine_broken(store, options, report, stop));
  RETURN_IF_ERROR(remove_leftovers(store, options, report, stop));
  ASSIGN_OR_RETURN(const auto wanted, plan(store, options, report));
  for (std::size_t i = 0; i < kCacheKinds.size(); ++i) {
    RETURN_IF_ERROR(evict(store, options, wanted[i], report.caches[i], stop));
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
  line(report.num_orphan_sidecars, "sidecar without its image", "sidecars without their images",
       "removed");
  line(report.num_temporaries, "leftover file", "leftover files", "removed");
  for (const CollectedCache& cache : report.caches) {
    if (cache.num_evicted + cache.num_in_flight == 0) continue;
    text +=
        fmt::format("{}: {} of {} {}removed; {} in flight\n", to_string(cache.kind),
                    counted(cache.num_evicted, "image", "images"), to_string(cache.bytes_evicted),
                    is_done ? "" : "would be ", cache.num_in_flight);
  }
  return text.empty() ? "Nothing to collect.\n" : text;
}

std::string collect_json(const CollectReport& report, CollectMode mode) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("dry_run").boolean(mode == CollectMode::kTell);
  writer.name("quarantined").unsigned_integer(report.num_quarantined);
  writer.name("orphan_sidecars").unsigned_integer(report.num_orphan_sidecars);
  writer.name("temporaries").unsigned_integer(report.num_temporaries);
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
