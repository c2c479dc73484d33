#include "review/export_decisions.h"

#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::review {
namespace {

DecisionSource sample() {
  DecisionSource source{.path = "dbs/mojo1.db", .table = {}};
  source.table.decisions.push_back(
      {.group_id = "g1",
       .timestamp = "2025-11-01T00:00:00Z",
       .project_id = "mojo1",
       .images = {"x_stage1.5_face_swapped.png", "b, \"c\".png"},
       .ai_selected_index = 0,
       .ai_crop_coords = decisions::CropBox{.x1 = 0.1, .y1 = 0, .x2 = 0.9, .y2 = 1},
       .ai_confidence = 0.5,
       .image_width = 100,
       .image_height = 333,
       .selection_match = true});
  source.table.decisions.push_back(
      {.group_id = "g2", .project_id = "../evil", .images = {"a.png"}});
  return source;
}

TEST(WriteCsv, HasARowAGroupAndEmptyFieldsForNothing) {
  files::testing::SimulatedFileSystem disk;
  ASSERT_TRUE(write_csv(disk, "/out.csv", std::vector{sample()}));
  const std::string csv = *disk.content("/out.csv");
  EXPECT_TRUE(csv.starts_with("database,group_id,timestamp,project_id,")) << csv;
  EXPECT_TRUE(
      csv.contains("mojo1.db,g1,2025-11-01T00:00:00Z,mojo1,,,"
                   "\"[\"\"x_stage1.5_face_swapped.png\"\", \"\"b, \\\"\"c\\\"\".png\"\"]\","
                   "2,0,x_stage1.5_face_swapped.png,0.1,0.0,0.9,1.0,10,0,90,333,0.5,,,"))
      << csv;
  EXPECT_TRUE(csv.contains("\r\nmojo1.db,g2,,../evil,,,\"[\"\"a.png\"\"]\",1,,,,")) << csv;
}

TEST(WriteSidecars, OneForEachSelectedImageInAFolderOfItsProject) {
  files::testing::SimulatedFileSystem disk;
  DecisionSource source = sample();
  source.table.decisions[1].ai_selected_index = 0;
  const auto summary = write_sidecars(disk, "/out", std::vector{source, source});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->num_written, 2);
  EXPECT_EQ(summary->taken, (std::vector<std::string>{"g1", "g2"}));
  EXPECT_EQ(disk.content("/out/mojo1/x_stage1.5_face_swapped.decision").value_or(""), R"({
  "group_id": "g1",
  "project_id": "mojo1",
  "needs_crop": true,
  "ai_route": "suggestion",
  "ai_crop_coords": [
    0.1,
    0.0,
    0.9,
    1.0
  ]
}
)");
  // A project that names no folder takes the database's name.
  const auto manual = disk.content("/out/mojo1/a.decision");
  ASSERT_TRUE(manual);
  EXPECT_TRUE(manual->contains("\"ai_route\": \"manual\",\n  \"ai_crop_coords\": null")) << *manual;
}

TEST(WriteSidecars, OnlyIntoANewFolder) {
  files::testing::SimulatedFileSystem disk;
  ASSERT_TRUE(write_sidecars(disk, "/out", std::vector{sample()}));
  const auto again = write_sidecars(disk, "/out", std::vector{sample()});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
}

TEST(WriteParquet, IsWrittenWholeOrNotAtAll) {
  files::testing::SimulatedFileSystem disk;
  ASSERT_TRUE(write_parquet(disk, "/out.parquet", std::vector{sample()}));
  EXPECT_TRUE(disk.content("/out.parquet")->starts_with("PAR1"));
  EXPECT_TRUE(disk.content("/out.parquet")->ends_with("PAR1"));
}

}  // namespace
}  // namespace assay::review
