#include "cache/item_index.h"

#include "cache/item_row_internal.h"
#include "core/log.h"
#include "db/migration.h"
#include "db/transaction.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace assay::cache {
namespace {

// A removal changes four places of the file for each item, and those of many are far apart.
constexpr ByteCount kPageCacheOfRemoval{std::uint64_t{128} << 20};

// Persisted: a step never changes.
constexpr auto kSchemaSteps = std::to_array<std::string_view>({
    "CREATE TABLE epoch (number INTEGER NOT NULL) STRICT;"
    "CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL,"
    " name TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " sidecar_size INTEGER, sidecar_modified INTEGER, state INTEGER NOT NULL, label INTEGER,"
    " content BLOB, look INTEGER, format TEXT, width INTEGER, height INTEGER,"
    " source INTEGER NOT NULL REFERENCES sources (id), added INTEGER NOT NULL,"
    " problem TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX items_by_name ON items (folder, name);"
    "CREATE INDEX items_by_content ON items (content);"
    "CREATE INDEX items_by_age ON items (folder, added, id);"
    "CREATE TABLE totals (folder INTEGER PRIMARY KEY, items INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL) STRICT;"
    "CREATE TRIGGER item_added AFTER INSERT ON items BEGIN"
    " INSERT INTO totals VALUES (new.folder, 1, new.size + coalesce(new.sidecar_size, 0))"
    " ON CONFLICT (folder) DO UPDATE SET items = items + 1, bytes = bytes + excluded.bytes; END;"
    "CREATE TRIGGER item_removed AFTER DELETE ON items BEGIN"
    " UPDATE totals SET items = items - 1, bytes = bytes - old.size - coalesce(old.sidecar_size, 0)"
    " WHERE folder = old.folder; END;"
    "CREATE TABLE removals (folder INTEGER NOT NULL, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE scans (folder INTEGER PRIMARY KEY, modified INTEGER NOT NULL) STRICT;",
    // Few are broken: who looks for them reads no others. Eight bytes of a digest find it as well
    // as all, in half as many pages.
    "CREATE INDEX items_broken ON items (id) WHERE state = 5;"
    "DROP INDEX items_by_content;"
    "CREATE INDEX items_by_content ON items (substr(content, 1, 8));",
    // A file of the name may be another one by the time the removal is finished.
    "DROP TABLE removals;"
    "CREATE TABLE removals (folder INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,"
    " modified INTEGER NOT NULL, sidecar_size INTEGER, sidecar_modified INTEGER) STRICT;"
    // Files whose removal was noted so far are taken in again.
    "DELETE FROM scans;",
});
static_assert(static_cast<int>(ItemState::kBroken) == 5, "a step never changes");
constexpr db::Schema kSchema = {
    .name = "index of an image cache", .application_id = 0x41435831, .steps = kSchemaSteps};

Status set_epoch(db::Database& database, RandomSource& random) {
  ASSIGN_OR_RETURN(db::Statement insert, database.prepare("INSERT INTO epoch VALUES (?)"));
  insert.bind_integer(1, static_cast<std::int64_t>(random.next()));
  return insert.run();
}

Result<std::optional<std::uint64_t>> read_epoch(db::Database& database) {
  ASSIGN_OR_RETURN(db::Statement select, database.prepare("SELECT number FROM epoch"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  if (!has_row) return std::optional<std::uint64_t>();
  return std::optional(static_cast<std::uint64_t>(select.integer(0)));
}

struct Opened {
  db::Database database;
  std::uint64_t epoch;
};

Result<Opened> open_database(const std::filesystem::path& path, RandomSource& random) {
  ASSIGN_OR_RETURN(db::Database database,
                   db::Database::open(
                       path, {.mode = db::OpenMode::kCreate, .journal = db::JournalMode::kDelete}));
  RETURN_IF_ERROR(db::migrate(database, kSchema));
  ASSIGN_OR_RETURN(auto epoch, read_epoch(database));
  if (!epoch) {
    RETURN_IF_ERROR(set_epoch(database, random));
    ASSIGN_OR_RETURN(epoch, read_epoch(database));
  }
  return Opened{std::move(database), epoch.value_or(0)};
}

}  // namespace

Result<ItemIndex> ItemIndex::open(files::FileSystem& file_system, RandomSource& random,
                                  const CacheLayout& layout) {
  auto opened = open_database(layout.index(), random);
  if (!opened && (opened.error().code == ErrorCode::kCorrupt ||
                  opened.error().code == ErrorCode::kInvalidInput)) {
    log_warning("the index of the cache is made anew", {{"reason", opened.error().message}});
    RETURN_IF_ERROR(file_system.remove(layout.index()));
    opened = open_database(layout.index(), random);
  }
  if (!opened) return opened.error();
  return ItemIndex(std::move(opened->database), opened->epoch);
}

Result<ItemIndex> ItemIndex::open_in_memory() {
  ASSIGN_OR_RETURN(db::Database database, db::Database::open_in_memory());
  RETURN_IF_ERROR(db::migrate(database, kSchema));
  return ItemIndex(std::move(database), 0);
}

Result<std::uint64_t> ItemIndex::source_id(const std::string& name) {
  const auto known = source_ids_.find(name);
  if (known != source_ids_.end()) return known->second;
  ASSIGN_OR_RETURN(db::Statement insert,
                   database_.prepare("INSERT OR IGNORE INTO sources (name) VALUES (?)"));
  RETURN_IF_ERROR(insert.bind_text(1, name).run());
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT id FROM sources WHERE name = ?"));
  ASSIGN_OR_RETURN(const bool has_row, select.bind_text(1, name).step());
  if (!has_row) return internal("the index lost a source: " + name);
  const auto id = static_cast<std::uint64_t>(select.integer(0));
  source_ids_.emplace(name, id);
  return id;
}

Result<std::vector<ItemIndex::Replaced>> ItemIndex::put(std::span<Item> items) {
  std::vector<Replaced> replaced;
  // Ids of sources that an undone transaction gave must not be remembered.
  source_ids_.clear();
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(database_));
  {
    ASSIGN_OR_RETURN(
        db::Statement remove,
        database_.prepare("DELETE FROM items WHERE folder = ? AND name = ? RETURNING id"));
    ASSIGN_OR_RETURN(
        db::Statement insert,
        database_.prepare(
            "INSERT INTO items (folder, name, size, modified, sidecar_size, sidecar_modified,"
            " state, label, content, look, format, width, height, source, added, problem)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (Item& item : items) {
      ASSIGN_OR_RETURN(const std::uint64_t source, source_id(item.source));
      remove.bind_integer(1, static_cast<std::int64_t>(item.folder)).bind_text(2, item.name);
      ASSIGN_OR_RETURN(const bool was_there, remove.step());
      const auto old_id = was_there ? static_cast<std::uint64_t>(remove.integer(0)) : 0;
      remove.reset();
      bind_item(insert, item, source);
      RETURN_IF_ERROR(insert.run());
      item.id = static_cast<std::uint64_t>(database_.last_row_id());
      if (was_there) replaced.push_back({.old_id = old_id, .new_id = item.id});
    }
  }
  RETURN_IF_ERROR(transaction.commit());
  return replaced;
}

Status ItemIndex::forget(std::span<const std::uint64_t> ids) {
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(database_));
  {
    ASSIGN_OR_RETURN(db::Statement remove, database_.prepare("DELETE FROM items WHERE id = ?"));
    for (const std::uint64_t id : ids) {
      RETURN_IF_ERROR(remove.bind_integer(1, to_stored(id)).run());
    }
  }
  return transaction.commit();
}

Status ItemIndex::begin_removal(std::span<const Item> items) {
  RETURN_IF_ERROR(database_.set_page_cache(kPageCacheOfRemoval));
  Status noted = note_removal(items);
  RETURN_IF_ERROR(database_.set_page_cache(db::kUsualPageCache));
  return noted;
}

Status ItemIndex::note_removal(std::span<const Item> items) {
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(database_));
  {
    ASSIGN_OR_RETURN(db::Statement remove, database_.prepare("DELETE FROM items WHERE id = ?"));
    ASSIGN_OR_RETURN(
        db::Statement note,
        database_.prepare("INSERT INTO removals SELECT folder, name, size, modified, sidecar_size,"
                          " sidecar_modified FROM items WHERE id = ?"));
    for (const Item& item : items) {
      RETURN_IF_ERROR(note.bind_integer(1, to_stored(item.id)).run());
      RETURN_IF_ERROR(remove.bind_integer(1, to_stored(item.id)).run());
    }
  }
  return transaction.commit();
}

Result<std::vector<Removal>> ItemIndex::removals() {
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT folder, name, size, modified, sidecar_size,"
                                     " sidecar_modified FROM removals"));
  std::vector<Removal> result;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return result;
    const std::int64_t folder = select.integer(0);
    if (folder < 0 || folder >= std::int64_t{kItemFolders.size()}) continue;
    Removal removal{.folder = static_cast<ItemFolder>(folder),
                    .name = std::string(select.text(1)),
                    .stamp = stamp_at(select, 2)};
    if (!select.is_null(4)) removal.sidecar = stamp_at(select, 4);
    result.push_back(std::move(removal));
  }
}

Status ItemIndex::end_removals() { return database_.execute("DELETE FROM removals"); }

Result<db::Transaction> ItemIndex::begin_reading() {
  return db::Transaction::begin(database_, db::TransactionKind::kRead);
}

Status ItemIndex::select(std::string_view condition,
                         const std::function<void(db::Statement&)>& bind,
                         const std::function<bool(const Item&)>& on_item) {
  ASSIGN_OR_RETURN(db::Statement statement,
                   database_.prepare(fmt::format("{}{}", kSelectItems, condition)));
  bind(statement);
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, statement.step());
    if (!has_row) return {};
    const auto item = item_of(statement);
    if (item && !on_item(*item)) return {};
  }
}

Status ItemIndex::for_each(const std::function<void(const Item&)>& on_item) {
  return select(
      "ORDER BY i.folder, i.name", [](db::Statement&) {},
      [&](const Item& item) {
        on_item(item);
        return true;
      });
}

Status ItemIndex::for_each_in(ItemFolder folder, const std::function<void(const Item&)>& on_item) {
  return select(
      "WHERE i.folder = ? ORDER BY i.name",
      [&](db::Statement& statement) {
        statement.bind_integer(1, static_cast<std::int64_t>(folder));
      },
      [&](const Item& item) {
        on_item(item);
        return true;
      });
}

Status ItemIndex::for_each_broken(const std::function<void(const Item&)>& on_item) {
  return select(
      "WHERE i.state = 5 ORDER BY i.id", [](db::Statement&) {},
      [&](const Item& item) {
        on_item(item);
        return true;
      });
}

Status ItemIndex::for_each_after(std::uint64_t id,
                                 const std::function<void(const Item&)>& on_item) {
  return select(
      "WHERE i.id > ? ORDER BY i.id",
      [&](db::Statement& statement) { statement.bind_integer(1, to_stored(id)); },
      [&](const Item& item) {
        on_item(item);
        return true;
      });
}

Result<std::optional<Item>> ItemIndex::find(ItemFolder folder, std::string_view name) {
  std::optional<Item> found;
  RETURN_IF_ERROR(select(
      "WHERE i.folder = ? AND i.name = ?",
      [&](db::Statement& statement) {
        statement.bind_integer(1, static_cast<std::int64_t>(folder)).bind_text(2, name);
      },
      [&](const Item& item) {
        found = item;
        return false;
      }));
  return found;
}

Result<std::vector<Item>> ItemIndex::find_beginning(ItemFolder folder, const std::string& prefix) {
  std::vector<Item> found;
  std::string end = prefix;
  ++end.back();
  RETURN_IF_ERROR(select(
      "WHERE i.folder = ? AND i.name >= ? AND i.name < ? ORDER BY i.name",
      [&](db::Statement& statement) {
        statement.bind_integer(1, static_cast<std::int64_t>(folder));
        statement.bind_text(2, prefix).bind_text(3, end);
      },
      [&](const Item& item) {
        found.push_back(item);
        return true;
      }));
  return found;
}

Result<bool> ItemIndex::shares_sidecar(ItemFolder folder, std::string_view name) {
  if (!select_names_) {
    ASSIGN_OR_RETURN(
        select_names_,
        database_.prepare("SELECT name FROM items WHERE folder = ? AND name > ? AND name < ?"));
  }
  const std::string sidecar = sidecar_name(name);
  // Each item has an extension. In the order of bytes `/` is next to `.`, and in no name.
  const std::string stem = std::filesystem::path(name).stem().native();
  const std::string begin = stem + '.';
  const std::string end = stem + '/';
  select_names_->bind_integer(1, static_cast<std::int64_t>(folder));
  select_names_->bind_text(2, begin).bind_text(3, end);
  bool is_shared = false;
  while (!is_shared) {
    ASSIGN_OR_RETURN(const bool has_row, select_names_->step());
    if (!has_row) break;
    const std::string_view other = select_names_->text(0);
    is_shared = other != name && sidecar_name(other) == sidecar;
  }
  select_names_->reset();
  return is_shared;
}

Result<std::optional<Item>> ItemIndex::find_content(const Sha256& content) {
  std::optional<Item> found;
  RETURN_IF_ERROR(select(
      "WHERE substr(i.content, 1, 8) = substr(?1, 1, 8) AND i.content = ?1 ORDER BY i.id LIMIT 1",
      [&](db::Statement& statement) { statement.bind_blob(1, content.bytes()); },
      [&](const Item& item) {
        found = item;
        return false;
      }));
  return found;
}

Result<std::optional<Item>> ItemIndex::find_id(std::uint64_t id) {
  if (!select_by_id_) {
    ASSIGN_OR_RETURN(select_by_id_,
                     database_.prepare(fmt::format("{}WHERE i.id = ?", kSelectItems)));
  }
  ASSIGN_OR_RETURN(const bool has_row, select_by_id_->bind_integer(1, to_stored(id)).step());
  std::optional<Item> found;
  if (has_row) found = item_of(*select_by_id_);
  select_by_id_->reset();
  return found;
}

Status ItemIndex::for_each_by_age(ItemFolder folder, const AgePosition& after,
                                  const std::function<bool(const Item&)>& on_item) {
  return select(
      "WHERE i.folder = ? AND (i.added, i.id) > (?, ?) ORDER BY i.added, i.id",
      [&](db::Statement& statement) {
        statement.bind_integer(1, static_cast<std::int64_t>(folder));
        statement.bind_integer(2, to_stored(after.added));
        statement.bind_integer(3, to_stored(after.id));
      },
      on_item);
}

Status ItemIndex::for_each_id(ItemFolder folder, const std::function<void(std::uint64_t)>& on_id) {
  ASSIGN_OR_RETURN(db::Statement statement,
                   database_.prepare("SELECT id FROM items WHERE folder = ? ORDER BY added, id"));
  statement.bind_integer(1, static_cast<std::int64_t>(folder));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, statement.step());
    if (!has_row) return {};
    on_id(static_cast<std::uint64_t>(statement.integer(0)));
  }
}

Result<std::uint64_t> ItemIndex::largest_id() {
  // Also of those that were removed: their slots are not used again.
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'items'"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  return has_row ? static_cast<std::uint64_t>(select.integer(0)) : 0;
}

Result<FolderTotals> ItemIndex::totals(ItemFolder folder) {
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT items, bytes FROM totals WHERE folder = ?"));
  ASSIGN_OR_RETURN(const bool has_row,
                   select.bind_integer(1, static_cast<std::int64_t>(folder)).step());
  if (!has_row) return FolderTotals();
  return FolderTotals{.num_items = static_cast<std::uint64_t>(select.integer(0)),
                      .bytes = ByteCount(static_cast<std::uint64_t>(select.integer(1)))};
}

Result<std::optional<Timestamp>> ItemIndex::scanned(ItemFolder folder) {
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT modified FROM scans WHERE folder = ?"));
  ASSIGN_OR_RETURN(const bool has_row,
                   select.bind_integer(1, static_cast<std::int64_t>(folder)).step());
  if (!has_row) return std::optional<Timestamp>();
  return std::optional(to_instant(select.integer(0)));
}

Status ItemIndex::set_scanned(ItemFolder folder, std::optional<Timestamp> modified) {
  ASSIGN_OR_RETURN(db::Statement statement,
                   database_.prepare(modified ? "INSERT OR REPLACE INTO scans VALUES (?, ?)"
                                              : "DELETE FROM scans WHERE folder = ?"));
  statement.bind_integer(1, static_cast<std::int64_t>(folder));
  if (modified) statement.bind_integer(2, to_stored(*modified));
  return statement.run();
}

}  // namespace assay::cache
