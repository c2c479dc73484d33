#include "json/writer.h"
#include "predict/plan.h"
#include "report/visible_text.h"

#include <cstddef>
#include <optional>
#include <string>

namespace assay::predict {
namespace {

void write_number(json::Writer& writer, std::optional<double> number) {
  if (number) {
    writer.number(*number);
  } else {
    writer.null();
  }
}

void write_time_json(json::Writer& writer, const PlannedProject& project) {
  writer.name("estimated_seconds");
  write_number(writer, project.estimated_seconds());
  writer.name("samples");
  if (!project.sampled_time) {
    writer.null();
    return;
  }
  writer.begin_object();
  writer.name("count").unsigned_integer(project.sampled_time->num_samples);
  writer.name("failed").unsigned_integer(project.sampled_time->num_failed);
  writer.name("prepare_seconds_per_image").number(project.sampled_time->prepare_seconds_per_image);
  writer.end_object();
}

void write_project_json(json::Writer& writer, const PlannedProject& project) {
  writer.begin_object();
  writer.name("project");
  if (project.project.empty()) {
    writer.null();
  } else {
    writer.text(project.project);
  }
  writer.name("source").text(project.source);
  writer.name("source_path").text(project.source_path.native());
  writer.name("kind").text(project.kind == archives::SourceKind::kZip ? "zip" : "folder");
  writer.name("status").text(to_string(project.status));
  writer.name("reason").text(project.reason);
  writer.name("in_table").boolean(project.is_in_table);
  writer.name("images").unsigned_integer(project.num_images);
  writer.name("image_bytes").unsigned_integer(project.image_size.count());
  writer.name("bad_entries").unsigned_integer(project.num_bad_entries);
  writer.name("left_out").begin_object();
  for (std::size_t i = 0; i < project.left_out.size(); ++i) {
    writer.name(archives::to_string(static_cast<archives::LeftOut>(i)))
        .unsigned_integer(project.left_out[i]);
  }
  writer.end_object();
  writer.name("groups").begin_list();
  for (const auto& [size, count] : project.groups_by_size) {
    writer.begin_object();
    writer.name("size").unsigned_integer(size).name("groups").unsigned_integer(count);
    writer.end_object();
  }
  writer.end_list();
  writer.name("ungrouped").unsigned_integer(project.num_ungrouped);
  writer.name("databases").begin_list();
  for (const DatabaseState& database : project.databases) {
    writer.begin_object();
    writer.name("path").text(database.path.native());
    writer.name("rows").unsigned_integer(database.num_rows);
    writer.name("predicted").unsigned_integer(database.num_predicted);
    writer.name("problem").text(database.problem);
    writer.end_object();
  }
  writer.end_list();
  write_time_json(writer, project);
  writer.name("remarks").begin_list();
  for (const std::string& remark : project.remarks) writer.text(remark);
  writer.end_list().end_object();
}

}  // namespace

std::string to_json(const Plan& plan) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("schema_version").integer(1);
  writer.name("source").text(plan.source.native());
  writer.name("table").text(plan.table.native());
  writer.name("table_origin").text(plan.table_origin == Plan::Table::kRead ? "read" : "proposed");
  writer.name("loose_images").unsigned_integer(plan.num_loose_images);
  writer.name("not_utf8_sources").begin_list();
  for (const std::string& source : plan.not_utf8_sources) {
    writer.text(report::visible_text(source));
  }
  writer.end_list();
  writer.name("grouping_mode").text(to_string(plan.grouping_mode));
  writer.name("projects").begin_list();
  for (const PlannedProject& project : plan.projects) write_project_json(writer, project);
  writer.end_list();
  writer.name("models").begin_list();
  for (const FoundModel& model : plan.models) {
    writer.begin_object();
    writer.name("role").text(model.wanted.role);
    writer.name("path");
    if (model.path.empty()) {
      writer.null();
    } else {
      writer.text(model.path.native());
    }
    writer.name("problem").text(model.problem);
    writer.end_object();
  }
  writer.end_list();
  writer.name("needed_bytes").unsigned_integer(plan.needed_space.count());
  writer.name("free_bytes");
  if (plan.free_space) {
    writer.unsigned_integer(plan.free_space->count());
  } else {
    writer.null();
  }
  writer.name("time_basis");
  if (plan.time_basis) {
    writer.begin_object();
    writer.name("samples").unsigned_integer(plan.time_basis->num_samples);
    writer.name("workers").unsigned_integer(plan.time_basis->num_workers);
    writer.name("model_seconds_per_image");
    write_number(writer, plan.time_basis->model_seconds_per_image);
    writer.name("model_problem").text(plan.time_basis->model_problem);
    writer.name("store_seconds_per_image");
    write_number(writer, plan.time_basis->store_seconds_per_image);
    writer.end_object();
  } else {
    writer.null();
  }
  writer.name("unreadable_log_lines").unsigned_integer(plan.num_unreadable_log_lines);
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::predict
