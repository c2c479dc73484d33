#include "decisions/scored_project.h"

#include "db/database.h"
#include "decisions/database_names.h"
#include "decisions/side_tables.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay::decisions {
namespace {

/// A box that cannot be read is as if there were none: it is shown, and decides nothing.
std::optional<CropBox> box_of(const db::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  auto box = coords_from_json(row.text(column));
  return box ? std::optional(*box) : std::nullopt;
}

/// Errors of all: as read_scored_project().
Status read_run(db::Database& database, ScoredProject& project) {
  ASSIGN_OR_RETURN(const bool is_there, has_table(database, "runs"));
  if (!is_there) return {};
  ASSIGN_OR_RETURN(
      db::Statement row,
      database.prepare("SELECT finished_at, program_version, source, models, options FROM runs "
                       "ORDER BY finished_at DESC, run_id DESC LIMIT 1"));
  ASSIGN_OR_RETURN(const bool has_row, row.step());
  if (!has_row) return {};
  project.run = ScoringRun{.finished_at = std::string(row.text(0)),
                           .program_version = std::string(row.text(1)),
                           .source = std::string(row.text(2)),
                           .models_json = std::string(row.text(3)),
                           .options_json = std::string(row.text(4))};
  return {};
}

/// The group of an id; null when there is none.
ScoredGroup* find_group(ScoredProject& project, std::string_view group_id) {
  const auto id_of_group = [](const ScoredGroup& group) -> std::string_view {
    return group.decision.group_id;
  };
  const auto found = std::ranges::lower_bound(project.groups, group_id, {}, id_of_group);
  const bool is_there = found != project.groups.end() && found->decision.group_id == group_id;
  return is_there ? &*found : nullptr;
}

Status read_group_scores(db::Database& database, ScoredProject& project) {
  ASSIGN_OR_RETURN(const bool is_there, has_table(database, "group_scores"));
  if (!is_there) return {};
  ASSIGN_OR_RETURN(
      db::Statement row,
      database.prepare(
          "SELECT group_id, num_images, num_scored, margin, is_uncertain FROM group_scores"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, row.step());
    if (!has_row) return {};
    ScoredGroup* group = find_group(project, row.text(0));
    if (group == nullptr) continue;
    group->score = GroupScore{.group_id = group->decision.group_id,
                              .num_images = row.integer(1),
                              .num_scored = row.integer(2),
                              .margin = row.optional_real(3),
                              .is_uncertain = row.integer(4) != 0};
  }
}

Status read_image_scores(db::Database& database, ScoredProject& project) {
  ASSIGN_OR_RETURN(const bool is_there, has_table(database, "image_scores"));
  if (!is_there) return {};
  ASSIGN_OR_RETURN(
      db::Statement row,
      database.prepare("SELECT group_id, image_index, entry, crc32, score, softmax, crop_coords, "
                       "raw_crop_coords, crop_pixels, embedding_key, width, height, error "
                       "FROM image_scores"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, row.step());
    if (!has_row) return {};
    ScoredGroup* group = find_group(project, row.text(0));
    const std::int64_t index = row.integer(1);
    if (group == nullptr || index < 0 || std::cmp_greater_equal(index, group->images.size())) {
      continue;
    }
    group->images[static_cast<std::size_t>(index)].score =
        ImageScore{.group_id = group->decision.group_id,
                   .image_index = index,
                   .entry = std::string(row.text(2)),
                   .crc32 = row.optional_integer(3),
                   .score = row.optional_real(4),
                   .softmax = row.optional_real(5),
                   .crop = box_of(row, 6),
                   .raw_crop = box_of(row, 7),
                   .crop_pixels = row.optional_text(8),
                   .embedding_key = row.optional_text(9),
                   .width = row.optional_integer(10),
                   .height = row.optional_integer(11),
                   .error = row.optional_text(12)};
  }
}

Status read_dropped(db::Database& database, ScoredProject& project) {
  ASSIGN_OR_RETURN(const bool is_there, has_table(database, "dropped_images"));
  if (!is_there) return {};
  ASSIGN_OR_RETURN(db::Statement row,
                   database.prepare("SELECT reason, COUNT(*) FROM dropped_images GROUP BY reason"));
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, row.step());
    if (!has_row) return {};
    project.dropped.emplace(row.text(0), static_cast<std::uint64_t>(row.integer(1)));
  }
}

}  // namespace

images::ExifOrientation orientation_of(const ScoringRun& run) {
  const auto options = json::parse(run.options_json);
  const json::Value* exif = options ? options->find("exif") : nullptr;
  return exif != nullptr && exif->boolean().value_or(false) ? images::ExifOrientation::kHonour
                                                            : images::ExifOrientation::kIgnore;
}

Result<ScoredProject> read_scored_project(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(db::Database database, db::Database::open(path));
  ASSIGN_OR_RETURN(DecisionTable table, read_decisions(database));
  ScoredProject project{.path = path,
                        .project = path.stem().native(),
                        .groups = {},
                        .dropped = {},
                        .bad_rows = std::move(table.bad_rows)};
  for (Decision& decision : table.decisions) {
    ScoredGroup group{.decision = std::move(decision), .images = {}};
    for (const std::string& image : group.decision.images) group.images.push_back({.name = image});
    project.groups.push_back(std::move(group));
  }
  if (!project.groups.empty() && !project.groups.front().decision.project_id.empty()) {
    project.project = project.groups.front().decision.project_id;
  }
  RETURN_IF_ERROR(read_run(database, project));
  RETURN_IF_ERROR(read_group_scores(database, project));
  RETURN_IF_ERROR(read_image_scores(database, project));
  RETURN_IF_ERROR(read_dropped(database, project));
  return project;
}

Result<ScoredProjects> read_scored_projects(files::FileSystem& file_system,
                                            std::span<const std::filesystem::path> paths,
                                            const std::stop_token& stop) {
  std::vector<std::filesystem::path> databases;
  for (const std::filesystem::path& path : paths) {
    ASSIGN_OR_RETURN(const auto found,
                     find_databases(file_system, path, TemporaryDatabases::kIncluded));
    for (const std::filesystem::path& database : found) {
      if (std::ranges::count(databases, database) == 0) databases.push_back(database);
    }
  }
  ScoredProjects scored;
  for (const std::filesystem::path& database : databases) {
    if (stop.stop_requested()) return cancelled("interrupted while databases were read");
    auto project = read_scored_project(database);
    if (project) {
      for (const BadRow& bad : project->bad_rows) {
        scored.problems.push_back(
            fmt::format("{}: {}: {}", database.native(), bad.row, bad.problem));
      }
      scored.projects.push_back(std::move(*project));
    } else {
      scored.problems.push_back(project.error().message);
    }
  }
  return scored;
}

}  // namespace assay::decisions
