#include "records/output_figures.h"

#include "json/python_repr.h"
#include "json/python_text.h"
#include "media/gaussian_json.h"
#include "records/json_members.h"

#include <fmt/format.h>

namespace assay::records {
namespace {

constexpr double kBytesPerMegabyte = 1024.0 * 1024.0;

std::string rounded_number(double value, int num_decimals) {
  return json::python_repr(json::python_round(value, num_decimals));
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
                                const std::optional<media::GaussianReport>& report) {
  auto members = JsonMembers::parse(output).value_or(JsonMembers());
  if (lacks(members, "file_size_mb")) {
    members.set("file_size_mb",
                rounded_number(static_cast<double>(size.count()) / kBytesPerMegabyte, 2));
  }
  members.set_text("ply_file_hash", "sha256:" + hash.to_hex());
  if (!report) return members.to_text();
  if (lacks(members, "num_gaussians")) {
    // Nothing of a file that does not parse: what an earlier file had is not this one's.
    members.set("num_gaussians",
                report->defect ? "null" : fmt::to_string(report->statistics.num_gaussians));
  }
  if (lacks(members, "gaussian_stats")) {
    members.set("gaussian_stats", media::gaussian_stats_json(*report));
  }
  return members.to_text();
}

}  // namespace assay::records
