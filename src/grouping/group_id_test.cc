#include "grouping/group_id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace assay::grouping {
namespace {

using ImagePaths = std::vector<std::string>;
using Members = std::vector<std::vector<std::size_t>>;

TEST(MakeGroupIds, AStableIdSaysProjectFolderAndTime) {
  const ImagePaths paths{"faces/day 1/20250705_120000_stage1_generated.png",
                         "faces/day 1/20250705_120001_stage2_upscaled.png", "x.png"};
  const auto ids = make_group_ids("mojo1", paths, Members{{0, 1}, {2}}, GroupIdForm::kStable);
  ASSERT_EQ(ids.size(), 2);
  EXPECT_EQ(ids[0].substr(0, 45),
            "mojo1_faces_day_1_group_20250705_120000_" + ids[0].substr(40, 5));
  EXPECT_EQ(ids[0].size(), 40 + 16);
  EXPECT_TRUE(ids[1].starts_with("mojo1_group_")) << ids[1];
}

TEST(MakeGroupIds, AStableIdDependsOnProjectAndPathsAlone) {
  const ImagePaths paths{"a/1.png", "a/2.png", "b/1.png"};
  const ImagePaths reversed{"b/1.png", "a/2.png", "a/1.png"};
  const auto ids = make_group_ids("p", paths, Members{{0, 1}, {2}}, GroupIdForm::kStable);
  EXPECT_EQ(make_group_ids("p", reversed, Members{{2, 1}}, GroupIdForm::kStable)[0], ids[0]);
  EXPECT_NE(make_group_ids("q", paths, Members{{0, 1}}, GroupIdForm::kStable)[0].substr(1),
            ids[0].substr(1));
  EXPECT_NE(make_group_ids("p", paths, Members{{0, 2}}, GroupIdForm::kStable)[0], ids[0]);
  // The same in every version: databases hold it.
  EXPECT_EQ(make_group_ids("p", ImagePaths{"20250705_120000_stage1_generated.png"}, Members{{0}},
                           GroupIdForm::kStable)[0],
            "p_group_20250705_120000_4b6a5668cb7e59aa");
}

TEST(MakeGroupIds, TheOldFormNamesTheFolderAndIsUniqueAllTheSame) {
  const ImagePaths paths{"x/faces/20250705_120000_a.png", "y/faces/20250705_120000_b.png",
                         "20250705_120000_c.png", "faces/no_time.png",
                         "x/faces/20250705_120000_d.png"};
  const auto ids =
      make_group_ids("mojo1", paths, Members{{0}, {1}, {2}, {3}, {4}}, GroupIdForm::kCompat);
  EXPECT_EQ(ids[0], "faces_group_20250705_120000");
  EXPECT_EQ(ids[1], "faces_group_20250705_120000_2");
  EXPECT_EQ(ids[2], "mojo1_group_20250705_120000");
  EXPECT_TRUE(ids[3].starts_with("mojo1_faces_group_")) << ids[3];
  EXPECT_EQ(ids[4], "faces_group_20250705_120000_3");
}

}  // namespace
}  // namespace assay::grouping
