#include "decisions/scored_project.h"

#include "db/database.h"
#include "decisions/decision_database.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace assay::decisions {
namespace {

namespace fs = std::filesystem;

class ScoredProjectTest : public ::testing::Test {
 protected:
  fs::path write_ours() {
    auto database = DecisionDatabase::create(file_system_, folder_.path(), "mojo1").value();
    for (const char* id : {"g2", "g1"}) {
      EXPECT_TRUE(database.add(Decision{.group_id = id,
                                        .timestamp = "2025-11-01T00:00:00Z",
                                        .project_id = "mojo1",
                                        .images = {"a.png", "b.png"},
                                        .ai_selected_index = 1,
                                        .image_width = 10,
                                        .image_height = 20}));
    }
    EXPECT_TRUE(database.add(GroupScore{
        .group_id = "g1", .num_images = 2, .num_scored = 1, .margin = 0.25, .is_uncertain = true}));
    EXPECT_TRUE(
        database.add(ImageScore{.group_id = "g1",
                                .image_index = 1,
                                .entry = "in/b.png",
                                .crc32 = 7,
                                .score = 0.5,
                                .crop = CropBox{.x1 = 0.1, .y1 = 0.2, .x2 = 0.3, .y2 = 0.4}}));
    EXPECT_TRUE(database.add(
        ImageScore{.group_id = "g1", .image_index = 9, .entry = "no image of the group"}));
    EXPECT_TRUE(database.add(RunRecord{.run_id = "r", .source = "/zips/mojo1.zip"}));
    EXPECT_TRUE(database.add_dropped("x.png", "no_partner"));
    EXPECT_TRUE(database.add_dropped("y.png", "no_partner"));
    return database.finish().value().path;
  }

  files::testing::TemporaryFolder folder_;
  files::FileSystem& file_system_ = files::posix_file_system();
};

TEST_F(ScoredProjectTest, JoinsRowsWithTheScoresBesideThem) {
  const auto project = read_scored_project(write_ours());
  ASSERT_TRUE(project) << project.error().message;
  EXPECT_EQ(project->project, "mojo1");
  EXPECT_EQ(project->run->source, "/zips/mojo1.zip");
  EXPECT_EQ(project->dropped.at("no_partner"), 2U);
  ASSERT_EQ(project->groups.size(), 2U);
  const ScoredGroup& group = project->groups[0];
  EXPECT_EQ(group.decision.group_id, "g1");
  EXPECT_TRUE(group.is_uncertain());
  EXPECT_EQ(group.score->margin, 0.25);
  ASSERT_EQ(group.images.size(), 2U);
  EXPECT_FALSE(group.images[0].score);
  EXPECT_EQ(group.images[1].name, "b.png");
  EXPECT_EQ(group.images[1].score->entry, "in/b.png");
  EXPECT_EQ(group.images[1].score->crop, (CropBox{.x1 = 0.1, .y1 = 0.2, .x2 = 0.3, .y2 = 0.4}));
  EXPECT_FALSE(project->groups[1].score);
  EXPECT_FALSE(project->groups[1].is_uncertain());
}

TEST_F(ScoredProjectTest, ADatabaseOfTheOldToolsHasDecisionsAlone) {
  const fs::path path = folder_.path() / "old.db";
  {
    auto database = db::Database::open(path, {.mode = db::OpenMode::kCreate}).value();
    ASSERT_TRUE(database.execute(
        "CREATE TABLE ai_decisions (group_id TEXT PRIMARY KEY, project_id TEXT, images TEXT, "
        "ai_selected_index INTEGER, ai_crop_coords TEXT, ai_confidence REAL);"
        "INSERT INTO ai_decisions VALUES ('g', NULL, '[\"a.png\"]', 0, NULL, 1.0), "
        "('h', NULL, 'no list', 0, NULL, 1.0)"));
  }
  const auto project = read_scored_project(path);
  ASSERT_TRUE(project) << project.error().message;
  EXPECT_EQ(project->project, "old");
  EXPECT_FALSE(project->run);
  ASSERT_EQ(project->groups.size(), 1U);
  EXPECT_FALSE(project->groups[0].images.at(0).score);
  EXPECT_EQ(project->bad_rows.size(), 1U);
}

TEST_F(ScoredProjectTest, OfSeveralPathsEachDatabaseIsReadOnce) {
  const fs::path ours = write_ours();
  std::ofstream(folder_.path() / "text.db") << "this is no database, however long it may be";
  const std::array paths = {ours, folder_.path()};
  const auto scored = read_scored_projects(file_system_, paths);
  ASSERT_TRUE(scored) << scored.error().message;
  EXPECT_EQ(scored->projects.size(), 1U);
  ASSERT_EQ(scored->problems.size(), 1U);
  EXPECT_TRUE(scored->problems[0].contains("text.db"));
  const std::array nothing = {folder_.path() / "absent"};
  EXPECT_EQ(read_scored_projects(file_system_, nothing).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace assay::decisions
