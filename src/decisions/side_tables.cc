#include "decisions/side_tables.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace assay::decisions {
namespace {

constexpr std::string_view kSideTables = R"sql(
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  program_version TEXT NOT NULL,
  host TEXT NOT NULL,
  source TEXT NOT NULL,
  source_fingerprint TEXT NOT NULL,
  models TEXT NOT NULL,
  options TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS group_scores (
  group_id TEXT PRIMARY KEY,
  num_images INTEGER NOT NULL,
  num_scored INTEGER NOT NULL,
  margin REAL,
  is_uncertain INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS image_scores (
  group_id TEXT NOT NULL,
  image_index INTEGER NOT NULL,
  entry TEXT NOT NULL,
  crc32 INTEGER,
  score REAL,
  softmax REAL,
  crop_coords TEXT,
  raw_crop_coords TEXT,
  crop_pixels TEXT,
  embedding_key TEXT,
  width INTEGER,
  height INTEGER,
  error TEXT,
  PRIMARY KEY (group_id, image_index)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dropped_images (
  entry TEXT PRIMARY KEY,
  reason TEXT NOT NULL
) WITHOUT ROWID;
)sql";

constexpr std::string_view kFinalMatchesTable = R"sql(
CREATE TABLE IF NOT EXISTS final_matches (
  group_id TEXT PRIMARY KEY,
  fate TEXT NOT NULL,
  image_index INTEGER,
  final TEXT,
  score REAL,
  scale REAL,
  box_pixels TEXT,
  problem TEXT
) WITHOUT ROWID;
)sql";

struct SideTable {
  std::string_view name;
  std::string_view columns;
  int num_columns = 0;
};
constexpr SideTable kRuns{.name = "runs",
                          .columns =
                              "run_id, started_at, finished_at, program_version, host, "
                              "source, source_fingerprint, models, options",
                          .num_columns = 9};
constexpr SideTable kGroupScores{
    .name = "group_scores",
    .columns = "group_id, num_images, num_scored, margin, is_uncertain",
    .num_columns = 5};
constexpr SideTable kImageScores{
    .name = "image_scores",
    .columns =
        "group_id, image_index, entry, crc32, score, softmax, crop_coords, "
        "raw_crop_coords, crop_pixels, embedding_key, width, height, error",
    .num_columns = 13};
constexpr SideTable kDroppedImages{
    .name = "dropped_images", .columns = "entry, reason", .num_columns = 2};
constexpr SideTable kFinalMatches{
    .name = "final_matches",
    .columns = "group_id, fate, image_index, final, score, scale, box_pixels, problem",
    .num_columns = 8};

/// Copies rows of one table, whatever is in them. Errors of all: as db::Database.
class RowCopier {
 public:
  /// Nothing when there is no such table.
  static Result<std::optional<RowCopier>> prepare(db::Database& from, db::Database& to,
                                                  const SideTable& table) {
    ASSIGN_OR_RETURN(const bool is_there, has_table(from, table.name));
    if (!is_there) return std::nullopt;
    std::string places = "?";
    for (int i = 1; i < table.num_columns; ++i) places += ", ?";
    ASSIGN_OR_RETURN(db::Statement rows,
                     from.prepare(fmt::format("SELECT {} FROM {}", table.columns, table.name)));
    ASSIGN_OR_RETURN(db::Statement insert,
                     to.prepare(fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({})", table.name,
                                            table.columns, places)));
    return RowCopier(std::move(rows), std::move(insert), table.num_columns);
  }

  Result<bool> step() { return rows_.step(); }
  const db::Statement& row() const { return rows_; }
  db::Statement& insert() { return insert_; }

  /// Take over the columns from `first` on, then insert. Those before it are bound.
  Status insert_rest(int first) {
    for (int column = first; column < num_columns_; ++column) bind(column);
    return insert_.run();
  }

 private:
  RowCopier(db::Statement rows, db::Statement insert, int num_columns)
      : rows_(std::move(rows)), insert_(std::move(insert)), num_columns_(num_columns) {}

  void bind(int column) {
    switch (rows_.type(column)) {
      case db::ValueType::kNull:
        insert_.bind_null(column + 1);
        break;
      case db::ValueType::kInteger:
        insert_.bind_integer(column + 1, rows_.integer(column));
        break;
      case db::ValueType::kReal:
        insert_.bind_real(column + 1, rows_.real(column));
        break;
      case db::ValueType::kText:
      case db::ValueType::kBlob:
        insert_.bind_text(column + 1, rows_.text(column));
        break;
    }
  }

  db::Statement rows_;
  db::Statement insert_;
  int num_columns_;
};

Status copy_whole(db::Database& from, db::Database& to, const SideTable& table) {
  ASSIGN_OR_RETURN(auto copier, RowCopier::prepare(from, to, table));
  if (!copier) return {};
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, copier->step());
    if (!has_row) return {};
    RETURN_IF_ERROR(copier->insert_rest(0));
  }
}

using GroupsById = std::unordered_map<std::string_view, const CarriedGroup*>;

GroupsById by_id(std::span<const CarriedGroup> groups) {
  GroupsById found;
  for (const CarriedGroup& group : groups) found.emplace(group.from, &group);
  return found;
}

/// Nothing for an image that is not in the group there.
std::optional<std::int64_t> index_there(const CarriedGroup& group, std::int64_t index) {
  if (index < 0 || std::cmp_greater_equal(index, group.indexes.size())) return std::nullopt;
  return group.indexes[static_cast<std::size_t>(index)];
}

Status copy_group_scores(db::Database& from, db::Database& to, const GroupsById& taken) {
  ASSIGN_OR_RETURN(auto copier, RowCopier::prepare(from, to, kGroupScores));
  if (!copier) return {};
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, copier->step());
    if (!has_row) return {};
    const auto group = taken.find(copier->row().text(0));
    if (group == taken.end()) continue;
    copier->insert().bind_text(1, group->second->to);
    RETURN_IF_ERROR(copier->insert_rest(1));
  }
}

Status copy_image_scores(db::Database& from, db::Database& to, const GroupsById& taken) {
  ASSIGN_OR_RETURN(auto copier, RowCopier::prepare(from, to, kImageScores));
  if (!copier) return {};
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, copier->step());
    if (!has_row) return {};
    const auto group = taken.find(copier->row().text(0));
    if (group == taken.end()) continue;
    const auto index = index_there(*group->second, copier->row().integer(1));
    if (!index) continue;
    copier->insert().bind_text(1, group->second->to).bind_integer(2, index);
    RETURN_IF_ERROR(copier->insert_rest(2));
  }
}

}  // namespace

Result<bool> has_table(db::Database& database, std::string_view name) {
  ASSIGN_OR_RETURN(
      db::Statement found,
      database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"));
  found.bind_text(1, name);
  return found.step();
}

Status create_side_tables(db::Database& database) { return database.execute(kSideTables); }

Status copy_side_tables(db::Database& from, db::Database& to, std::span<const CarriedGroup> taken) {
  ASSIGN_OR_RETURN(const bool is_of_a_run, has_table(from, kRuns.name));
  if (!is_of_a_run) return {};
  RETURN_IF_ERROR(create_side_tables(to));
  const GroupsById groups = by_id(taken);
  RETURN_IF_ERROR(copy_whole(from, to, kRuns));
  RETURN_IF_ERROR(copy_group_scores(from, to, groups));
  RETURN_IF_ERROR(copy_image_scores(from, to, groups));
  return copy_whole(from, to, kDroppedImages);
}

Status create_final_matches(db::Database& database) { return database.execute(kFinalMatchesTable); }

Status copy_final_matches(db::Database& from, db::Database& to,
                          std::span<const CarriedGroup> groups) {
  ASSIGN_OR_RETURN(const bool has_matches, has_table(from, kFinalMatches.name));
  if (!has_matches) return {};
  RETURN_IF_ERROR(create_final_matches(to));
  ASSIGN_OR_RETURN(auto copier, RowCopier::prepare(from, to, kFinalMatches));
  const GroupsById carried = by_id(groups);
  while (copier) {
    ASSIGN_OR_RETURN(const bool has_row, copier->step());
    if (!has_row) break;
    const auto group = carried.find(copier->row().text(0));
    if (group == carried.end()) continue;
    std::optional<std::int64_t> index;
    if (copier->row().type(2) != db::ValueType::kNull) {
      index = index_there(*group->second, copier->row().integer(2));
      if (!index) continue;
    }
    copier->insert().bind_text(1, group->second->to).bind_text(2, copier->row().text(1));
    copier->insert().bind_integer(3, index);
    RETURN_IF_ERROR(copier->insert_rest(3));
  }
  return {};
}

}  // namespace assay::decisions
