#include "cache/item_index.h"

#include "core/log.h"
#include "db/migration.h"
#include "db/transaction.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

namespace assay::cache {
namespace {

// Persisted: a step never changes.
constexpr auto kSteps = std::to_array<std::string_view>({
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
});
constexpr db::Schema kSchema = {
    .name = "index of an image cache", .application_id = 0x41435831, .steps = kSteps};

constexpr std::string_view kSelect =
    "SELECT i.id, i.folder, i.name, i.size, i.modified, i.sidecar_size, i.sidecar_modified,"
    " i.state, i.label, i.content, i.look, i.format, i.width, i.height, s.name, i.added, i.problem"
    " FROM items i JOIN sources s ON s.id = i.source ";

std::int64_t to_stored(Timestamp instant) { return instant.time_since_epoch().count(); }
Timestamp to_instant(std::int64_t stored) { return Timestamp(std::chrono::microseconds(stored)); }
std::int64_t to_stored(std::uint64_t number) { return static_cast<std::int64_t>(number); }

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

std::optional<ImageFacts> facts_of(const db::Statement& row) {
  const auto content = row.blob(9);
  Sha256::Bytes bytes{};
  if (content.size() != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), content.data(), bytes.size());
  return ImageFacts{.size_bytes = static_cast<std::uint64_t>(row.integer(3)),
                    .content = Sha256(bytes),
                    .look = static_cast<std::uint64_t>(row.integer(10)),
                    .format = std::string(row.text(11)),
                    .size = {.width = static_cast<std::uint32_t>(row.integer(12)),
                             .height = static_cast<std::uint32_t>(row.integer(13))}};
}

/// Nothing when the row holds what no version of ours writes: it is found anew by the next scan.
std::optional<Item> item_of(const db::Statement& row) {
  const std::int64_t folder = row.integer(1);
  const std::int64_t state = row.integer(7);
  if (folder < 0 || folder >= std::int64_t{kItemFolders.size()} || state < 0 ||
      state >= std::int64_t{kNumItemStates}) {
    return std::nullopt;
  }
  Item item{.id = static_cast<std::uint64_t>(row.integer(0)),
            .folder = static_cast<ItemFolder>(folder),
            .name = std::string(row.text(2)),
            .stamp = {.size_bytes = static_cast<std::uint64_t>(row.integer(3)),
                      .modified = to_instant(row.integer(4))},
            .state = static_cast<ItemState>(state),
            .facts = facts_of(row),
            .source = std::string(row.text(14)),
            .added = to_instant(row.integer(15)),
            .problem = std::string(row.text(16))};
  if (!row.is_null(5)) {
    item.sidecar = FileStamp{.size_bytes = static_cast<std::uint64_t>(row.integer(5)),
                             .modified = to_instant(row.integer(6))};
  }
  if (!row.is_null(8)) item.label = row.integer(8) == 1 ? Label::kRoadwork : Label::kNone;
  return item;
}

void bind_item(db::Statement& insert, const Item& item, std::uint64_t source) {
  insert.bind_integer(1, static_cast<std::int64_t>(item.folder));
  insert.bind_text(2, item.name);
  insert.bind_integer(3, to_stored(item.stamp.size_bytes));
  insert.bind_integer(4, to_stored(item.stamp.modified));
  if (item.sidecar) {
    insert.bind_integer(5, to_stored(item.sidecar->size_bytes));
    insert.bind_integer(6, to_stored(item.sidecar->modified));
  }
  insert.bind_integer(7, static_cast<std::int64_t>(item.state));
  if (item.label) insert.bind_integer(8, static_cast<std::int64_t>(*item.label));
  if (item.facts) {
    insert.bind_blob(9, item.facts->content.bytes());
    insert.bind_integer(10, to_stored(item.facts->look));
    insert.bind_text(11, item.facts->format);
    insert.bind_integer(12, item.facts->size.width);
    insert.bind_integer(13, item.facts->size.height);
  }
  insert.bind_integer(14, to_stored(source));
  insert.bind_integer(15, to_stored(item.added));
  insert.bind_text(16, item.problem);
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
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(database_));
  {
    ASSIGN_OR_RETURN(db::Statement remove, database_.prepare("DELETE FROM items WHERE id = ?"));
    ASSIGN_OR_RETURN(db::Statement note, database_.prepare("INSERT INTO removals VALUES (?, ?)"));
    for (const Item& item : items) {
      RETURN_IF_ERROR(remove.bind_integer(1, to_stored(item.id)).run());
      note.bind_integer(1, static_cast<std::int64_t>(item.folder)).bind_text(2, item.name);
      RETURN_IF_ERROR(note.run());
    }
  }
  return transaction.commit();
}

Result<std::vector<Removal>> ItemIndex::removals() {
  ASSIGN_OR_RETURN(db::Statement select, database_.prepare("SELECT folder, name FROM removals"));
  std::vector<Removal> result;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return result;
    const std::int64_t folder = select.integer(0);
    if (folder < 0 || folder >= std::int64_t{kItemFolders.size()}) continue;
    result.push_back(
        {.folder = static_cast<ItemFolder>(folder), .name = std::string(select.text(1))});
  }
}

Status ItemIndex::end_removals() { return database_.execute("DELETE FROM removals"); }

Status ItemIndex::select(std::string_view condition,
                         const std::function<void(db::Statement&)>& bind,
                         const std::function<bool(const Item&)>& on_item) {
  ASSIGN_OR_RETURN(db::Statement statement,
                   database_.prepare(fmt::format("{}{}", kSelect, condition)));
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

Result<std::optional<Item>> ItemIndex::find_content(const Sha256& content) {
  std::optional<Item> found;
  RETURN_IF_ERROR(select(
      "WHERE i.content = ? ORDER BY i.id LIMIT 1",
      [&](db::Statement& statement) { statement.bind_blob(1, content.bytes()); },
      [&](const Item& item) {
        found = item;
        return false;
      }));
  return found;
}

Result<std::optional<Item>> ItemIndex::find_id(std::uint64_t id) {
  std::optional<Item> found;
  RETURN_IF_ERROR(select(
      "WHERE i.id = ?", [&](db::Statement& statement) { statement.bind_integer(1, to_stored(id)); },
      [&](const Item& item) {
        found = item;
        return false;
      }));
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

Status ItemIndex::for_each_age(ItemFolder folder,
                               const std::function<void(const AgePosition&)>& on_item) {
  ASSIGN_OR_RETURN(
      db::Statement statement,
      database_.prepare("SELECT added, id FROM items WHERE folder = ? ORDER BY added, id"));
  statement.bind_integer(1, static_cast<std::int64_t>(folder));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, statement.step());
    if (!has_row) return {};
    on_item({.added = to_instant(statement.integer(0)),
             .id = static_cast<std::uint64_t>(statement.integer(1))});
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
