#include "media/gaussian_json.h"

#include "json/python_repr.h"
#include "json/python_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>
#include <string_view>

namespace assay::media {
namespace {

constexpr int kOpacityDecimals = 4;
constexpr int kOtherDecimals = 6;

class Members {
 public:
  void add(std::string_view name, std::string_view json) {
    text_ += fmt::format("{}\"{}\": {}", text_.empty() ? "" : ", ", name, json);
  }
  void add_number(std::string_view name, std::optional<double> value, int num_decimals) {
    // A box wider than a double counts as not known.
    add(name, value && std::isfinite(*value)
                  ? json::python_repr(json::python_round(*value, num_decimals))
                  : "null");
  }
  void add_text(std::string_view name, std::string_view value) {
    std::string json;
    json::append_python_string(json, value);
    add(name, json);
  }
  std::string object() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string point(const std::array<double, 3>& values) {
  std::string json;
  for (const double value : values) {
    json +=
        (json.empty() ? "" : ", ") + json::python_repr(json::python_round(value, kOtherDecimals));
  }
  return "[" + json + "]";
}

}  // namespace

std::string gaussian_stats_json(const GaussianReport& report) {
  Members members;
  if (report.defect) {
    members.add_text("ply_defect",
                     fmt::format("{}: {}", to_string(report.defect->kind), report.defect->reason));
    return members.object();
  }
  const GaussianStatistics& figures = report.statistics;
  const auto where = [](bool is_there, double value) {
    return is_there ? std::optional(value) : std::nullopt;
  };
  const bool has_opacity = figures.opacity_form != OpacityForm::kAbsent;
  const bool has_scale = figures.scale_form != ScaleForm::kAbsent;
  const bool has_box = figures.box.has_value();
  members.add_number("opacity_mean", where(has_opacity, figures.raw_opacity.mean),
                     kOpacityDecimals);
  members.add_number("opacity_std", where(has_opacity, figures.raw_opacity.std), kOpacityDecimals);
  members.add_number("scale_mean", where(has_scale, figures.scale_mean), kOtherDecimals);
  members.add_number("bbox_volume", where(has_box, has_box ? figures.box->volume() : 0.0),
                     kOtherDecimals);
  members.add_number("opacity_min", where(has_opacity, figures.raw_opacity.min), kOpacityDecimals);
  members.add_number("opacity_max", where(has_opacity, figures.raw_opacity.max), kOpacityDecimals);
  members.add_text("opacity_form", to_string(figures.opacity_form));
  members.add_number("alpha_mean", where(has_opacity, figures.opacity.mean), kOpacityDecimals);
  members.add_number("alpha_std", where(has_opacity, figures.opacity.std), kOpacityDecimals);
  members.add_text("scale_form", to_string(figures.scale_form));
  members.add("bbox_min", has_box ? point(figures.box->min) : "null");
  members.add("bbox_max", has_box ? point(figures.box->max) : "null");
  members.add("num_not_finite", fmt::format("{}", figures.num_not_finite));
  members.add("num_degenerate", fmt::format("{}", figures.num_degenerate));
  return members.object();
}

}  // namespace assay::media
