#include "predict/project_table.h"

#include "core/utf8.h"
#include "files/atomic_file.h"
#include "files/brief_lock.h"
#include "files/byte_source.h"
#include "grouping/image_name.h"
#include "tables/csv.h"
#include "tables/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace assay::predict {
namespace {

namespace fs = std::filesystem;

/// The old batch's own list, where a project is not called as its archive.
constexpr auto kOldNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"1101.zip", "1101_Hailey"},
    {"Average Patricia.zip", "Patricia"},
    {"Eleni_raw.zip", "Eleni"},
    {"Slender Kiara.zip", "Kiara_Slender"},
});

constexpr ByteCount kMaxTableSize{std::uint64_t{1} << 26};

/// A word that says how images were made, not who is on them.
constexpr std::string_view kUnspecificWord = "raw";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  return lower;
}

bool is_zip_name(std::string_view name) { return lower_case(name).ends_with(".zip"); }

bool is_image_name(std::string_view name) {
  return std::ranges::any_of(
      grouping::image_extensions(),
      [lower = lower_case(name)](const std::string& ending) { return lower.ends_with(ending); });
}

std::string name_without_zip(std::string_view source) {
  const std::string name = fs::path(source).filename().native();
  return is_zip_name(name) ? name.substr(0, name.size() - 4) : name;
}

std::set<std::string> words_of(std::string_view name) {
  std::set<std::string> words;
  std::string word;
  const auto finish_word = [&] {
    if (!word.empty() && word != kUnspecificWord) words.insert(word);
    word.clear();
  };
  for (const char character : lower_case(name)) {
    const bool is_separator = std::string_view(" _-.").contains(character);
    if (is_separator) {
      finish_word();
    } else {
      word += character;
    }
  }
  finish_word();
  return words;
}

bool is_similar(std::string_view a, std::string_view b) {
  const std::set<std::string> first = words_of(a);
  const std::set<std::string> second = words_of(b);
  if (first.empty() || second.empty()) return false;
  return std::ranges::includes(first, second) || std::ranges::includes(second, first);
}

std::optional<std::string> old_name_of(std::string_view source) {
  for (const auto& [archive, project] : kOldNames) {
    if (source == archive) return std::string(project);
  }
  return std::nullopt;
}

Error bad_row(const tables::CsvReader& reader, const fs::path& path, std::string_view problem) {
  return invalid_input(fmt::format("{}: {}: {}", path.native(), reader.row_position(), problem));
}

/// Holds one row against those before it. Errors: kInvalidInput.
class RowCheck {
 public:
  Status check(const ProjectRow& row, const tables::CsvReader& reader, const fs::path& path) {
    if (row.source.empty()) return bad_row(reader, path, "no source; name an archive or a folder");
    if (!sources_.insert(row.source).second) {
      return bad_row(reader, path, fmt::format("the source '{}' stands twice", row.source));
    }
    if (row.project.empty() || row.project == kLeftOutProject) return {};
    if (const std::string problem = why_no_project_name(row.project); !problem.empty()) {
      return bad_row(reader, path, fmt::format("project '{}': {}", row.project, problem));
    }
    if (!projects_.insert(lower_case(row.project)).second) {
      return bad_row(
          reader, path,
          fmt::format("the project '{}' stands twice; give one source for each", row.project));
    }
    return {};
  }

 private:
  std::set<std::string> sources_;
  std::set<std::string> projects_;  // in lower case
};

/// Whole. Errors: as AtomicFile.
Status write_project_table(files::FileSystem& file_system, const fs::path& path,
                           std::span<const ProjectRow> rows) {
  std::string text;
  tables::append_csv_row(text, std::array<std::string_view, 3>{"project", "source", "note"});
  for (const ProjectRow& row : rows) {
    tables::append_csv_row(text,
                           std::array<std::string_view, 3>{row.project, row.source, row.note});
  }
  return files::write_file(file_system, path, text);
}

/// At the end of a table that has rows. Errors: as add_project_rows().
Status append_project_rows(files::FileSystem& file_system, const fs::path& path,
                           std::span<const ProjectRow> rows) {
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  ASSIGN_OR_RETURN(
      const tables::CsvReader reader,
      tables::CsvReader::open(*source, {.quoted_newlines = tables::QuotedNewlines::kKept}));
  ASSIGN_OR_RETURN(std::string text, files::read_file(file_system, path, kMaxTableSize));
  constexpr std::string_view kOurLineEnd = "\r\n";
  const std::string_view line_end = text.contains(kOurLineEnd) ? kOurLineEnd : "\n";
  if (!text.ends_with('\n')) text += line_end;
  for (const ProjectRow& row : rows) {
    std::vector<std::string_view> cells(reader.header().size());
    const auto fill = [&](std::string_view column, std::string_view value) {
      if (const auto place = reader.find_column(column)) cells[*place] = value;
    };
    fill("project", row.project);
    fill("source", row.source);
    fill("note", row.note);
    tables::append_csv_row(text, cells);
    text.replace(text.size() - kOurLineEnd.size(), kOurLineEnd.size(), line_end);
  }
  return files::write_file(file_system, path, text);
}

}  // namespace

std::string why_no_project_name(std::string_view name) {
  constexpr std::size_t kMaxNameSize = 200;  // of 255 that a file name has, with our endings
  if (name.empty()) return "the name is empty";
  if (name == kLeftOutProject) return "in the table it leaves a source out";
  if (name.size() > kMaxNameSize) return "the name is over 200 bytes";
  if (name.starts_with('.')) return "a name that begins with a dot is hidden";
  if (name.contains('/')) return "a name cannot hold a slash";
  const bool has_control = std::ranges::any_of(
      name, [](char character) { return static_cast<unsigned char>(character) < 0x20; });
  if (has_control) return "a name cannot hold a line break or another control character";
  if (!is_utf8(name)) return "a name must be UTF-8";
  const std::string lower = lower_case(name);
  if (lower.ends_with("_temp") || lower.contains("backup")) {
    return "the old tools pass over databases named so (_temp, backup)";
  }
  return {};
}

Result<std::vector<ProjectRow>> read_project_table(files::FileSystem& file_system,
                                                   const fs::path& path) {
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  ASSIGN_OR_RETURN(
      tables::CsvReader reader,
      tables::CsvReader::open(*source, {.quoted_newlines = tables::QuotedNewlines::kKept}));
  const auto project_column = reader.find_column("project");
  const auto source_column = reader.find_column("source");
  if (!project_column || !source_column) {
    return invalid_input(
        fmt::format("{}: the first line must name the columns project and source", path.native()));
  }
  std::vector<ProjectRow> rows;
  RowCheck rows_before;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, reader.next_row());
    if (!has_row) return rows;
    ProjectRow row{.project = std::string(reader.cell(*project_column).value_or("")),
                   .source = std::string(reader.cell(*source_column).value_or(""))};
    RETURN_IF_ERROR(rows_before.check(row, reader, path));
    rows.push_back(std::move(row));
  }
}

Result<TableChange> add_project_rows(files::FileSystem& file_system, const fs::path& path,
                                     std::span<const ProjectRow> seen,
                                     std::span<const ProjectRow> rows) {
  ASSIGN_OR_RETURN(const auto turn, files::BriefLock::take(file_system, path));
  auto present = read_project_table(file_system, path);
  if (!present && present.error().code != ErrorCode::kNotFound) return std::move(present.error());
  if (!std::ranges::equal(present ? *present : std::vector<ProjectRow>(), seen)) {
    return TableChange::kOvertaken;
  }
  RETURN_IF_ERROR(seen.empty() ? write_project_table(file_system, path, rows)
                               : append_project_rows(file_system, path, rows));
  return TableChange::kMade;
}

Result<FoundSources> find_sources(files::FileSystem& file_system, const fs::path& folder) {
  const auto names = file_system.list(folder);
  if (!names && names.error().code == ErrorCode::kNotFound) {
    return missing(
        fmt::format("{}: there is no such folder; expected a folder of zips and of "
                    "folders of images: is the volume mounted?",
                    folder.native()));
  }
  if (!names) return names.error();
  FoundSources found;
  for (const std::string& name : *names) {
    if (name.starts_with('.') || name == "__MACOSX") continue;
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / name));
    if (!info) continue;
    if (info->kind == files::FileKind::kFolder || is_zip_name(name)) {
      found.names.push_back(name);
    } else if (is_image_name(name)) {
      ++found.num_loose_images;
    }
  }
  return found;
}

ProposedProjects propose_projects(std::span<const std::string> sources,
                                  std::span<const std::string> databases,
                                  std::span<const ProjectRow> table) {
  const std::set<std::string> known(databases.begin(), databases.end());
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::size_t>> claims;  // sources by name in lower case
  std::set<std::string> claimed;
  std::map<std::string, std::string> taken;  // the sources of the table by name in lower case
  for (const ProjectRow& row : table) {
    taken.emplace(lower_case(row.project), row.source);
    claimed.insert(row.project);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    names.push_back(old_name_of(sources[i]).value_or(name_without_zip(sources[i])));
    claims[lower_case(names[i])].push_back(i);
    claimed.insert(names[i]);
  }
  ProposedProjects proposed;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    AmbiguousSource ambiguous{.source = sources[i], .candidates = {names[i]}, .reason = {}};
    const auto& rivals = claims[lower_case(names[i])];
    if (rivals.size() > 1) {
      const std::string& rival = sources[rivals[0] == i ? rivals[1] : rivals[0]];
      ambiguous.reason = fmt::format("'{}' would be the same project", rival);
    } else if (const auto owner = taken.find(lower_case(names[i])); owner != taken.end()) {
      ambiguous.reason = fmt::format("the table gives that project to '{}'", owner->second);
    } else if (const std::string problem = why_no_project_name(names[i]); !problem.empty()) {
      ambiguous.reason = problem;
    } else if (!known.contains(names[i]) && !old_name_of(sources[i])) {
      for (const std::string& database : known) {
        if (claimed.contains(database) || !is_similar(names[i], database)) continue;
        ambiguous.candidates.push_back(database);
        ambiguous.reason = "there is a database of a similar name";
      }
    }
    if (ambiguous.reason.empty()) {
      proposed.rows.push_back({.project = names[i], .source = sources[i]});
      continue;
    }
    proposed.rows.push_back(
        {.project = {},
         .source = sources[i],
         .note = fmt::format("{}: fill in the project, such as {}", ambiguous.reason,
                             fmt::join(ambiguous.candidates, " or "))});
    proposed.ambiguous.push_back(std::move(ambiguous));
  }
  return proposed;
}

}  // namespace assay::predict
