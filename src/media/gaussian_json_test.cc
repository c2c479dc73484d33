#include "media/gaussian_json.h"

#include "core/bytes.h"
#include "json/python_text.h"
#include "media/testing/splat_file.h"

#include <gtest/gtest.h>

namespace assay::media {
namespace {

TEST(GaussianJson, HoldsTheFiguresInPythonsForm) {
  testing::SplatFile file;
  file.num_rows = 2;
  file.values = {{"x", {0, 2}}, {"y", {0, 3}}, {"z", {-1, 0}}, {"opacity", {-1, 4}}};
  const std::string json = gaussian_stats_json(scan_gaussians(as_bytes(file.bytes())));
  EXPECT_EQ(json,
            R"({"opacity_mean": 1.5, "opacity_std": 2.5, "scale_mean": 1.0, "bbox_volume": 6.0, )"
            R"("opacity_min": -1.0, "opacity_max": 4.0, "opacity_form": "logit", )"
            R"("alpha_mean": 0.6255, "alpha_std": 0.3565, "scale_form": "log", )"
            R"("bbox_min": [0.0, 0.0, -1.0], "bbox_max": [2.0, 3.0, 0.0], "num_not_finite": 0, )"
            R"("num_degenerate": 0})");
  EXPECT_EQ(json::python_dumps(json).value(), json);
}

TEST(GaussianJson, SaysWhyAFileHasNoFigures) {
  EXPECT_EQ(gaussian_stats_json(scan_gaussians(as_bytes("PK"))),
            R"({"ply_defect": "not_ply: the first line is not `ply`"})");
}

TEST(GaussianJson, WhatTheFileLacksIsNull) {
  testing::SplatFile file;
  file.properties = {{"red", PlyType::kUint8}};
  const std::string json = gaussian_stats_json(scan_gaussians(as_bytes(file.bytes())));
  EXPECT_TRUE(
      json.starts_with(R"({"opacity_mean": null, "opacity_std": null, "scale_mean": null)"));
  EXPECT_NE(json.find(R"("bbox_min": null)"), std::string::npos);
}

}  // namespace
}  // namespace assay::media
