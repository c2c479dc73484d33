#include "cache/store.h"

#include "cache/room_internal.h"
#include "core/check.h"
#include "core/log.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

// Slots are 16 bytes: growing in large steps costs little, and spares those who map them.
constexpr std::uint64_t kSlotStep = 4096;
// Locks of files have no wait that ends: it is tried again after this long.
constexpr std::chrono::milliseconds kLockPause{5};

/// Wait until `path` can be locked. Errors: as Store.
Result<WriteTurn> wait_for_lock(files::FileSystem& file_system, Clock& clock, const fs::path& path,
                                std::chrono::milliseconds max_wait, const std::stop_token& stop) {
  const auto deadline = clock.monotonic() + max_wait;
  while (true) {
    auto lock = file_system.lock(path);
    if (lock) return WriteTurn{std::move(*lock)};
    if (lock.error().code != ErrorCode::kUnavailable) return lock.error();
    if (stop.stop_requested()) return cancelled("stopped while another process writes the cache");
    if (clock.monotonic() >= deadline) {
      return unavailable(
          fmt::format("another process has been writing this cache for {}; wait for it or stop it "
                      "(it holds {})",
                      assay::to_string(max_wait), path.native()));
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

Status remove_if_there(files::FileSystem& file_system, const fs::path& path) {
  Status removed = file_system.remove(path);
  if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
  return removed;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreTools& tools, CacheLayout layout,
                                           const StoreOptions& options,
                                           const std::stop_token& stop) {
  if (options.access == Access::kRead) {
    ASSIGN_OR_RETURN(ItemIndex index, ItemIndex::open_in_memory());
    return std::unique_ptr<Store>(new Store(tools, std::move(layout), options, std::move(index)));
  }
  RETURN_IF_ERROR(tools.file_system.create_folders(layout.state()));
  ASSIGN_OR_RETURN(
      const WriteTurn turn,
      wait_for_lock(tools.file_system, tools.clock, layout.write_lock(), options.max_wait, stop));
  ASSIGN_OR_RETURN(ItemIndex index, ItemIndex::open(tools.file_system, tools.random, layout));
  std::unique_ptr<Store> store(new Store(tools, std::move(layout), options, std::move(index)));
  RETURN_IF_ERROR(store->prepare(turn));
  return store;
}

Status Store::prepare(const WriteTurn& /*turn*/) {
  RETURN_IF_ERROR(retire_others());
  RETURN_IF_ERROR(reserve_slots(0));
  return clear_removals();
}

// Of an index that is no more: those who serve by it open the new one.
Status Store::retire_others() {
  ASSIGN_OR_RETURN(const auto names, tools_.file_system.list(layout_.state()));
  const std::string own = layout_.served(index_.epoch()).filename().native();
  for (const std::string& name : names) {
    if (!name.starts_with("served-") || !name.ends_with(".map") || name == own) continue;
    auto other = ServedMap::open(layout_.state() / name, 0);
    if (other) other->retire();
    RETURN_IF_ERROR(remove_if_there(tools_.file_system, layout_.state() / name));
  }
  return {};
}

Status Store::reserve_slots(std::uint64_t num_more) {
  ASSIGN_OR_RETURN(const std::uint64_t largest, index_.largest_id());
  const std::uint64_t wanted = largest + num_more + 1;
  if (served_ && served_->num_slots() >= wanted) return {};
  const std::uint64_t rounded = (wanted / kSlotStep + 1) * kSlotStep;
  ASSIGN_OR_RETURN(served_, ServedMap::open(layout_.served(index_.epoch()), rounded));
  if (options_.draws_often) served_->touch();
  return {};
}

Status Store::refresh_served() {
  CHECK(served_.has_value(), "a store that only reads has nothing to refresh");
  return reserve_slots(0);
}

Result<WriteTurn> Store::begin_turn(const std::stop_token& stop) {
  if (options_.access == Access::kRead) return WriteTurn{};
  ASSIGN_OR_RETURN(WriteTurn turn, wait_for_lock(tools_.file_system, tools_.clock,
                                                 layout_.write_lock(), options_.max_wait, stop));
  RETURN_IF_ERROR(clear_removals());
  return turn;
}

Status Store::check_space(ByteCount needed, ByteCount min_free, ByteCount freed) const {
  ASSIGN_OR_RETURN(const files::DiskSpace space, tools_.file_system.space(layout_.root()));
  if (space.free + freed >= min_free + needed) return {};
  return no_space(fmt::format(
      "{}: {} are free, {} are to come, and {} are to stay free: free some space, make the cache "
      "smaller (assay cache gc --max-size), or allow less (--keep-free)",
      layout_.root().native(), to_string(space.free), to_string(needed), to_string(min_free)));
}

/// What has this id or a later one came through this store.
Result<std::uint64_t> Store::first_added() {
  if (!first_added_) {
    ASSIGN_OR_RETURN(const std::uint64_t largest, index_.largest_id());
    first_added_ = largest + 1;
  }
  return *first_added_;
}

Status Store::make_room_for(const WriteTurn& turn, CacheKind kind, ByteCount needed,
                            const RoomRules& rules) {
  if (options_.access != Access::kWrite) return {};
  ASSIGN_OR_RETURN(const std::uint64_t first_kept, first_added());
  ASSIGN_OR_RETURN(
      const Evicted evicted,
      make_room(*this, turn,
                {.kind = kind, .needed = needed, .rules = rules, .first_kept = first_kept}));
  made_room_.num_items += evicted.num_items;
  made_room_.bytes += evicted.bytes;
  if (evicted.num_items == 0) return {};
  log_info("images were removed to make room", {{"images", std::to_string(evicted.num_items)},
                                                {"bytes", to_string(evicted.bytes)},
                                                {"order", to_string(options_.budget.order)}});
  return {};
}

Status Store::check_room(const WriteTurn& turn, CacheKind kind, const RoomRules& rules) {
  FolderTotals held;
  for (const ItemFolder folder : kItemFolders) {
    if (kind_of(folder) != kind || is_second_name(folder)) continue;
    ASSIGN_OR_RETURN(const FolderTotals totals, index_.totals(folder));
    held.num_items += totals.num_items;
    held.bytes += totals.bytes;
  }
  if (held.num_items == 0) return {};
  const ByteCount needed(held.bytes.count() / held.num_items);
  ASSIGN_OR_RETURN(const std::uint64_t first_kept, first_added());
  ASSIGN_OR_RETURN(const Evicted expected, make_room(*this, turn,
                                                     {.kind = kind,
                                                      .needed = needed,
                                                      .rules = rules,
                                                      .first_kept = first_kept,
                                                      .mode = CollectMode::kTell}));
  return check_space(needed, rules.min_free_bytes, expected.bytes);
}

Result<Added> Store::add(const WriteTurn& turn, ItemFolder folder, std::span<const NewFile> files,
                         std::span<Item> items, const RoomRules& rules) {
  CHECK(files.size() == items.size(), "every file is an item");
  Status added = add_all(turn, folder, files, items, rules);
  if (added) return Added{.num_items = files.size()};
  if (added.error().code != ErrorCode::kExhausted) return added.error();
  if (files.size() == 1) return Added{.no_room = std::move(added.error())};
  Added some;
  while (!some.no_room && some.num_items < files.size()) {
    ASSIGN_OR_RETURN(Added one, add(turn, folder, files.subspan(some.num_items, 1),
                                    items.subspan(some.num_items, 1), rules));
    some.num_items += one.num_items;
    some.no_room = std::move(one.no_room);
  }
  return some;
}

/// Errors: kExhausted when there is no room for all.
Status Store::add_all(const WriteTurn& turn, ItemFolder folder, std::span<const NewFile> files,
                      std::span<Item> items, const RoomRules& rules) {
  if (files.empty()) return {};
  ByteCount needed;
  for (const NewFile& file : files) {
    needed += ByteCount(file.image.size() + file.sidecar.size());
  }
  RETURN_IF_ERROR(make_room_for(turn, kind_of(folder), needed, rules));
  RETURN_IF_ERROR(check_space(needed, rules.min_free_bytes, {}));
  RETURN_IF_ERROR(publish(tools_.file_system, layout_.folder(folder), files));
  for (Item& item : items) {
    ASSIGN_OR_RETURN(const auto image, tools_.file_system.info(path_of(item)));
    ASSIGN_OR_RETURN(const auto sidecar, tools_.file_system.info(sidecar_of(item)));
    if (!image || !sidecar) return unavailable(item.name + " was removed while it was added");
    item.stamp = {.size_bytes = image->size.count(), .modified = image->modified};
    item.sidecar = {.size_bytes = sidecar->size.count(), .modified = sidecar->modified};
  }
  return put(turn, items);
}

Status Store::put(const WriteTurn& /*turn*/, std::span<Item> items) {
  if (items.empty()) return {};
  if (options_.access == Access::kWrite) RETURN_IF_ERROR(reserve_slots(items.size()));
  ASSIGN_OR_RETURN(const auto replaced, index_.put(items));
  if (!served_) return {};
  for (const auto& pair : replaced) {
    served_->copy(pair.old_id, pair.new_id);
    served_->claim_removal(pair.old_id, served_->last_served(pair.old_id));
  }
  served_->advance_generation();
  return {};
}

Status Store::forget(const WriteTurn& /*turn*/, std::span<const std::uint64_t> ids) {
  if (ids.empty()) return {};
  RETURN_IF_ERROR(index_.forget(ids));
  if (!served_) return {};
  for (const std::uint64_t id : ids) served_->claim_removal(id, served_->last_served(id));
  served_->advance_generation();
  return {};
}

std::uint64_t Store::rested_since(std::chrono::microseconds in_flight) const {
  const auto now = tools_.clock.now().time_since_epoch();
  return static_cast<std::uint64_t>(std::max<std::int64_t>((now - in_flight).count(), 0));
}

Result<std::optional<FileStamp>> Store::stamp_of(const fs::path& path) const {
  ASSIGN_OR_RETURN(const auto info, tools_.file_system.info(path));
  if (!info || info->kind != files::FileKind::kFile) return std::optional<FileStamp>();
  return std::optional(FileStamp{.size_bytes = info->size.count(), .modified = info->modified});
}

bool Store::is_second_name(ItemFolder folder) const {
  if (folder != ItemFolder::kRoadworkImages) return false;
  const auto own = tools_.file_system.info(layout_.folder(folder));
  const auto first = tools_.file_system.info(layout_.folder(ItemFolder::kRoadworkImage));
  return own && *own && first && *first && (*own)->identity == (*first)->identity;
}

bool Store::is_in_flight(const Item& item, std::chrono::microseconds in_flight) const {
  if (!served_) return false;
  const std::uint64_t seen = served_->last_served(item.id);
  return seen != ServedMap::kGone && seen > rested_since(in_flight);
}

Result<std::vector<Item>> Store::remove(const WriteTurn& /*turn*/, std::span<const Item> items,
                                        std::chrono::microseconds in_flight) {
  CHECK(served_.has_value(), "a store that only reads removes nothing");
  const std::uint64_t free_since = rested_since(in_flight);
  std::vector<Item> taken;
  for (const Item& item : items) {
    const std::uint64_t seen = served_->last_served(item.id);
    const bool is_free = seen == ServedMap::kGone || seen <= free_since;
    if (is_free && served_->claim_removal(item.id, seen)) taken.push_back(item);
  }
  if (taken.empty()) return taken;
  const Status noted = index_.begin_removal(taken);
  if (!noted) {
    for (const Item& item : taken) served_->reset_if_gone(item.id);
    return noted.error();
  }
  served_->advance_generation();
  ASSIGN_OR_RETURN(const std::optional<Error> failure, finish_removals());
  if (failure) return *failure;
  return taken;
}

/// The image first: whoever lists images never sees one without its sidecar. What came under their
/// names since the removal was noted stays.
Result<std::optional<Error>> Store::finish_removal(const Removal& removal, bool is_sidecar_shared) {
  const fs::path image = layout_.folder(removal.folder) / removal.name;
  ASSIGN_OR_RETURN(const auto present, stamp_of(image));
  const bool is_the_one = present == removal.stamp;
  if (is_the_one) {
    Status removed = remove_if_there(tools_.file_system, image);
    if (!removed) return std::optional(std::move(removed.error()));
  }
  if (is_sidecar_shared) return std::optional<Error>();
  const fs::path sidecar = layout_.folder(removal.folder) / sidecar_name(removal.name);
  if (!is_the_one) {
    ASSIGN_OR_RETURN(const auto sidecar_present, stamp_of(sidecar));
    if (!sidecar_present || sidecar_present != removal.sidecar) return std::optional<Error>();
  }
  Status removed = remove_if_there(tools_.file_system, sidecar);
  if (!removed) return std::optional(std::move(removed.error()));
  return std::optional<Error>();
}

Result<std::optional<Error>> Store::finish_removals() {
  std::optional<Error> failure;
  ASSIGN_OR_RETURN(const std::vector<Removal> removals, index_.removals());
  if (removals.empty()) return failure;
  // `a.png` keeps its label when `a.jpg` goes.
  std::vector<bool> is_shared;
  is_shared.reserve(removals.size());
  {
    ASSIGN_OR_RETURN(const db::Transaction reading, index_.begin_reading());
    for (const Removal& removal : removals) {
      ASSIGN_OR_RETURN(const bool is, index_.shares_sidecar(removal.folder, removal.name));
      is_shared.push_back(is);
    }
  }
  std::set<ItemFolder> changed;
  for (std::size_t i = 0; i < removals.size(); ++i) {
    auto failed = finish_removal(removals[i], is_shared[i]);
    std::optional<Error> error = failed ? std::move(*failed) : std::move(failed.error());
    if (error && !failure) failure = std::move(error);
    changed.insert(removals[i].folder);
  }
  for (const ItemFolder folder : changed) {
    Status synced = tools_.file_system.sync_folder(layout_.folder(folder));
    // Somebody removed the folder as a whole: nothing is left to remove.
    if (!synced && synced.error().code != ErrorCode::kNotFound && !failure) {
      failure = std::move(synced.error());
    }
    // What is there still belongs to the cache.
    if (failure) RETURN_IF_ERROR(index_.set_scanned(folder, std::nullopt));
  }
  RETURN_IF_ERROR(index_.end_removals());
  return failure;
}

/// What a process that was killed has left; one file that stays is no reason to serve none.
Status Store::clear_removals() {
  ASSIGN_OR_RETURN(const std::optional<Error> failure, finish_removals());
  if (failure) {
    log_warning("an image that was to make room could not be removed",
                {{"reason", failure->message}});
  }
  return {};
}

}  // namespace assay::cache
