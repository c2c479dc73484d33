#include "predict/project_end.h"

#include "decisions/decision_database.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"
#include "predict/project_state.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxNoteSize{std::uint64_t{1} << 20};

struct Note {
  std::string project;
  std::string run_id;
  /// Of the log.
  std::string line;
};

/// Nothing for a file that is none.
std::optional<Note> parse_note(std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return std::nullopt;
  auto project = value->require_text("project");
  auto run_id = value->require_text("run_id");
  auto line = value->require_text("line");
  if (!project || !run_id || !line) return std::nullopt;
  return Note{
      .project = *std::move(project), .run_id = *std::move(run_id), .line = *std::move(line)};
}

/// Whether what follows the project in the name of a journal says a shard, such as
/// `.shard-0-of-2.journal`: another project may be called `NAME.shard-x`.
bool is_shard_ending(std::string_view ending) {
  const auto take = [&](std::string_view text) {
    const bool is_there = ending.starts_with(text);
    if (is_there) ending.remove_prefix(text.size());
    return is_there;
  };
  const auto take_number = [&] {
    const std::size_t size = std::min(ending.find_first_not_of("0123456789"), ending.size());
    ending.remove_prefix(size);
    return size > 0;
  };
  return take(".shard-") && take_number() && take("-of-") && take_number() && ending == ".journal";
}

}  // namespace

Status note_result(files::FileSystem& file_system, const DataTree& tree, std::string_view run_id,
                   const ProjectResult& result) {
  json::Writer writer;
  writer.begin_object().name("schema_version").integer(kRunLogSchemaVersion);
  writer.name("project").text(result.project);
  writer.name("run_id").text(run_id);
  writer.name("line").text(log_line(result));
  return files::write_file(file_system, tree.note(result.project),
                           writer.end_object().take() + "\n");
}

Status remove_note(files::FileSystem& file_system, const DataTree& tree, std::string_view project) {
  return file_system.remove(tree.note(project));
}

Status remove_journals(files::FileSystem& file_system, const DataTree& tree,
                       std::string_view project) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.list(tree.journals()));
  for (const std::string& name : names) {
    if (!name.starts_with(project)) continue;
    const std::string_view ending = std::string_view(name).substr(project.size());
    if (ending != ".journal" && !is_shard_ending(ending)) continue;
    RETURN_IF_ERROR(file_system.remove(tree.journals() / name));
  }
  return {};
}

Result<std::vector<std::string>> log_noted_results(files::FileSystem& file_system,
                                                   const DataTree& tree) {
  std::vector<std::string> logged;
  const auto names = file_system.list(tree.journals());
  if (!names && names.error().code == ErrorCode::kNotFound) return logged;
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!name.ends_with(DataTree::kNoteEnding)) continue;
    ASSIGN_OR_RETURN(const std::string text,
                     files::read_file(file_system, tree.journals() / name, kMaxNoteSize));
    const std::optional<Note> note = parse_note(text);
    if (!note || tree.note(note->project).filename() != name) continue;
    const auto is_published =
        has_database_of_run(file_system, tree.databases(), note->project, note->run_id);
    if (!is_published) continue;
    if (*is_published) {
      RETURN_IF_ERROR(
          append_missing(file_system, run_log_paths(tree.root()), note->project, note->line));
      RETURN_IF_ERROR(remove_journals(file_system, tree, note->project));
      RETURN_IF_ERROR(decisions::clear_partial(file_system, tree.databases(), note->project));
      logged.push_back(note->project);
    }
    RETURN_IF_ERROR(remove_note(file_system, tree, note->project));
  }
  return logged;
}

}  // namespace assay::predict
