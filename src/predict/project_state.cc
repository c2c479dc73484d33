#include "predict/project_state.h"

#include "db/database.h"
#include "db/statement.h"
#include "json/value.h"
#include "predict/project_table.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".db";
constexpr auto kEndings =
    std::to_array<std::string_view>({".db", "_ai_predictions_temp.db", "_backfill_temp.db"});
constexpr auto kPredictedColumns =
    std::to_array<std::string_view>({"ai_selected_index", "ai_crop_coords", "ai_confidence"});

Result<std::int64_t> count(db::Database& database, std::string_view condition) {
  ASSIGN_OR_RETURN(
      db::Statement statement,
      database.prepare(fmt::format("SELECT count(*) FROM ai_decisions WHERE {}", condition)));
  RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

Result<bool> has_column_of_runs(db::Database& database, std::string_view column) {
  ASSIGN_OR_RETURN(db::Statement columns,
                   database.prepare("SELECT 1 FROM pragma_table_info('runs') WHERE name = ?"));
  columns.bind_text(1, column);
  return columns.step();
}

Result<bool> holds_run(const fs::path& path, std::string_view run_id) {
  ASSIGN_OR_RETURN(db::Database database, db::Database::open(path));
  ASSIGN_OR_RETURN(const bool has_runs, has_column_of_runs(database, "run_id"));
  if (!has_runs) return false;
  ASSIGN_OR_RETURN(db::Statement run, database.prepare("SELECT 1 FROM runs WHERE run_id = ?"));
  run.bind_text(1, run_id);
  return run.step();
}

/// The mode of the last run, or nothing.
Result<std::string> last_mode(db::Database& database) {
  ASSIGN_OR_RETURN(const bool has_runs, has_column_of_runs(database, "options"));
  if (!has_runs) return std::string();
  ASSIGN_OR_RETURN(
      db::Statement run,
      database.prepare("SELECT options FROM runs ORDER BY finished_at DESC, run_id DESC LIMIT 1"));
  ASSIGN_OR_RETURN(const bool has_run, run.step());
  if (!has_run || run.is_null(0)) return std::string();
  const auto options = json::parse(run.text(0));
  const json::Value* const mode = options ? options->find("mode") : nullptr;
  return mode != nullptr && mode->text() != nullptr ? *mode->text() : std::string();
}

// Databases of all ages: each column may be missing, and so may the table.
Status read_state(DatabaseState& state) {
  ASSIGN_OR_RETURN(db::Database database, db::Database::open(state.path));
  ASSIGN_OR_RETURN(db::Statement columns,
                   database.prepare("SELECT name FROM pragma_table_info('ai_decisions')"));
  std::string condition;
  bool has_table = false;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, columns.step());
    if (!has_row) break;
    has_table = true;
    const std::string name(columns.text(0));
    for (const std::string_view column : kPredictedColumns) {
      if (name == column) {
        condition += fmt::format("{}{} IS NOT NULL", condition.empty() ? "" : " OR ", column);
      }
    }
  }
  if (!has_table) return {};
  ASSIGN_OR_RETURN(const std::int64_t num_rows, count(database, "1"));
  state.num_rows = static_cast<std::uint64_t>(num_rows);
  ASSIGN_OR_RETURN(state.mode, last_mode(database));
  if (condition.empty()) return {};
  ASSIGN_OR_RETURN(const std::int64_t num_predicted, count(database, condition));
  state.num_predicted = static_cast<std::uint64_t>(num_predicted);
  return {};
}

}  // namespace

Result<std::vector<DatabaseState>> database_states(files::FileSystem& file_system,
                                                   const fs::path& folder,
                                                   std::string_view project) {
  std::vector<DatabaseState> states;
  for (const std::string_view ending : kEndings) {
    DatabaseState state{.path = folder / fmt::format("{}{}", project, ending), .problem = {}};
    ASSIGN_OR_RETURN(const auto info, file_system.info(state.path));
    if (!info) continue;
    if (const Status read = read_state(state); !read) state.problem = read.error().message;
    states.push_back(std::move(state));
  }
  return states;
}

Result<bool> has_database_of_run(files::FileSystem& file_system, const fs::path& folder,
                                 std::string_view project, std::string_view run_id) {
  std::optional<Error> unreadable;
  for (const std::string_view ending : kEndings) {
    const fs::path path = folder / fmt::format("{}{}", project, ending);
    ASSIGN_OR_RETURN(const auto info, file_system.info(path));
    if (!info) continue;
    const auto is_there = holds_run(path, run_id);
    if (is_there && *is_there) return true;
    if (!is_there) unreadable = is_there.error();
  }
  if (unreadable) return *unreadable;
  return false;
}

Result<std::vector<std::string>> projects_with_database(files::FileSystem& file_system,
                                                        const fs::path& folder) {
  std::vector<std::string> projects;
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info) return projects;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.list(folder));
  for (const std::string& name : names) {
    if (!name.ends_with(kExtension)) continue;
    std::string project = name.substr(0, name.size() - kExtension.size());
    if (why_no_project_name(project).empty()) projects.push_back(std::move(project));
  }
  return projects;
}

}  // namespace assay::predict
