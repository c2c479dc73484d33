#include "decisions/decision_database.h"

#include "core/check.h"
#include "decisions/decision_table.h"
#include "decisions/side_tables.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::decisions {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartialSuffix = ".partial";

constexpr std::string_view kWriteAheadLog = "-wal";
/// What SQLite keeps beside a database. It belongs to that very file, yet is found by name: beside
/// another file of the name it would be played back into that.
constexpr auto kCompanions = std::to_array<std::string_view>({"-journal", kWriteAheadLog, "-shm"});

/// A change that another program is making ends within this time, or is none of a moment.
constexpr std::chrono::milliseconds kChangePatience(1000);

/// Errors: kInvalidInput.
Status check_project(std::string_view project) {
  if (project.empty() || project.starts_with('.') || project.contains('/') ||
      project.contains('\0')) {
    return invalid_input(fmt::format(
        "'{}' is no name for a project: expected one that can name a file, without a slash",
        project));
  }
  return {};
}

std::string first_name(std::string_view project) { return fmt::format("{}.db", project); }
fs::path partial_of(const fs::path& folder, std::string_view project) {
  return folder / (first_name(project) + std::string(kPartialSuffix));
}
std::string second_name(std::string_view project) {
  return fmt::format("{}_ai_predictions_temp.db", project);
}

/// Whether the name is taken, be it by a file, a folder or a link to nowhere. Errors: as
/// FileSystem.
Result<bool> is_taken(files::FileSystem& file_system, const fs::path& path) {
  const auto names = file_system.list(path.parent_path().empty() ? "." : path.parent_path());
  if (!names && names.error().code == ErrorCode::kNotFound) return false;
  if (!names) return Error(names.error());
  return std::ranges::binary_search(*names, path.filename().native());
}

/// Remove a file that may not be there. Errors: as FileSystem.
Status remove_if_there(files::FileSystem& file_system, const fs::path& path) {
  Status removed = file_system.remove(path);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  return {};
}

/// What a program that died has left beside the file is played back by it.
/// Errors: as db::Database; kUnavailable when another process writes to it.
Status take_and_release(const fs::path& path, std::chrono::milliseconds busy_timeout) {
  ASSIGN_OR_RETURN(db::Database left, db::Database::open(path, {.mode = db::OpenMode::kWrite,
                                                                .busy_timeout = busy_timeout}));
  return left.execute("BEGIN EXCLUSIVE; ROLLBACK");
}

/// A free name for what is to be kept of `path`. Errors: as FileSystem.
Result<fs::path> backup_name(files::FileSystem& file_system, const fs::path& path) {
  ASSIGN_OR_RETURN(const auto info, file_system.info_unfollowed(path));
  const Timestamp modified = info ? info->modified : Timestamp();
  const auto written = std::chrono::floor<std::chrono::seconds>(modified);
  const std::string name =
      path.native() +
      fmt::format(".backup-{:%Y%m%dT%H%M%SZ}", fmt::gmtime(written.time_since_epoch().count()));
  fs::path backup = name;
  for (int number = 2;; ++number) {
    ASSIGN_OR_RETURN(const bool is_name_taken, is_taken(file_system, backup));
    if (!is_name_taken) return backup;
    backup = fmt::format("{}-{}", name, number);
  }
}

/// Nothing stands beside `target` on return that SQLite would play back into a file that gets its
/// name: a database that is there is whole without it, and what belongs to none is kept under
/// another name. Errors: as db::Database and FileSystem; kUnavailable when a program uses `target`.
Status part_from_companions(files::FileSystem& file_system, const fs::path& target) {
  const auto beside = [&](std::string_view suffix) { return fs::path(target) += suffix; };
  std::vector<fs::path> companions;
  for (const std::string_view suffix : kCompanions) {
    ASSIGN_OR_RETURN(const bool is_there, is_taken(file_system, beside(suffix)));
    if (is_there) companions.push_back(beside(suffix));
  }
  if (companions.empty()) return {};
  ASSIGN_OR_RETURN(const bool has_database, is_taken(file_system, target));
  if (has_database) {
    RETURN_IF_ERROR(
        with_context(take_and_release(target, kChangePatience), "before it is replaced"));
    // The last program that closes it takes the log away, so that is another one.
    ASSIGN_OR_RETURN(const bool has_log, is_taken(file_system, beside(kWriteAheadLog)));
    if (has_log) {
      return unavailable(fmt::format(
          "{}: another program has it open; close that before it is replaced", target.native()));
    }
  }
  for (const fs::path& companion : companions) {
    ASSIGN_OR_RETURN(const bool is_left, is_taken(file_system, companion));
    if (!is_left) continue;
    ASSIGN_OR_RETURN(const fs::path backup, backup_name(file_system, companion));
    RETURN_IF_ERROR(file_system.rename(companion, backup));
  }
  return {};
}

/// Give what is about to be replaced a second name. Errors: as FileSystem.
Result<fs::path> keep(files::FileSystem& file_system, const fs::path& target) {
  ASSIGN_OR_RETURN(fs::path backup, backup_name(file_system, target));
  // By a link, so that there is a database of the first name at every moment.
  const Status linked = file_system.link(target, backup);
  if (!linked) RETURN_IF_ERROR(file_system.rename(target, backup));
  return backup;
}

}  // namespace

Status clear_partial(files::FileSystem& file_system, const fs::path& folder,
                     std::string_view project) {
  const fs::path partial = partial_of(folder, project);
  ASSIGN_OR_RETURN(const auto info, file_system.info(partial));
  if (!info) return {};
  // What has got its name as well is nobody's to write, and may be in use by that name.
  if (info->num_names == 1) {
    const Status free = take_and_release(partial, {});
    if (!free && free.error().code == ErrorCode::kUnavailable) {
      return unavailable(fmt::format("{}: another run writes this project; wait for it, or end it",
                                     partial.native()));
    }
  }
  return file_system.remove(partial);
}

Result<fs::path> decision_database_target(files::FileSystem& file_system, const fs::path& folder,
                                          std::string_view project, ExistingResult existing) {
  RETURN_IF_ERROR(check_project(project));
  fs::path target = folder / first_name(project);
  ASSIGN_OR_RETURN(const bool is_first_taken, is_taken(file_system, target));
  if (!is_first_taken) return target;
  target = folder / second_name(project);
  ASSIGN_OR_RETURN(const bool is_second_taken, is_taken(file_system, target));
  if (is_second_taken && existing == ExistingResult::kRefuse) {
    return invalid_input(fmt::format(
        "{} holds the predictions of an earlier run: merge or remove it, or ask to redo it",
        target.native()));
  }
  return target;
}

struct DecisionDatabase::Writer {
  /// The open file. The statements end before their database.
  struct Tables {
    db::Database database;
    DecisionInserter decisions;
    db::Statement group_scores;
    db::Statement image_scores;
    db::Statement dropped;

    /// Errors: as DecisionDatabase.
    static Result<std::unique_ptr<Tables>> create(const fs::path& partial);
  };

  files::FileSystem* file_system;
  fs::path folder;
  std::string project;
  ExistingResult existing;
  fs::path partial;
  std::unique_ptr<Tables> tables = nullptr;  // null once finished

  /// Errors of both: as the class.
  Status close();
  Result<PublishedDatabase> publish() const;
};

Result<std::unique_ptr<DecisionDatabase::Writer::Tables>> DecisionDatabase::Writer::Tables::create(
    const fs::path& partial) {
  // The file gets its name when it is whole, so nothing of it is journalled or synced before.
  ASSIGN_OR_RETURN(db::Database database,
                   db::Database::open(partial, {.mode = db::OpenMode::kCreate,
                                                .journal = db::JournalMode::kMemory,
                                                .durability = db::Durability::kNone}));
  // Held to the end: it tells other runs that this one lives.
  RETURN_IF_ERROR(database.execute("BEGIN EXCLUSIVE"));
  RETURN_IF_ERROR(create_decision_table(database));
  RETURN_IF_ERROR(create_side_tables(database));
  ASSIGN_OR_RETURN(const auto columns, decision_columns(database));
  ASSIGN_OR_RETURN(DecisionInserter decisions, DecisionInserter::prepare(database, columns));
  ASSIGN_OR_RETURN(db::Statement group_scores,
                   database.prepare("INSERT INTO group_scores VALUES (?, ?, ?, ?, ?)"));
  ASSIGN_OR_RETURN(db::Statement image_scores,
                   database.prepare("INSERT INTO image_scores VALUES "
                                    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  ASSIGN_OR_RETURN(db::Statement dropped,
                   database.prepare("INSERT INTO dropped_images VALUES (?, ?)"));
  return std::make_unique<Tables>(Tables{.database = std::move(database),
                                         .decisions = std::move(decisions),
                                         .group_scores = std::move(group_scores),
                                         .image_scores = std::move(image_scores),
                                         .dropped = std::move(dropped)});
}

Status DecisionDatabase::Writer::close() {
  RETURN_IF_ERROR(tables->database.execute("COMMIT"));
  tables.reset();
  ASSIGN_OR_RETURN(const auto file, file_system->open(partial, files::OpenMode::kAppend));
  return file->sync();
}

Result<PublishedDatabase> DecisionDatabase::Writer::publish() const {
  while (true) {
    ASSIGN_OR_RETURN(fs::path target,
                     decision_database_target(*file_system, folder, project, existing));
    RETURN_IF_ERROR(part_from_companions(*file_system, target));
    ASSIGN_OR_RETURN(const bool is_replaced, is_taken(*file_system, target));
    std::optional<fs::path> backup;
    if (is_replaced) {
      ASSIGN_OR_RETURN(backup, keep(*file_system, target));
      RETURN_IF_ERROR(file_system->rename(partial, target));
    } else {
      // A link replaces nothing, whatever has come there in between.
      const Status linked = file_system->link(partial, target);
      if (!linked && linked.error().code == ErrorCode::kInvalidInput) {
        continue;  // something has: the name is taken now
      }
      if (linked) {
        RETURN_IF_ERROR(file_system->sync_folder(folder));
        RETURN_IF_ERROR(file_system->remove(partial));
      } else {
        // A file system without links.
        RETURN_IF_ERROR(file_system->rename(partial, target));
      }
    }
    RETURN_IF_ERROR(file_system->sync_folder(folder));
    return PublishedDatabase{.path = std::move(target), .backup = std::move(backup)};
  }
}

DecisionDatabase::DecisionDatabase(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
DecisionDatabase::DecisionDatabase(DecisionDatabase&&) noexcept = default;

DecisionDatabase::~DecisionDatabase() {
  if (writer_ == nullptr || writer_->tables == nullptr) return;
  writer_->tables.reset();
  static_cast<void>(remove_if_there(*writer_->file_system, writer_->partial));
}

Result<DecisionDatabase> DecisionDatabase::create(files::FileSystem& file_system,
                                                  const fs::path& folder, std::string_view project,
                                                  ExistingResult existing) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  // Refused now rather than when all is written.
  RETURN_IF_ERROR(decision_database_target(file_system, folder, project, existing));
  RETURN_IF_ERROR(clear_partial(file_system, folder, project));
  const fs::path partial = partial_of(folder, project);
  auto writer = std::make_unique<Writer>(Writer{.file_system = &file_system,
                                                .folder = folder,
                                                .project = std::string(project),
                                                .existing = existing,
                                                .partial = partial});
  ASSIGN_OR_RETURN(writer->tables, Writer::Tables::create(partial));
  return DecisionDatabase(std::move(writer));
}

Status DecisionDatabase::add(const Decision& decision) {
  return writer_->tables->decisions.insert(decision);
}

Status DecisionDatabase::add(const GroupScore& score) {
  return with_context(writer_->tables->group_scores.bind_text(1, score.group_id)
                          .bind_integer(2, score.num_images)
                          .bind_integer(3, score.num_scored)
                          .bind_real(4, score.margin)
                          .bind_integer(5, score.is_uncertain ? 1 : 0)
                          .run(),
                      fmt::format("group {}", score.group_id));
}

Status DecisionDatabase::add(const ImageScore& score) {
  const auto as_text = [](const std::optional<CropBox>& box) {
    return box ? std::optional(coords_to_json(*box)) : std::nullopt;
  };
  return with_context(writer_->tables->image_scores.bind_text(1, score.group_id)
                          .bind_integer(2, score.image_index)
                          .bind_text(3, score.entry)
                          .bind_integer(4, score.crc32)
                          .bind_real(5, score.score)
                          .bind_real(6, score.softmax)
                          .bind_text(7, as_text(score.crop))
                          .bind_text(8, as_text(score.raw_crop))
                          .bind_text(9, score.crop_pixels)
                          .bind_text(10, score.embedding_key)
                          .bind_integer(11, score.width)
                          .bind_integer(12, score.height)
                          .bind_text(13, score.error)
                          .run(),
                      fmt::format("image {} of group {}", score.image_index, score.group_id));
}

Status DecisionDatabase::add(const RunRecord& run) {
  ASSIGN_OR_RETURN(
      db::Statement insert,
      writer_->tables->database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  return insert.bind_text(1, run.run_id)
      .bind_text(2, to_rfc3339(run.started_at))
      .bind_text(3, to_rfc3339(run.finished_at))
      .bind_text(4, run.program_version)
      .bind_text(5, run.host)
      .bind_text(6, run.source)
      .bind_text(7, run.source_fingerprint)
      .bind_text(8, run.models_json)
      .bind_text(9, run.options_json)
      .run();
}

Status DecisionDatabase::add_dropped(std::string_view entry, std::string_view reason) {
  return with_context(writer_->tables->dropped.bind_text(1, entry).bind_text(2, reason).run(),
                      entry);
}

Result<PublishedDatabase> DecisionDatabase::finish() {
  CHECK(writer_->tables != nullptr, "the database is finished");
  RETURN_IF_ERROR(writer_->close());
  return writer_->publish();
}

}  // namespace assay::decisions
