#include "grouping/grouping.h"

#include "grouping/group_id.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace assay::grouping {
namespace {

using Paths = std::vector<std::string>;
using Groups = std::vector<Paths>;

constexpr const char* kS1 = "stage1_generated";
constexpr const char* kS15 = "stage1.5_face_swapped";
constexpr const char* kS2 = "stage2_upscaled";
constexpr const char* kS3 = "stage3_enhanced";

std::string at(const std::string& time, const std::string& stage) {
  return "20250705_" + time + "_" + stage + ".png";
}

Grouping group(const Paths& paths, GroupingOptions options = {.mode = GroupingMode::kCompat}) {
  return group_images(paths, options);
}

Groups named(const Paths& paths, const Grouping& grouping) {
  Groups groups;
  for (const auto& members : grouping.groups) {
    Paths& names = groups.emplace_back();
    for (const std::size_t image : members) names.push_back(paths[image]);
  }
  return groups;
}

Groups groups_of(const Paths& paths, GroupingOptions options = {.mode = GroupingMode::kCompat}) {
  return named(paths, group(paths, options));
}

// The worked examples of the old rule, by their numbers.

TEST(CompatGrouping, Example1RisingStagesAreOneGroup) {
  const Paths paths{at("120000", kS1), at("120000", kS2), at("120000", kS3)};
  EXPECT_EQ(groups_of(paths), Groups{paths});
}

TEST(CompatGrouping, Example2AHigherStageBeforeALowerOneIsJumpedOver) {
  const Paths paths{at("214626", kS1), at("214953", kS3), at("215137", kS2), at("215319", kS3)};
  const Grouping grouping = group(paths);
  EXPECT_EQ(named(paths, grouping), (Groups{{paths[0], paths[2], paths[3]}}));
  ASSERT_EQ(grouping.dropped.size(), 1);
  EXPECT_EQ(grouping.dropped[0].image, 1);
  EXPECT_EQ(grouping.dropped[0].reason, DropReason::kJumpedOver);
}

TEST(CompatGrouping, Example3LonelyHighStagesAreDropped) {
  const Paths paths{at("150145", kS3), at("150520", kS3), at("150702", kS2), at("150907", kS3)};
  const Grouping grouping = group(paths);
  EXPECT_EQ(named(paths, grouping), (Groups{{paths[2], paths[3]}}));
  ASSERT_EQ(grouping.dropped.size(), 2);
  EXPECT_EQ(grouping.dropped[0].reason, DropReason::kGroupTooSmall);
}

TEST(CompatGrouping, Examples4And5EqualOrFallingStagesAreNoGroup) {
  EXPECT_EQ(groups_of({at("000000", kS2), at("000010", kS2), at("000020", kS2)}), Groups{});
  EXPECT_EQ(groups_of({at("000000", kS3), at("000010", kS2), at("000020", kS1)}), Groups{});
}

TEST(CompatGrouping, Example6ARepeatedStageBeginsTheNextGroup) {
  const Paths paths{at("000000", kS1), at("000010", kS15), at("000020", kS2), at("000030", kS2),
                    at("000040", kS3)};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[0], paths[1], paths[2]}, {paths[3], paths[4]}}));
}

TEST(CompatGrouping, Example7TwoGroups) {
  const Paths paths{at("214626", kS2), at("214953", kS3), at("215137", kS1), at("215319", kS2)};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[0], paths[1]}, {paths[2], paths[3]}}));
}

TEST(CompatGrouping, Examples8And9TheGapBoundsOnlyWhenItIsSet) {
  const Paths paths{at("000000", kS1), at("000010", kS2), at("010000", kS3)};
  EXPECT_EQ(groups_of(paths, {.mode = GroupingMode::kCompat, .time_gap = std::chrono::minutes(5)}),
            (Groups{{paths[0], paths[1]}}));
  EXPECT_EQ(groups_of(paths), Groups{paths});
  EXPECT_EQ(groups_of(paths, {.mode = GroupingMode::kCompat, .time_gap = std::chrono::seconds(0)}),
            Groups{paths});
}

TEST(CompatGrouping, Example10MonthsApartIsOneGroup) {
  const Paths paths{"20250101_000000_stage1_generated.png", "20250301_000000_stage2_upscaled.png"};
  EXPECT_EQ(groups_of(paths), Groups{paths});
}

TEST(CompatGrouping, Example11FoldersAreMixed) {
  const Paths paths{"a/" + at("120000", kS1), "b/" + at("120000", kS1), "a/" + at("120000", kS2),
                    "b/" + at("120000", kS2)};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[1], paths[2]}}));
}

TEST(CompatGrouping, Example12TheLaterOfTwoFirstStagesIsTaken) {
  const Paths paths{at("120000", kS1), at("120005", kS1), at("120010", kS2), at("120015", kS2)};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[1], paths[2]}}));
}

TEST(CompatGrouping, Examples13And14TheLowestStageOfTheWindowIsTaken) {
  const Paths first{at("120000", kS1), at("120010", kS2), at("120020", kS15), at("120030", kS3)};
  EXPECT_EQ(groups_of(first), (Groups{{first[0], first[2], first[3]}}));
  const Paths second{at("120000", kS1), at("120010", kS3), at("120020", kS15), at("120030", kS2)};
  EXPECT_EQ(groups_of(second), (Groups{{second[0], second[2], second[3]}}));
}

TEST(CompatGrouping, Examples15To18UnknownStagesCountAsZero) {
  const Paths foo{at("120000", "foo"), at("120001", kS1), at("120002", kS2)};
  EXPECT_EQ(groups_of(foo), Groups{foo});
  const Paths final{at("120000", "stage3_final"), at("120000", kS2)};
  EXPECT_EQ(groups_of(final), Groups{final});
  EXPECT_EQ(groups_of({at("120000", kS1), at("120001", "stage2")}), Groups{});
  EXPECT_EQ(groups_of({"img_001.png", "img_002.png"}), Groups{});
}

TEST(CompatGrouping, Example19WithoutTimestampsNamesSort) {
  const Paths paths{"a_stage1_generated.png", "b_stage1_generated.png", "a_stage2_upscaled.png",
                    "b_stage2_upscaled.png"};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[1], paths[2]}}));
}

TEST(CompatGrouping, Example20ExtensionsMix) {
  const Paths paths{"20250705_120000_stage1_generated.PNG", "20250705_120000_stage2_upscaled.jpg"};
  EXPECT_EQ(groups_of(paths), Groups{paths});
}

TEST(CompatGrouping, Example21TextBehindTheStageSortsLater) {
  const Paths paths{at("120000", kS1), at("120000", "stage1_generated_v2"), at("120000", kS2)};
  EXPECT_EQ(groups_of(paths), (Groups{{paths[1], paths[2]}}));
}

TEST(CompatGrouping, Example22TheWindowEndsAfterFiftyImages) {
  Paths paths{at("000000", kS1)};
  for (int i = 1; i <= 60; ++i)
    paths.push_back(at(fmt::format("00{:02}{:02}", i / 60, i % 60), kS3));
  paths.push_back(at("010000", kS2));
  EXPECT_EQ(groups_of(paths), (Groups{{paths[0], paths[1]}}));
  EXPECT_EQ(groups_of(paths, {.mode = GroupingMode::kCompat, .lookahead = 61}),
            (Groups{{paths.front(), paths.back()}}));
  EXPECT_EQ(groups_of(paths, {.mode = GroupingMode::kCompat, .lookahead = 60}),
            (Groups{{paths[0], paths[1]}}));
}

TEST(CompatGrouping, Example24OneImageIsNoGroup) {
  EXPECT_EQ(groups_of({at("120000", kS1)}), Groups{});
  EXPECT_EQ(groups_of({}), Groups{});
}

TEST(CompatGrouping, TheOrderOfTheListDoesNotMatter) {
  Paths paths{"b/" + at("120000", kS2), "a/" + at("120000", kS2), at("110000", kS1),
              "x_stage3_enhanced.png", at("120000", kS3)};
  std::ranges::sort(paths);
  const Groups expected = groups_of(paths);
  EXPECT_EQ(expected.size(), 2);
  while (std::ranges::next_permutation(paths).found) EXPECT_EQ(groups_of(paths), expected);
}

TEST(CompatGrouping, TheGapIsMeasuredFromTheLastChosenAndExactlyTheGapIsWithin) {
  const Paths paths{at("000000", kS1), at("000500", kS2), at("001000", kS3)};
  const GroupingOptions options{.mode = GroupingMode::kCompat, .time_gap = std::chrono::minutes(5)};
  EXPECT_EQ(groups_of(paths, options), Groups{paths});
  const Paths longer{at("000000", kS1), at("000501", kS2)};
  EXPECT_EQ(groups_of(longer, options), Groups{});
  // Of a day that is not in the calendar the gap is not known.
  const Paths impossible{at("000000", kS1), "20251301_000000_stage2_upscaled.png"};
  EXPECT_EQ(groups_of(impossible, options), Groups{impossible});
}

TEST(Grouping, EveryImageIsInOneGroupOrDropped) {
  for (const GroupingMode mode : {GroupingMode::kCompat, GroupingMode::kStrict,
                                  GroupingMode::kTimestamp, GroupingMode::kSingle}) {
    const Paths paths{at("000000", kS1), at("000000", kS1), "d/" + at("000000", kS2), "x.png",
                      at("000010", kS3), at("000020", kS2), "d/" + at("000001", kS3)};
    const Grouping grouping = group(paths, {.mode = mode});
    std::vector<std::size_t> seen;
    for (const auto& members : grouping.groups)
      seen.insert(seen.end(), members.begin(), members.end());
    for (const DroppedImage& dropped : grouping.dropped) seen.push_back(dropped.image);
    std::ranges::sort(seen);
    EXPECT_EQ(seen, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6})) << to_string(mode);
    EXPECT_EQ(std::ranges::count(grouping.dropped, DropReason::kDuplicate, &DroppedImage::reason),
              1);
  }
}

TEST(StrictGrouping, FoldersAreNotMixed) {
  const Paths paths{"a/" + at("120000", kS1), "b/" + at("120000", kS1), "a/" + at("120000", kS2),
                    "b/" + at("120000", kS2)};
  EXPECT_EQ(groups_of(paths, {}), (Groups{{paths[0], paths[2]}, {paths[1], paths[3]}}));
}

TEST(StrictGrouping, AQuarterOfAnHourIsTheGapByDefault) {
  const Paths paths{at("120000", kS1), at("121500", kS2), at("123001", kS3)};
  EXPECT_EQ(groups_of(paths, {}), (Groups{{paths[0], paths[1]}}));
  EXPECT_EQ(groups_of(paths, {.time_gap = std::chrono::seconds(0)}), Groups{paths});
}

TEST(StrictGrouping, UnknownStagesAreDroppedWithTheirReason) {
  const Paths paths{at("120000", "foo"), at("120001", kS1), at("120002", kS2)};
  const Grouping grouping = group(paths, {});
  EXPECT_EQ(named(paths, grouping), (Groups{{paths[1], paths[2]}}));
  ASSERT_EQ(grouping.dropped.size(), 1);
  EXPECT_EQ(grouping.dropped[0].reason, DropReason::kUnknownStage);
}

TEST(StrictGrouping, WithoutATimestampTheNameUpToTheStageDecides) {
  const Paths paths{"a_stage1_generated.png", "b_stage1_generated.png", "a_stage2_upscaled.png",
                    "b_STAGE2_upscaled.png"};
  EXPECT_EQ(groups_of(paths, {}), (Groups{{paths[0], paths[2]}, {paths[1], paths[3]}}));
}

TEST(TimestampGrouping, OneFolderAndOneTimeWhateverTheStage) {
  const Paths paths{at("120000", kS2),        at("120000", "a"), at("120000", "b"),
                    "d/" + at("120000", kS1), at("120001", kS1), "x_stage1_generated.png"};
  const Grouping grouping = group(paths, {.mode = GroupingMode::kTimestamp});
  EXPECT_EQ(named(paths, grouping), (Groups{{paths[1], paths[2], paths[0]}}));
  ASSERT_EQ(grouping.dropped.size(), 3);
  EXPECT_EQ(grouping.dropped[2].image, 5);
  EXPECT_EQ(grouping.dropped[2].reason, DropReason::kNoTimestamp);
}

TEST(SingleGrouping, EveryImageIsOnItsOwn) {
  const Paths paths{"img_002.png", "img_001.png"};
  EXPECT_EQ(groups_of(paths, {.mode = GroupingMode::kSingle}), (Groups{{paths[1]}, {paths[0]}}));
}

TEST(ParseGroupingMode, KnowsTheFourAndSuggests) {
  EXPECT_EQ(parse_grouping_mode("compat").value(), GroupingMode::kCompat);
  EXPECT_EQ(parse_grouping_mode("single").value(), GroupingMode::kSingle);
  const auto wrong = parse_grouping_mode("stric");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.contains("did you mean 'strict'")) << wrong.error().message;
}

}  // namespace
}  // namespace assay::grouping
