#include "core/log.h"
#include "db/migration.h"
#include "db/statement.h"
#include "db/transaction.h"
#include "embedding_store/embedding_index_internal.h"
#include "embedding_store/embedding_variant_internal.h"

#include <array>
#include <cstring>
#include <string_view>

namespace assay::embedding_store {
namespace {

// Persisted: a step never changes.
constexpr auto kSteps = std::to_array<std::string_view>({
    "CREATE TABLE file (generation BLOB NOT NULL, num_slots INTEGER NOT NULL,"
    " num_damaged INTEGER NOT NULL, num_duplicates INTEGER NOT NULL);"
    "CREATE TABLE variants (id BLOB PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE vectors (slot INTEGER PRIMARY KEY, content BLOB NOT NULL,"
    " variant BLOB NOT NULL);",
});
constexpr db::Schema kSchema = {
    .name = "index of an embedding store", .application_id = 0x41565831, .steps = kSteps};

Result<db::Database> open_database(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(db::Database database,
                   db::Database::open(
                       path, {.mode = db::OpenMode::kCreate, .journal = db::JournalMode::kDelete}));
  RETURN_IF_ERROR(db::migrate(database, kSchema));
  return database;
}

std::optional<Sha256> digest_in(std::span<const std::byte> blob) {
  Sha256::Bytes bytes{};
  if (blob.size() != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), blob.data(), bytes.size());
  return Sha256(bytes);
}

Status insert_vectors(db::Database& database, std::span<const IndexedVector> vectors) {
  ASSIGN_OR_RETURN(db::Statement insert,
                   database.prepare("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)"));
  for (const IndexedVector& vector : vectors) {
    insert.bind_integer(1, static_cast<std::int64_t>(vector.slot));
    insert.bind_blob(2, vector.key.content.bytes());
    insert.bind_blob(3, vector.key.variant.bytes());
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

Status insert_variants(db::Database& database, std::span<const EmbeddingVariant> variants) {
  ASSIGN_OR_RETURN(db::Statement insert,
                   database.prepare("INSERT OR IGNORE INTO variants VALUES (?, ?)"));
  for (const EmbeddingVariant& variant : variants) {
    insert.bind_blob(1, id_of(variant).bytes());
    insert.bind_text(2, text_of(variant));
    RETURN_IF_ERROR(insert.run());
  }
  return {};
}

}  // namespace

Result<EmbeddingIndex> EmbeddingIndex::open(files::FileSystem& file_system,
                                            const std::filesystem::path& path) {
  auto database = open_database(path);
  if (!database && (database.error().code == ErrorCode::kCorrupt ||
                    database.error().code == ErrorCode::kInvalidInput)) {
    log_warning("the index of the embedding store is made anew",
                {{"reason", database.error().message}});
    RETURN_IF_ERROR(file_system.remove(path));
    database = open_database(path);
  }
  if (!database) return database.error();
  return EmbeddingIndex(std::move(*database));
}

Result<std::optional<IndexedFile>> EmbeddingIndex::find(const SlotFileGeneration& generation) {
  ASSIGN_OR_RETURN(
      db::Statement select,
      database_.prepare("SELECT generation, num_slots, num_damaged, num_duplicates FROM file"));
  ASSIGN_OR_RETURN(const bool has_row, select.step());
  if (!has_row) return std::nullopt;
  const auto found = select.blob(0);
  const bool is_same = found.size() == generation.size() &&
                       std::memcmp(found.data(), generation.data(), found.size()) == 0;
  if (!is_same || select.integer(1) < 0) return std::nullopt;
  return IndexedFile{.num_slots = static_cast<std::uint64_t>(select.integer(1)),
                     .num_damaged = static_cast<std::uint64_t>(select.integer(2)),
                     .num_duplicates = static_cast<std::uint64_t>(select.integer(3))};
}

Status EmbeddingIndex::for_each_vector(const std::function<void(const IndexedVector&)>& on_vector) {
  ASSIGN_OR_RETURN(db::Statement select,
                   database_.prepare("SELECT slot, content, variant FROM vectors ORDER BY slot"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return {};
    const auto content = digest_in(select.blob(1));
    const auto variant = digest_in(select.blob(2));
    if (!content || !variant) continue;
    on_vector({.slot = static_cast<std::uint64_t>(select.integer(0)),
               .key = {.content = *content, .variant = *variant}});
  }
}

Status EmbeddingIndex::for_each_variant(
    const std::function<void(const EmbeddingVariant&)>& on_variant) {
  ASSIGN_OR_RETURN(db::Statement select, database_.prepare("SELECT text FROM variants"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, select.step());
    if (!has_row) return {};
    if (const auto variant = parse_variant(select.text(0))) on_variant(*variant);
  }
}

Status EmbeddingIndex::update(const SlotFileGeneration& generation, const IndexedFile& file,
                              std::uint64_t num_slots_before, std::span<const IndexedVector> added,
                              const std::function<std::vector<IndexedVector>()>& all,
                              std::span<const EmbeddingVariant> variants) {
  ASSIGN_OR_RETURN(db::Transaction transaction, db::Transaction::begin(database_));
  ASSIGN_OR_RETURN(auto before, find(generation));
  if (before && before->num_slots < num_slots_before) before.reset();
  if (before) {
    RETURN_IF_ERROR(insert_vectors(database_, added));
  } else {
    RETURN_IF_ERROR(
        database_.execute("DELETE FROM file; DELETE FROM vectors; DELETE FROM variants"));
    RETURN_IF_ERROR(insert_vectors(database_, all()));
  }
  RETURN_IF_ERROR(insert_variants(database_, variants));
  // Another process may be ahead; what lies before its end, it has put there.
  if (!before || before->num_slots < file.num_slots) {
    RETURN_IF_ERROR(database_.execute("DELETE FROM file"));
    ASSIGN_OR_RETURN(db::Statement insert,
                     database_.prepare("INSERT INTO file VALUES (?, ?, ?, ?)"));
    insert.bind_blob(1, generation);
    insert.bind_integer(2, static_cast<std::int64_t>(file.num_slots));
    insert.bind_integer(3, static_cast<std::int64_t>(file.num_damaged));
    insert.bind_integer(4, static_cast<std::int64_t>(file.num_duplicates));
    RETURN_IF_ERROR(insert.run());
  }
  return transaction.commit();
}

}  // namespace assay::embedding_store
