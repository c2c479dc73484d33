#include "cli/predict_options_internal.h"
#include "core/bytes.h"
#include "core/utf8.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "grouping/grouping_text.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {
namespace {

using literals::operator""_MiB;

/// Three million names of 80 bytes; a larger file is some other file given by mistake.
constexpr ByteCount kMaxNamesFileSize = 256_MiB;

struct GroupFlags {
  std::string names;
  std::string project;
  GroupingFlags grouping;
};

struct ListedPaths {
  std::vector<std::string> images;
  std::vector<grouping::LeftOutPath> left_out;
};

/// One path a line; lines that are blank are none.
ListedPaths read_lines(std::string_view text) {
  text = without_byte_order_mark(text);
  ListedPaths paths;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (const auto reason = grouping::why_not_image(line)) {
      paths.left_out.push_back({.path = std::string(line), .reason = *reason});
    } else {
      paths.images.emplace_back(line);
    }
  }
  return paths;
}

Result<ExitCode> run_group(const GroupFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const grouping::GroupingOptions options, flags.grouping.options());
  ASSIGN_OR_RETURN(const grouping::GroupIdForm id_form, flags.grouping.id_form());
  ASSIGN_OR_RETURN(const std::string text,
                   files::read_file(files::posix_file_system(), flags.names, kMaxNamesFileSize));
  // No path holds it, and every archive and image does.
  if (text.contains('\0')) {
    return invalid_input(
        fmt::format("{}: expected a file of paths, one a line; for a zip: unzip -Z1 FILE.zip > "
                    "names.txt",
                    flags.names));
  }
  const ListedPaths paths = read_lines(text);
  const grouping::Grouping grouping = grouping::group_images(paths.images, options);
  const std::string project =
      flags.project.empty() ? std::filesystem::path(flags.names).stem().string() : flags.project;
  const std::vector<std::string> ids =
      grouping::make_group_ids(project, paths.images, grouping.groups, id_form);
  const grouping::GroupingReport report{.paths = paths.images,
                                        .grouping = grouping,
                                        .group_ids = ids,
                                        .left_out = paths.left_out,
                                        .options = options};
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? to_json(report) : to_text(report)));
  return ExitCode::kOk;
}

}  // namespace

void add_predict_group_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<GroupFlags>();
  CLI::App& command = tree.add_command(
      group, "group", "Show which images of a list would be grouped, and why others would not.",
      {"unzip -Z1 mojo1.zip > mojo1.txt; assay predict group --names mojo1.txt",
       "assay predict group --names mojo1.txt --mode compat --group-id compat --json"},
      [flags](Session& session) { return run_group(*flags, session); });
  add_option(command, "--names", flags->names,
             "A file of paths, one a line. Folders, hidden files and files with another extension "
             "than an image's are left out.")
      ->required()
      ->type_name("FILE");
  add_option(command, "--project", flags->project,
             "The project in the ids of groups; by default the name of the file.")
      ->type_name("ID");
  flags->grouping.add_to(command);
}

}  // namespace assay::cli
