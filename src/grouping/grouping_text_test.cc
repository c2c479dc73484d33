#include "grouping/grouping_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::grouping {
namespace {

struct Sample {
  std::vector<std::string> paths{"20250705_120000_stage1_generated.png",
                                 "20250705_120001_stage2_upscaled.png", "caf\u00e9.png"};
  std::vector<std::string> ids{"p_group_1"};
  std::vector<LeftOutPath> left_out{{.path = "a.yaml", .reason = NotImage::kOtherFile}};
  Grouping grouping = group_images(paths, {});
  GroupingReport report() const {
    return {.paths = paths,
            .grouping = grouping,
            .group_ids = ids,
            .left_out = left_out,
            .options = {}};
  }
};

TEST(GroupingText, NamesEveryImageAndWhyOneIsDropped) {
  const Sample sample;
  EXPECT_EQ(to_text(sample.report()),
            "3 images, mode strict, gaps up to 15m: 1 group (1 of 2), 1 image in none\n"
            "1 listed path is no image and left out\n"
            "\n"
            "p_group_1\n"
            "  20250705_120000_stage1_generated.png\n"
            "  20250705_120001_stage2_upscaled.png\n"
            "\n"
            "In no group:\n"
            "  caf\u00e9.png  (no known stage in its name)\n");
}

TEST(GroupingText, JsonHoldsTheSame) {
  const Sample sample;
  EXPECT_EQ(to_json(sample.report()), R"({
  "mode": "strict",
  "time_gap_seconds": 900,
  "num_images": 3,
  "groups": [
    {
      "group_id": "p_group_1",
      "images": [
        "20250705_120000_stage1_generated.png",
        "20250705_120001_stage2_upscaled.png"
      ]
    }
  ],
  "dropped": [
    {
      "image": "café.png",
      "reason": "unknown_stage"
    }
  ],
  "left_out": [
    {
      "path": "a.yaml",
      "reason": "other_file"
    }
  ]
}
)");
}

}  // namespace
}  // namespace assay::grouping
