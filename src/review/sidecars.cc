#include "files/atomic_file.h"
#include "json/writer.h"
#include "review/export_decisions.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

namespace assay::review {
namespace {

namespace fs = std::filesystem;

/// The name without its last suffix, as Python's pathlib: `a_stage1.5_x.png` is `a_stage1.5_x`.
std::string_view stem_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

std::string sidecar_json(const decisions::Decision& decision) {
  const bool has_crop =
      decision.ai_crop_coords && decisions::is_within_image(*decision.ai_crop_coords);
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("group_id").text(decision.group_id);
  writer.name("project_id").text(decision.project_id);
  writer.name("needs_crop").boolean(true);
  writer.name("ai_route").text(has_crop ? "suggestion" : "manual");
  writer.name("ai_crop_coords");
  if (has_crop) {
    const decisions::CropBox& box = *decision.ai_crop_coords;
    writer.begin_list().number(box.x1).number(box.y1).number(box.x2).number(box.y2).end_list();
  } else {
    writer.null();
  }
  writer.end_object();
  return writer.take() + "\n";
}

/// A folder name from outside that stays one folder within another.
std::string folder_of(const DecisionSource& source, const decisions::Decision& decision) {
  const std::string& project = decision.project_id;
  const bool is_name = !project.empty() && project != "." && project != ".." &&
                       !project.contains('/') && !project.contains('\0');
  return is_name ? project : source.path.stem().string();
}

}  // namespace

Result<SidecarSummary> write_sidecars(files::FileSystem& file_system, const fs::path& folder,
                                      std::span<const DecisionSource> sources,
                                      const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder));
  if (info) {
    ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
    if (!names.empty()) {
      return invalid_input(fmt::format(
          "{}: the folder for .decision files is not empty; name a new one", folder.native()));
    }
  }
  RETURN_IF_ERROR(file_system.create_folders(folder));
  SidecarSummary summary;
  std::set<fs::path> written;
  for (const DecisionSource& source : sources) {
    for (const decisions::Decision& decision : source.table.decisions) {
      if (stop.stop_requested()) return cancelled("the export was interrupted");
      if (!decision.ai_selected_index) {
        ++summary.num_without_selection;
        continue;
      }
      const std::string& image =
          decision.images[static_cast<std::size_t>(*decision.ai_selected_index)];
      const fs::path target = folder / folder_of(source, decision) /
                              (std::string(stem_of(decisions::base_name_of(image))) + ".decision");
      if (!written.insert(target).second) {
        summary.taken.push_back(decision.group_id);
        continue;
      }
      RETURN_IF_ERROR(files::write_file(file_system, target, sidecar_json(decision)));
      ++summary.num_written;
    }
  }
  return summary;
}

}  // namespace assay::review
