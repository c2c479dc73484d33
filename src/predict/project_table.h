/// \file
/// Which archive or folder belongs to which project: found, proposed, and as the user wrote it.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::predict {

/// In place of a project: the source is left out.
inline constexpr std::string_view kLeftOutProject = "-";

/// A row of projects.csv (columns `project`, `source` and `note`).
struct ProjectRow {
  /// Empty where the user has to say it, kLeftOutProject where it is none.
  std::string project;
  /// A name in the source folder, or a path of its own.
  std::string source;
  /// For the user; not read.
  std::string note = {};

  bool operator==(const ProjectRow&) const = default;
};

/// Why a name cannot be that of a project, since it becomes a file name that the old tools must
/// find; empty when it can. The empty name cannot.
std::string why_no_project_name(std::string_view name);

/// Read the table. Blank lines and further columns are fine.
/// Errors: kNotFound; kInvalidInput (no such columns, a project or source twice, a name that no
///         project can have; gives the row), kCorrupt (not UTF-8), and those of the file system.
Result<std::vector<ProjectRow>> read_project_table(files::FileSystem& file_system,
                                                   const std::filesystem::path& path);

/// Whether a table was changed, or another process did so first.
enum class TableChange : std::uint8_t { kMade, kOvertaken };

/// Add rows at the end of a table, in its columns; what is in it stays as it is, byte for byte. One
/// without rows is written whole. Several processes may do so at once: `seen` is what the table
/// held when the rows were found, and when it holds anything else by now, nothing is added.
/// Errors: as read_project_table(), but for kNotFound; kDenied, kNoSpace, kUnavailable.
Result<TableChange> add_project_rows(files::FileSystem& file_system,
                                     const std::filesystem::path& path,
                                     std::span<const ProjectRow> seen,
                                     std::span<const ProjectRow> rows);

/// What a source folder holds, hidden files and the Mac's companions left out.
struct FoundSources {
  /// The zips and folders. Order: by bytes.
  std::vector<std::string> names;
  /// Images that lie beside them, and so belong to no project.
  std::uint64_t num_loose_images = 0;
};

/// Look at what lies directly in `folder`.
/// Errors: kMissing (no such folder, as when a volume is not mounted), kDenied, kInvalidInput (no
///         folder), kUnavailable.
Result<FoundSources> find_sources(files::FileSystem& file_system,
                                  const std::filesystem::path& folder);

/// A source whose project cannot be told.
struct AmbiguousSource {
  std::string source;
  /// Any of these; the first is what its name alone would give.
  std::vector<std::string> candidates;
  std::string reason;
};

struct ProposedProjects {
  /// One for each source, in their order; an ambiguous one without a project.
  std::vector<ProjectRow> rows;
  std::vector<AmbiguousSource> ambiguous;
};

/// Give each source a project: the names of the old batch (`Average Patricia.zip` is Patricia),
/// else the name without `.zip`. It is ambiguous when two sources would get one name (also in
/// another case: the databases may lie on a Mac's disk), or when there is no database of that name
/// but one of a similar name, such as 1101_Hailey for 1101.zip. `databases`: names of projects that
/// have a database. `table`: rows of other sources, whose projects are taken.
ProposedProjects propose_projects(std::span<const std::string> sources,
                                  std::span<const std::string> databases,
                                  std::span<const ProjectRow> table = {});

}  // namespace assay::predict
