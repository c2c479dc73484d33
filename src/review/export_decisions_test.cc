#include "review/export_decisions.h"

#include "decisions/decision_database.h"
#include "files/file_system.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
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

/// The row of the one group of a source, behind the name of the model's image.
std::string row_of_csv(const DecisionSource& source) {
  files::testing::SimulatedFileSystem disk;
  EXPECT_TRUE(write_csv(disk, "/out.csv", std::vector{source}));
  const std::string csv = disk.content("/out.csv").value_or("");
  return csv.substr(std::min(csv.find("a.png,0."), csv.size()));
}

TEST(WriteCsv, EachCropIsInPixelsOfItsOwnImage) {
  DecisionSource source{.path = "p.db", .table = {}};
  decisions::Decision decision{
      .group_id = "g",
      .images = {"a.png", "b.png"},
      .ai_selected_index = 0,
      .ai_crop_coords = decisions::CropBox{.x1 = 0.25, .y1 = 0.25, .x2 = 0.75, .y2 = 0.75},
      .user_selected_index = 1,
      .user_action = "crop",
      .final_crop_coords = decisions::CropBox{.x1 = 0.5, .y1 = 0.5, .x2 = 0.75, .y2 = 0.75},
      .image_width = 400,
      .image_height = 200};
  source.table.decisions = {decision};
  source.sizes["g"] = {.ai = images::ImageSize{.width = 100, .height = 80},
                       .user = images::ImageSize{.width = 400, .height = 200}};
  EXPECT_TRUE(row_of_csv(source).starts_with(
      "a.png,0.25,0.25,0.75,0.75,25,20,75,60,,1,b.png,crop,0.5,0.5,0.75,0.75,200,100,300,150,"))
      << row_of_csv(source);
  // Of two images one size is not told to be of either; of one it is.
  source.sizes.clear();
  EXPECT_TRUE(row_of_csv(source).starts_with(
      "a.png,0.25,0.25,0.75,0.75,,,,,,1,b.png,crop,0.5,0.5,0.75,0.75,,,,,"))
      << row_of_csv(source);
  source.table.decisions[0].user_selected_index = 0;
  EXPECT_TRUE(row_of_csv(source).starts_with(
      "a.png,0.25,0.25,0.75,0.75,100,50,300,150,,0,a.png,crop,0.5,0.5,0.75,0.75,200,100,300,150,"))
      << row_of_csv(source);
}

TEST(ReadDecisionFolder, TakesTheSizesOfThePickedImages) {
  const files::testing::TemporaryFolder folder;
  auto database =
      decisions::DecisionDatabase::create(files::posix_file_system(), folder.path(), "p");
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->add(decisions::Decision{.group_id = "g",
                                                .timestamp = "2025-11-01T00:00:00Z",
                                                .project_id = "p",
                                                .images = {"a.png", "b.png", "c.png"},
                                                .ai_selected_index = 2,
                                                .user_selected_index = 1,
                                                .image_width = 20,
                                                .image_height = 10}));
  for (int index = 0; index < 3; ++index) {
    ASSERT_TRUE(database->add(decisions::ImageScore{
        .group_id = "g", .image_index = index, .width = 10 + (10 * index), .height = 10}));
  }
  ASSERT_TRUE(database->finish());
  const auto read = read_decision_folder(files::posix_file_system(), folder.path());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->sources.size(), 1);
  const auto sizes = read->sources[0].sizes.find("g");
  ASSERT_NE(sizes, read->sources[0].sizes.end());
  EXPECT_EQ(sizes->second.ai, (images::ImageSize{.width = 30, .height = 10}));
  EXPECT_EQ(sizes->second.user, (images::ImageSize{.width = 20, .height = 10}));
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
