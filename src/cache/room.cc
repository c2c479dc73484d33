#include "cache/room_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

/// Of the files in a folder that may be absent, not of those in its folders.
Result<ByteCount> bytes_in(files::FileSystem& file_system, const fs::path& folder) {
  ByteCount bytes;
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info || info->kind != files::FileKind::kFolder) return bytes;
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const auto file, file_system.info_unfollowed(folder / name));
    if (file && file->kind == files::FileKind::kFile) bytes += file->size;
  }
  return bytes;
}

/// What a cache takes, with the files that other programs keep beside its items.
Result<ByteCount> bytes_of(Store& store, CacheKind kind) {
  ByteCount bytes;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind) continue;
    ASSIGN_OR_RETURN(const FolderTotals totals, store.index().totals(folder));
    ASSIGN_OR_RETURN(const ByteCount sources, bytes_in(store.tools().file_system,
                                                       store.layout().folder(folder) / "sources"));
    bytes += totals.bytes + sources;
  }
  return bytes;
}

ByteCount sum_of(const BytesByCache& parts) {
  ByteCount sum;
  for (const ByteCount part : parts) sum += part;
  return sum;
}

/// Errors: kExhausted.
Status check_fit(const Store& store, CacheKind kind, ByteCount held, ByteCount needed,
                 ByteCount limit, std::string_view flag) {
  if (held + needed <= limit) return {};
  return exhausted(fmt::format(
      "{}: the cache {} holds {}, may hold {}, and {} more do not fit: what is left came just now "
      "or was served in the last {} minutes; allow more ({}), or take in less",
      store.layout().root().native(), to_string(kind), to_string(held), to_string(limit),
      to_string(needed),
      std::chrono::duration_cast<std::chrono::minutes>(store.options().budget.in_flight).count(),
      flag));
}

}  // namespace

ByteCount Usage::total() const { return sum_of(caches) + tables + others; }

Result<Usage> measure_usage(Store& store, UsageScope scope) {
  Usage usage;
  for (std::size_t i = 0; i < kCacheKinds.size(); ++i) {
    ASSIGN_OR_RETURN(usage.caches.at(i), bytes_of(store, kCacheKinds.at(i)));
  }
  if (scope == UsageScope::kCaches) return usage;
  files::FileSystem& file_system = store.tools().file_system;
  ASSIGN_OR_RETURN(usage.tables, bytes_in(file_system, store.layout().tables()));
  ASSIGN_OR_RETURN(const ByteCount state, bytes_in(file_system, store.layout().state()));
  ASSIGN_OR_RETURN(const ByteCount refused, bytes_in(file_system, store.layout().quarantine()));
  usage.others = state + refused;
  return usage;
}

ByteCount share_out(const Usage& usage, ByteCount bytes, BytesByCache& wanted) {
  ByteCount left = sum_of(usage.caches) - sum_of(wanted);
  const ByteCount given = std::min(bytes, left);
  const double part = left == ByteCount()
                          ? 0
                          : static_cast<double>(given.count()) / static_cast<double>(left.count());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ByteCount held = usage.caches.at(i) - wanted.at(i);
    wanted.at(i) += std::min(held, share_of(held, part));
  }
  return bytes - given;
}

BytesByCache plan_evictions(const Usage& usage, const Budget& budget, const BytesByCache& coming) {
  BytesByCache wanted{};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ByteCount after = usage.caches.at(i) + coming.at(i);
    if (after <= budget.max_cache_bytes) continue;
    const ByteCount over = after - share_of(budget.max_cache_bytes, budget.low_share);
    wanted.at(i) = std::min(usage.caches.at(i), over);
  }
  if (!budget.max_total_bytes) return wanted;
  const ByteCount left = usage.total() + sum_of(coming) - sum_of(wanted);
  if (left > *budget.max_total_bytes) {
    share_out(usage, left - share_of(*budget.max_total_bytes, budget.low_share), wanted);
  }
  return wanted;
}

Result<Evicted> make_room(Store& store, const WriteTurn& turn, CacheKind kind, ByteCount needed,
                          ByteCount min_free, std::uint64_t first_kept) {
  const Budget& budget = store.options().budget;
  const auto scope = budget.max_total_bytes ? UsageScope::kTotal : UsageScope::kCaches;
  const auto own = static_cast<std::size_t>(kind);
  ASSIGN_OR_RETURN(Usage usage, measure_usage(store, scope));
  BytesByCache coming{};
  coming.at(own) = needed;
  BytesByCache wanted = plan_evictions(usage, budget, coming);
  ASSIGN_OR_RETURN(const files::DiskSpace space,
                   store.tools().file_system.space(store.layout().root()));
  const ByteCount freed = space.free + sum_of(wanted);
  const ByteCount enough = min_free + needed;
  if (freed < enough && enough - freed <= needed) {
    wanted.at(own) = std::min(usage.caches.at(own), wanted.at(own) + (enough - freed));
  }
  Evicted all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted.at(i) == ByteCount()) continue;
    ASSIGN_OR_RETURN(EvictionQueue queue,
                     EvictionQueue::open(store, kCacheKinds.at(i), budget.order, first_kept));
    Evicted evicted;
    for (bool is_going_on = true; is_going_on;) {
      ASSIGN_OR_RETURN(is_going_on,
                       evict_batch(store, turn, queue, wanted.at(i), budget.in_flight, evicted));
    }
    usage.caches.at(i) = usage.caches.at(i) - std::min(usage.caches.at(i), evicted.bytes);
    all.num_items += evicted.num_items;
    all.bytes += evicted.bytes;
    all.num_in_flight += evicted.num_in_flight;
  }
  RETURN_IF_ERROR(
      check_fit(store, kind, usage.caches.at(own), needed, budget.max_cache_bytes, "--max-size"));
  if (budget.max_total_bytes) {
    RETURN_IF_ERROR(
        check_fit(store, kind, usage.total(), needed, *budget.max_total_bytes, "--max-total"));
  }
  return all;
}

}  // namespace assay::cache
