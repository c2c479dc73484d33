/// \file
/// The index of a cache: what each file is, so that nobody has to look at all of them.

#pragma once

#include "cache/sidecar.h"
#include "core/random.h"
#include "db/database.h"
#include "db/transaction.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace assay::cache {

/// By which a change of a file is noticed.
struct FileStamp {
  std::uint64_t size_bytes = 0;
  Timestamp modified = {};
  bool operator==(const FileStamp&) const = default;
};

/// An image of the cache, and what its sidecar says.
struct Item {
  std::uint64_t id = 0;  ///< Given by the index, never given again; a changed item gets a new one.
  ItemFolder folder = ItemFolder::kRoadworkImage;
  std::string name = {};
  FileStamp stamp = {};
  std::optional<FileStamp> sidecar = {};
  ItemState state = ItemState::kBroken;
  std::optional<Label> label = {};
  std::optional<ImageFacts> facts = {};  ///< None of a broken one.
  std::string source = {};
  Timestamp added = {};
  std::string problem = {};  ///< Why it is broken.
};

/// Files that are being removed: the note stays until they are gone. Others of their names, with
/// other stamps, may have come since.
struct Removal {
  ItemFolder folder = ItemFolder::kRoadworkImage;
  std::string name = {};
  FileStamp stamp = {};
  std::optional<FileStamp> sidecar = {};
  bool operator==(const Removal&) const = default;
};

/// Where an item stands when they are ordered by age.
struct AgePosition {
  Timestamp added = Timestamp::min();
  std::uint64_t id = 0;
};

struct FolderTotals {
  std::uint64_t num_items = 0;
  ByteCount bytes = {};  ///< Images and sidecars.
};

/// An SQLite file with a rollback journal, which several processes write in turn: the caller holds
/// the cache's write lock whenever it changes something.
/// Threads: one thread at a time.
/// Errors: as db::Database.
class ItemIndex {
 public:
  /// Made when absent; made anew when it is damaged or of another kind. `random` names a new one.
  static Result<ItemIndex> open(files::FileSystem& file_system, RandomSource& random,
                                const CacheLayout& layout);
  /// An index without a file, for a cache that may not be written.
  static Result<ItemIndex> open_in_memory();

  /// Of this index and no other; part of the name of what processes share.
  std::uint64_t epoch() const { return epoch_; }

  /// Give each an id, and keep them. Those of the same folder and name are replaced. What was
  /// replaced comes back as pairs of the old id and the new one.
  struct Replaced {
    std::uint64_t old_id = 0;
    std::uint64_t new_id = 0;
  };
  Result<std::vector<Replaced>> put(std::span<Item> items);
  /// Forget items whose files are gone already.
  Status forget(std::span<const std::uint64_t> ids);
  /// Forget items, and note that their files are to be removed.
  Status begin_removal(std::span<const Item> items);
  Result<std::vector<Removal>> removals();
  Status end_removals();

  /// In the order of folder and name, by bytes.
  Status for_each(const std::function<void(const Item&)>& on_item);
  Status for_each_in(ItemFolder folder, const std::function<void(const Item&)>& on_item);
  /// Those of ItemState::kBroken. Cost: of them alone.
  Status for_each_broken(const std::function<void(const Item&)>& on_item);
  /// Those whose id is above `id`, in the order of ids.
  Status for_each_after(std::uint64_t id, const std::function<void(const Item&)>& on_item);
  Result<std::optional<Item>> find(ItemFolder folder, std::string_view name);
  /// Those whose names begin with `prefix`, which is not empty, in the order of names.
  Result<std::vector<Item>> find_beginning(ItemFolder folder, const std::string& prefix);
  /// Whether another item than `name` has the same sidecar: `a.png` beside `a.jpg`.
  Result<bool> shares_sidecar(ItemFolder folder, std::string_view name);
  Result<std::optional<Item>> find_content(const Sha256& content);
  Result<std::optional<Item>> find_id(std::uint64_t id);
  /// The oldest first, of those that stand behind `after`, until `on_item` says false.
  Status for_each_by_age(ItemFolder folder, const AgePosition& after,
                         const std::function<bool(const Item&)>& on_item);
  /// The oldest first. Cost: reads nothing else of them, which makes it ten times as fast.
  Status for_each_id(ItemFolder folder, const std::function<void(std::uint64_t)>& on_id);
  Result<std::uint64_t> largest_id();
  Result<FolderTotals> totals(ItemFolder folder);

  /// While it lives, all reads are under one lock of the file and of one state of it; many small
  /// ones cost half. Nothing is written meanwhile. They do not nest.
  Result<db::Transaction> begin_reading();

  /// When the folder was changed last, as of the scan that read it whole; none: not known.
  Result<std::optional<Timestamp>> scanned(ItemFolder folder);
  Status set_scanned(ItemFolder folder, std::optional<Timestamp> modified);

 private:
  ItemIndex(db::Database database, std::uint64_t epoch)
      : database_(std::move(database)), epoch_(epoch) {}
  Result<std::uint64_t> source_id(const std::string& name);
  /// Errors of all: as the class.
  Status note_removal(std::span<const Item> items);
  Status select(std::string_view condition, const std::function<void(db::Statement&)>& bind,
                const std::function<bool(const Item&)>& on_item);

  db::Database database_;
  std::uint64_t epoch_;
  std::map<std::string, std::uint64_t, std::less<>> source_ids_;
  std::optional<db::Statement> select_by_id_;  // once find_id() was called
  std::optional<db::Statement> select_names_;  // once shares_sidecar() was called
};

}  // namespace assay::cache
