/// \file
/// One cache folder, opened: its index, what was served, and the turn to write.

#pragma once

#include "cache/budget.h"
#include "cache/examine.h"
#include "cache/item_index.h"
#include "cache/layout.h"
#include "cache/publish.h"
#include "cache/quarantine.h"
#include "cache/served_map.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "files/file_system.h"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace assay::cache {

/// What a store works with; all outlive it.
struct StoreTools {
  files::FileSystem& file_system;
  Clock& clock;
  RandomSource& random;
  ThreadPool& pool;
};

enum class Access : std::uint8_t {
  kWrite,
  /// Nothing is written, not even our own state: the index is made in memory, by a scan.
  kRead,
};

struct StoreOptions {
  Access access = Access::kWrite;
  ExamineLimits limits = {};
  /// What is added holds to it: others make room.
  Budget budget = {};
  /// What was served is mapped whole when the store opens: no draw waits for a page of it.
  bool draws_often = false;
  /// How long to wait while another process writes.
  std::chrono::milliseconds max_wait = std::chrono::seconds(60);
};

/// What those who come may ask of the others.
struct RoomRules {
  /// What stays free on the disk.
  ByteCount min_free_bytes = {};
  /// When given, they fill a stock of so many images of each label that can be served: of these
  /// only what is beyond it goes, and of those of the other caches none. What the budget cannot
  /// hold would else be replaced at every call.
  std::optional<std::uint64_t> stock = {};
};

/// How many came in, from the first on.
struct Added {
  std::size_t num_items = 0;
  /// Why there is no room for the next one; none: all are in.
  std::optional<Error> no_room = {};
};

/// What went so that others could come.
struct MadeRoom {
  std::uint64_t num_items = 0;
  ByteCount bytes = {};
};

/// The right to change the cache, held until destroyed. Of all processes one has it at a time.
struct WriteTurn {
  std::unique_ptr<files::FileLock> lock;  ///< Null where nothing is written.
};

/// Threads: one thread at a time.
/// Errors: as FileSystem and db::Database; kUnavailable also when another process writes for longer
///         than `max_wait`; kCancelled.
class Store {
 public:
  /// For writing, the folder is made. What a killed process has left is put in order.
  static Result<std::unique_ptr<Store>> open(const StoreTools& tools, CacheLayout layout,
                                             const StoreOptions& options,
                                             const std::stop_token& stop = {});

  const StoreTools& tools() const { return tools_; }
  const CacheLayout& layout() const { return layout_; }
  const StoreOptions& options() const { return options_; }
  ItemIndex& index() { return index_; }
  /// Null when nothing is written.
  ServedMap* served() { return served_ ? &*served_ : nullptr; }
  /// Held to the store's budget. Pre: the caller has a WriteTurn while something is put there.
  Quarantine& quarantine() { return quarantine_; }

  /// Wait for the turn to write. What a process that was killed in its turn was removing is gone.
  Result<WriteTurn> begin_turn(const std::stop_token& stop = {});

  /// Publish `files` in `folder` and keep the item of each: both in the same order. Items make room
  /// for them as the budget and `rules` say, but none that was added by this store or is in flight.
  /// When that is too little, as many come as fit. kNoSpace when too little of the disk would stay
  /// free.
  Result<Added> add(const WriteTurn& turn, ItemFolder folder, std::span<const NewFile> files,
                    std::span<Item> items, const RoomRules& rules);
  /// Whether one more image of the usual size would have room in the cache `kind`, if it came now:
  /// kExhausted and kNoSpace say why not. Nothing goes; an empty cache has room.
  Status check_room(const WriteTurn& turn, CacheKind kind, const RoomRules& rules);
  /// Keep `items`, in place of those of the same names, and tell those who hold a view. They get
  /// their ids.
  Status put(const WriteTurn& turn, std::span<Item> items);
  /// Forget items whose files are gone.
  Status forget(const WriteTurn& turn, std::span<const std::uint64_t> ids);
  /// Remove items with their files: nobody gets one from here on. One that was served in the last
  /// `in_flight` stays. Returns those that were removed. A file that cannot be removed is an error,
  /// once the others are gone, and the next scan takes it in again.
  Result<std::vector<Item>> remove(const WriteTurn& turn, std::span<const Item> items,
                                   std::chrono::microseconds in_flight);

  /// Whether it was served in the last `in_flight`, as far as this store can tell.
  bool is_in_flight(const Item& item, std::chrono::microseconds in_flight) const;

  /// By all calls of add().
  const MadeRoom& made_room() const { return made_room_; }

  /// Map what has been served anew, when the index has outgrown it.
  Status refresh_served();

  /// Whether `Roadwork/images` is another name of `Roadwork/image`, as a link is: there is nothing
  /// in it of its own.
  bool is_second_name(ItemFolder folder) const;

  /// Nothing where there is no file.
  Result<std::optional<FileStamp>> stamp_of(const std::filesystem::path& path) const;
  std::filesystem::path path_of(const Item& item) const {
    return layout_.folder(item.folder) / item.name;
  }
  std::filesystem::path sidecar_of(const Item& item) const {
    return layout_.folder(item.folder) / sidecar_name(item.name);
  }

 private:
  Result<std::uint64_t> first_added();
  Status add_all(const WriteTurn& turn, ItemFolder folder, std::span<const NewFile> files,
                 std::span<Item> items, const RoomRules& rules);
  Status make_room_for(const WriteTurn& turn, CacheKind kind, ByteCount needed,
                       const RoomRules& rules);
  /// `freed` bytes are still to go.
  Status check_space(ByteCount needed, ByteCount min_free, ByteCount freed) const;
  Store(const StoreTools& tools, CacheLayout layout, const StoreOptions& options, ItemIndex index)
      : tools_(tools),
        layout_(std::move(layout)),
        options_(options),
        index_(std::move(index)),
        quarantine_(tools_.file_system, layout_, options_.budget) {}
  Status prepare(const WriteTurn& turn);
  Status retire_others();
  Status reserve_slots(std::uint64_t num_more);
  /// Why some file could not be removed.
  Result<std::optional<Error>> finish_removals();
  Result<std::optional<Error>> finish_removal(const Removal& removal, bool is_sidecar_shared);
  Status clear_removals();
  /// In the clock of `served_`: what was served later is in flight.
  std::uint64_t rested_since(std::chrono::microseconds in_flight) const;

  StoreTools tools_;
  CacheLayout layout_;
  StoreOptions options_;
  ItemIndex index_;
  std::optional<ServedMap> served_;
  std::optional<std::uint64_t> first_added_;  // what has this id or a later one stays
  MadeRoom made_room_;
  Quarantine quarantine_;
};

}  // namespace assay::cache
