#include "records/output_figures.h"

#include "json/python_repr.h"
#include "json/python_text.h"
#include "records/json_members_internal.h"

#include <fmt/format.h>

namespace assay::records {
namespace {

constexpr double kBytesPerMegabyte = 1024.0 * 1024.0;

std::string rounded(double value, int num_decimals) {
  return json::python_repr(json::python_round(value, num_decimals));
}

std::string statistics_json(const GaussianStatistics& statistics) {
  JsonMembers members;
  if (statistics.opacity_form != OpacityForm::kAbsent) {
    members.set("opacity_mean", rounded(statistics.raw_opacity.mean, 4));
    members.set("opacity_std", rounded(statistics.raw_opacity.std, 4));
    members.set("opacity_min", rounded(statistics.raw_opacity.min, 4));
    members.set("opacity_max", rounded(statistics.raw_opacity.max, 4));
    members.set_text("opacity_form", to_string(statistics.opacity_form));
  }
  if (statistics.scale_form != ScaleForm::kAbsent) {
    members.set("scale_mean", rounded(statistics.scale_mean, 6));
    members.set_text("scale_form", to_string(statistics.scale_form));
  }
  if (statistics.box) members.set("bbox_volume", rounded(statistics.box->volume(), 4));
  members.set("num_not_finite", fmt::to_string(statistics.num_not_finite));
  members.set("num_degenerate", fmt::to_string(statistics.num_degenerate));
  return members.to_text();
}

bool lacks(const JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr || *value == "null";
}

}  // namespace

bool lacks_ply_figures(std::string_view output) {
  const auto members = JsonMembers::parse(output);
  return !members || lacks(*members, "num_gaussians") || lacks(*members, "gaussian_stats");
}

JsonObjectText with_ply_figures(std::string_view output, const Sha256& hash, ByteCount size,
                                const std::optional<GaussianReport>& report) {
  auto members = JsonMembers::parse(output).value_or(JsonMembers());
  if (lacks(members, "file_size_mb")) {
    members.set("file_size_mb", rounded(static_cast<double>(size.count()) / kBytesPerMegabyte, 2));
  }
  members.set_text("ply_file_hash", "sha256:" + hash.to_hex());
  if (report && report->defect) {
    members.set_text("ply_defect", report->defect->reason);
  } else if (report) {
    if (lacks(members, "num_gaussians")) {
      members.set("num_gaussians", fmt::to_string(report->statistics.num_gaussians));
    }
    if (lacks(members, "gaussian_stats")) {
      members.set("gaussian_stats", statistics_json(report->statistics));
    }
  }
  return members.to_text();
}

}  // namespace assay::records
