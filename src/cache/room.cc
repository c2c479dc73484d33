#include "cache/kept_tables_internal.h"
#include "cache/room_internal.h"
#include "core/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>

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

ByteCount sum_of(std::span<const ByteCount> parts) {
  return std::accumulate(parts.begin(), parts.end(), ByteCount());
}

/// What of `limit` is left beside what stays.
ByteCount room_beside(ByteCount fixed, ByteCount limit) {
  return limit > fixed ? limit - fixed : ByteCount();
}

/// What counts for the budget of `kind`, or of all, and stays whichever items go: each with its
/// folder and size.
std::string fixed_parts(const Store& store, const Usage& usage, std::optional<CacheKind> kind) {
  std::string text;
  const auto add = [&](const fs::path& folder, std::string_view words, ByteCount bytes) {
    if (bytes == ByteCount()) return;
    text += fmt::format("{}{}{} ({})", text.empty() ? "" : ", ", folder.native(), words,
                        to_string(bytes));
  };
  const CacheLayout& layout = store.layout();
  for (const ItemFolder folder : kItemFolders) {
    if (kind && kind_of(folder) != *kind) continue;
    add(layout.folder(folder) / "sources", "", usage.sources.at(static_cast<std::size_t>(folder)));
  }
  if (kind) return text;
  add(layout.tables(), " with the kept tables", usage.tables);
  add(layout.state(), " with the index, and the quarantine", usage.others);
  return text;
}

/// Errors: kExhausted.
Status check_fit(const Store& store, const RoomRequest& request, ByteCount held, ByteCount limit,
                 std::string_view flag) {
  const auto& [kind, needed, rules, first_kept, mode] = request;
  if (held + needed <= limit) return {};
  if (rules.stock) {
    return exhausted(fmt::format(
        "{}: the cache {} holds {}, may hold {}, and {} more do not fit: a stock does not replace "
        "itself; allow more ({}), or want fewer (--target)",
        store.layout().root().native(), to_string(kind), to_string(held), to_string(limit),
        to_string(needed), flag));
  }
  return exhausted(fmt::format(
      "{}: the cache {} holds {}, may hold {}, and {} more do not fit: what is left came just now "
      "or was served in the last {} minutes; allow more ({}), or take in less",
      store.layout().root().native(), to_string(kind), to_string(held), to_string(limit),
      to_string(needed),
      std::chrono::duration_cast<std::chrono::minutes>(store.options().budget.in_flight).count(),
      flag));
}

/// Who stays of the cache `kind`. Errors: as ItemIndex.
Result<Kept> find_kept(Store& store, const RoomRequest& request, CacheKind kind) {
  Kept kept{.from_id = request.first_kept};
  if (!request.rules.stock) return kept;
  std::map<Label, std::uint64_t>& spare = kept.spare.emplace();
  if (kind != request.kind) return kept;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind) continue;
    RETURN_IF_ERROR(store.index().for_each_in(folder, [&](const Item& item) {
      if (item.label && is_eligible(item.state, item.label, item.label)) ++spare[*item.label];
    }));
  }
  for (auto& [label, number] : spare) number -= std::min(number, *request.rules.stock);
  return kept;
}

}  // namespace

ByteCount Usage::sources_of(CacheKind kind) const {
  ByteCount bytes;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) == kind) bytes += sources.at(static_cast<std::size_t>(folder));
  }
  return bytes;
}

ByteCount Usage::fixed() const { return sum_of(sources) + tables + others; }

ByteCount Usage::total() const { return sum_of(caches) + fixed(); }

Result<Usage> measure_usage(Store& store, UsageScope scope) {
  Usage usage;
  files::FileSystem& file_system = store.tools().file_system;
  for (const ItemFolder folder : kItemFolders) {
    if (store.is_second_name(folder)) continue;
    ASSIGN_OR_RETURN(const FolderTotals totals, store.index().totals(folder));
    usage.caches.at(static_cast<std::size_t>(kind_of(folder))) += totals.bytes;
    ASSIGN_OR_RETURN(usage.sources.at(static_cast<std::size_t>(folder)),
                     bytes_in(file_system, store.layout().folder(folder) / "sources"));
  }
  if (scope == UsageScope::kCaches) return usage;
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
    const ByteCount fixed = usage.sources_of(kCacheKinds.at(i));
    const ByteCount room = room_beside(fixed, budget.max_cache_bytes);
    const ByteCount after = usage.caches.at(i) + coming.at(i);
    if (after <= room || fixed + coming.at(i) > budget.max_cache_bytes) continue;
    wanted.at(i) = std::min(usage.caches.at(i), after - share_of(room, budget.low_share));
  }
  if (!budget.max_total_bytes) return wanted;
  const ByteCount room = room_beside(usage.fixed(), *budget.max_total_bytes);
  const ByteCount after = sum_of(usage.caches) + sum_of(coming) - sum_of(wanted);
  const bool can_hold = usage.fixed() + sum_of(coming) <= *budget.max_total_bytes;
  if (after > room && can_hold) share_out(usage, after - share_of(room, budget.low_share), wanted);
  return wanted;
}

ByteCount plan_tables(const Usage& usage, const Budget& budget, const BytesByCache& coming) {
  if (!budget.max_total_bytes) return {};
  const ByteCount limit = *budget.max_total_bytes;
  if (usage.fixed() - usage.tables + sum_of(coming) > limit) return {};
  Budget own = budget;
  own.max_total_bytes.reset();
  const ByteCount gone = sum_of(plan_evictions(usage, own, coming));
  const ByteCount after = usage.total() + sum_of(coming) - gone;
  return std::min(usage.tables, after - std::min(after, limit));
}

std::optional<std::string> unmet_budget(const Store& store, const Usage& usage,
                                        const Budget& budget, std::optional<CacheKind> kind,
                                        ByteCount needed) {
  if (!kind && !budget.max_total_bytes) return std::nullopt;
  const ByteCount limit = kind ? budget.max_cache_bytes : *budget.max_total_bytes;
  const ByteCount fixed = kind ? usage.sources_of(*kind) : usage.fixed();
  if (fixed + needed <= limit) return std::nullopt;
  const ByteCount held =
      kind ? usage.caches.at(static_cast<std::size_t>(*kind)) + fixed : usage.total();
  const std::string name = kind ? fmt::format("the cache {}", to_string(*kind)) : "all of it";
  std::string text = fmt::format("{}: {} holds {}, may hold {}", store.layout().root().native(),
                                 name, to_string(held), to_string(limit));
  if (needed > ByteCount()) text += fmt::format(", and {} more do not fit", to_string(needed));
  const std::string_view flag = kind ? "--max-size" : "--max-total";
  const std::string parts = fixed_parts(store, usage, kind);
  if (parts.empty()) {
    return text + fmt::format(
                      ": no image goes for more than may come; allow more ({}), or take in "
                      "less",
                      flag);
  }
  const bool has_tables = !kind && usage.tables > ByteCount();
  return text + fmt::format(
                    ": {} would stay though all images went, so none goes; allow more "
                    "({}), or move that elsewhere{}",
                    parts, flag,
                    has_tables ? " (kept tables go by assay cache gc, while no update runs)" : "");
}

Result<Evicted> make_room(Store& store, const WriteTurn& turn, const RoomRequest& request) {
  const auto& [kind, needed, rules, first_kept, mode] = request;
  const Budget& budget = store.options().budget;
  const auto scope = budget.max_total_bytes ? UsageScope::kTotal : UsageScope::kCaches;
  const auto own = static_cast<std::size_t>(kind);
  ASSIGN_OR_RETURN(Usage usage, measure_usage(store, scope));
  BytesByCache coming{};
  coming.at(own) = needed;
  const ByteCount tables = plan_tables(usage, budget, coming);
  if (tables > ByteCount()) {
    ASSIGN_OR_RETURN(const RemovedTables removed,
                     remove_tables(store, {.mode = mode, .wanted = tables}));
    usage.tables = usage.tables - std::min(usage.tables, removed.bytes);
    if (removed.num_tables > 0 && mode == CollectMode::kDo) {
      log_info(
          "kept tables were removed to make room",
          {{"tables", std::to_string(removed.num_tables)}, {"bytes", to_string(removed.bytes)}});
    }
  }
  for (const std::optional<CacheKind> bound : {std::optional(kind), std::optional<CacheKind>()}) {
    const auto unmet = unmet_budget(store, usage, budget, bound, needed);
    if (unmet) return exhausted(*unmet);
  }
  BytesByCache wanted = plan_evictions(usage, budget, coming);
  ASSIGN_OR_RETURN(const files::DiskSpace space,
                   store.tools().file_system.space(store.layout().root()));
  const ByteCount freed = space.free + sum_of(wanted);
  const ByteCount enough = rules.min_free_bytes + needed;
  if (freed < enough && enough - freed <= needed) {
    wanted.at(own) = std::min(usage.caches.at(own), wanted.at(own) + (enough - freed));
  }
  Evicted all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted.at(i) == ByteCount()) continue;
    ASSIGN_OR_RETURN(Kept kept, find_kept(store, request, kCacheKinds.at(i)));
    ASSIGN_OR_RETURN(EvictionQueue queue,
                     EvictionQueue::open(store, kCacheKinds.at(i), budget.order, std::move(kept)));
    Evicted evicted;
    for (bool is_going_on = true; is_going_on;) {
      ASSIGN_OR_RETURN(
          is_going_on,
          mode == CollectMode::kTell
              ? tell_batch(store, queue, wanted.at(i), budget.in_flight, evicted)
              : evict_batch(store, turn, queue, wanted.at(i), budget.in_flight, evicted));
    }
    usage.caches.at(i) = usage.caches.at(i) - std::min(usage.caches.at(i), evicted.bytes);
    all.num_items += evicted.num_items;
    all.bytes += evicted.bytes;
    all.num_in_flight += evicted.num_in_flight;
  }
  RETURN_IF_ERROR(check_fit(store, request, usage.caches.at(own) + usage.sources_of(kind),
                            budget.max_cache_bytes, "--max-size"));
  if (budget.max_total_bytes) {
    RETURN_IF_ERROR(
        check_fit(store, request, usage.total(), *budget.max_total_bytes, "--max-total"));
  }
  return all;
}

}  // namespace assay::cache
