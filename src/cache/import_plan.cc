#include "archives/entry_source.h"
#include "cache/import.h"
#include "cache/layout.h"
#include "core/shown_text.h"
#include "files/byte_source.h"
#include "files/path.h"
#include "tables/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

struct GivenLabel {
  Label label = Label::kNone;
  std::string description = {};
  std::string position = {};  ///< Of its row, for messages.
  bool is_used = false;
};
using GivenLabels = std::map<std::string, GivenLabel, std::less<>>;

/// Other programs pass over a picture without works that has words of works.
Status check_description(Label label, std::string_view description) {
  if (label == Label::kRoadwork || description.empty()) return {};
  return invalid_input(
      "a description tells what works are seen: leave it out with the label none, since the "
      "validator passes over an image whose label and description disagree");
}

std::optional<std::size_t> first_column(const tables::CsvReader& reader,
                                        std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto column = reader.find_column(name)) return column;
  }
  return std::nullopt;
}

/// Errors: as plan_import().
Result<GivenLabels> read_labels(files::FileSystem& file_system, const fs::path& path) {
  constexpr std::array<std::string_view, 5> kFileNames = {"file", "filename", "file_name", "path",
                                                          "image"};
  constexpr std::array<std::string_view, 1> kLabelNames = {"label"};
  constexpr std::array<std::string_view, 2> kDescriptionNames = {"description",
                                                                 "scene_description"};
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  ASSIGN_OR_RETURN(tables::CsvReader reader, tables::CsvReader::open(*source));
  const auto file = first_column(reader, kFileNames);
  const auto label = first_column(reader, kLabelNames);
  const auto description = first_column(reader, kDescriptionNames);
  if (!file || !label) {
    return invalid_input(fmt::format(
        "{}: expected a header with the columns file and label (and description, if wanted)",
        path.native()));
  }
  GivenLabels labels;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, reader.next_row());
    if (!has_row) return labels;
    const std::string position = fmt::format("{}, {}", path.native(), reader.row_position());
    const std::string name = files::normal_form(reader.cell(*file).value_or(""));
    ASSIGN_OR_RETURN(const Label read,
                     with_context(parse_label(reader.cell(*label).value_or("")), position));
    GivenLabel given{.label = read, .position = position};
    if (description) given.description = reader.cell(*description).value_or("");
    RETURN_IF_ERROR(with_context(check_description(given.label, given.description), position));
    if (!labels.emplace(name, std::move(given)).second) {
      return invalid_input(
          fmt::format("{}: {} has a label above already", position, shown_text(name)));
    }
  }
}

/// By the outermost of the folders that is named after one.
std::optional<Label> label_of_folders(const fs::path& relative) {
  const fs::path folders = relative.parent_path();
  for (const fs::path& part : folders) {
    if (const auto label = parse_label(part.native())) return *label;
  }
  return std::nullopt;
}

/// The cache's own folders below `folder`, relative to it: items, state and quarantine. One that is
/// `folder` itself, or above it, is meant. Errors: as plan_import().
Result<std::vector<std::string>> own_folders(files::FileSystem& file_system, const fs::path& folder,
                                             const fs::path& cache_root) {
  std::vector<std::string> own;
  if (cache_root.empty()) return own;
  const CacheLayout layout(cache_root);
  std::vector<fs::path> paths = {layout.state(), layout.quarantine()};
  for (const ItemFolder items : kItemFolders) paths.push_back(layout.folder(items));
  ASSIGN_OR_RETURN(const fs::path above, file_system.resolve(folder));
  for (const fs::path& path : paths) {
    ASSIGN_OR_RETURN(const fs::path resolved, file_system.resolve(path));
    const fs::path relative = resolved.lexically_relative(above);
    const bool is_below = !relative.empty() && relative != "." && *relative.begin() != "..";
    if (is_below) own.push_back(relative.native() + "/");
  }
  return own;
}

}  // namespace

Result<ImportPlan> plan_import(files::FileSystem& file_system, const fs::path& folder,
                               const ImportPlanOptions& options) {
  if (options.label) RETURN_IF_ERROR(check_description(*options.label, options.description));
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (!info) return not_found(folder.native() + " is not there; give a folder of images");
  if (info->kind != files::FileKind::kFolder) {
    return invalid_input(folder.native() + " is no folder; give the folder that holds the images");
  }
  GivenLabels labels;
  if (!options.labels_file.empty()) {
    ASSIGN_OR_RETURN(labels, read_labels(file_system, options.labels_file));
  }
  ASSIGN_OR_RETURN(const auto source, archives::open_entry_source(file_system, folder));
  ImportPlan plan;
  plan.num_empty = source->left_out().at(static_cast<std::size_t>(archives::LeftOut::kEmpty));
  ASSIGN_OR_RETURN(const std::vector<std::string> own,
                   own_folders(file_system, folder, options.cache_root));
  for (const archives::SourceEntry& entry : source->entries()) {
    const fs::path relative = entry.path;
    const auto holds_it = [&](const std::string& prefix) { return entry.path.starts_with(prefix); };
    const auto given = labels.find(entry.path);
    // A row that names one means it.
    if (given == labels.end() && std::ranges::any_of(own, holds_it)) {
      plan.num_of_cache += is_image_name(relative.filename().native()) ? 1 : 0;
      continue;
    }
    if (!is_image_name(relative.filename().native())) {
      ++plan.num_passed_over;
      continue;
    }
    ImportFile file{
        .path = folder / relative, .label = options.label, .description = options.description};
    if (given != labels.end()) {
      file.label = given->second.label;
      file.description = given->second.description;
      given->second.is_used = true;
    } else if (!file.label && options.labels_file.empty()) {
      file.label = label_of_folders(relative);
    }
    plan.num_unlabelled += file.label ? 0 : 1;
    plan.files.push_back(std::move(file));
  }
  for (const auto& [name, label] : labels) {
    if (label.is_used) continue;
    return invalid_input(
        fmt::format("{}: {} is no image of {}; give paths below that folder, with the extension of "
                    "an image",
                    label.position, shown_text(name), folder.native()));
  }
  return plan;
}

}  // namespace assay::cache
