#include "decision_merge/merge.h"

#include "core/testing/fake_clock.h"
#include "decisions/decision_database.h"
#include "decisions/scored_project.h"
#include "decisions/side_tables.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace assay::decision_merge {
namespace {

namespace fs = std::filesystem;
using decisions::CropBox;
using decisions::Decision;
using decisions::DecisionTable;

Decision group(const std::string& id, std::vector<std::string> images) {
  return {.group_id = id,
          .timestamp = "2025-11-01T00:00:00Z",
          .project_id = "p",
          .images = std::move(images),
          .image_width = 10,
          .image_height = 20};
}

Decision predicted(const std::string& id, std::vector<std::string> images, std::int64_t selected) {
  Decision decision = group(id, std::move(images));
  decision.ai_selected_index = selected;
  decision.ai_crop_coords = CropBox{.x2 = 0.5};
  decision.ai_confidence = 0.75;
  return decision;
}

DecisionTable table(std::vector<Decision> decisions) {
  const auto names = decisions::all_decision_columns();
  return {
      .decisions = std::move(decisions), .bad_rows = {}, .columns = {names.begin(), names.end()}};
}

/// `group.column=value` of each change.
std::vector<std::string> changes(const MergePlan& plan) {
  std::vector<std::string> lines;
  for (const MergeChange& change : plan.changes) {
    const auto* index = std::get_if<std::int64_t>(&change.value);
    lines.push_back(change.group_id + "." + change.column +
                    (index != nullptr ? "=" + std::to_string(*index) : ""));
  }
  return lines;
}

std::vector<ConflictKind> conflicts(const MergePlan& plan) {
  std::vector<ConflictKind> kinds;
  for (const MergeConflict& conflict : plan.conflicts) kinds.push_back(conflict.kind);
  return kinds;
}

using Lines = std::vector<std::string>;
using Kinds = std::vector<ConflictKind>;

TEST(PlanMerge, TheIndexIsThatOfTheSameImageInTheOtherList) {
  const auto plan = plan_merge(table({predicted("t", {"b.png", "c.png", "a.png"}, 0)}),
                               table({group("r", {"a.png", "/old/b.png", "c.png"})}));
  EXPECT_EQ(changes(plan), (Lines{"r.ai_selected_index=1", "r.ai_crop_coords", "r.ai_confidence"}));
  EXPECT_TRUE(plan.conflicts.empty());
  EXPECT_EQ(plan.num_matched, 1);
}

TEST(PlanMerge, WhatIsThereStays) {
  Decision chosen = predicted("r", {"a.png", "b.png"}, 1);
  chosen.ai_crop_coords = CropBox{.x2 = 0.9};
  const auto same = plan_merge(table({predicted("t", {"a.png", "b.png"}, 1)}), table({chosen}));
  EXPECT_TRUE(same.changes.empty());
  EXPECT_EQ(same.num_unchanged, 1);
  // Another image is selected: neither its crop nor its confidence may come in.
  chosen.ai_crop_coords = std::nullopt;
  chosen.ai_confidence = std::nullopt;
  const auto other = plan_merge(table({predicted("t", {"a.png", "b.png"}, 0)}), table({chosen}));
  EXPECT_TRUE(other.changes.empty());
  EXPECT_EQ(other.num_other_prediction, 1);
}

TEST(PlanMerge, MatchesAreWorkedOutWhereTheyWereNull) {
  Decision chosen = group("r", {"a.png", "b.png"});
  chosen.user_selected_index = 1;
  chosen.user_action = "crop";
  chosen.final_crop_coords = CropBox{.x2 = 0.52};
  const auto right = plan_merge(table({predicted("t", {"a.png", "b.png"}, 1)}), table({chosen}));
  EXPECT_EQ(std::ranges::count(changes(right), "r.selection_match=1"), 1);
  EXPECT_EQ(std::ranges::count(changes(right), "r.crop_match=1"), 1);
  const auto wrong = plan_merge(table({predicted("t", {"a.png", "b.png"}, 0)}), table({chosen}));
  EXPECT_EQ(std::ranges::count(changes(wrong), "r.selection_match=0"), 1);
  // The crops are of two images.
  EXPECT_EQ(changes(wrong).size(), 4);
}

TEST(PlanMerge, TheSizeComesWithTheUsersImage) {
  Decision found = group("t", {"a.png", "b.png"});
  found.user_selected_index = 1;
  found.image_width = 30;
  const Decision open = predicted("r", {"a.png", "b.png"}, 0);
  EXPECT_EQ(changes(plan_merge(table({found}), table({open}))),
            (Lines{"r.user_selected_index=1", "r.image_width=30", "r.selection_match=0"}));
  // A prediction alone brings none.
  found = predicted("t", {"a.png", "b.png"}, 1);
  found.image_width = 30;
  const auto plan = plan_merge(table({found}), table({group("r", {"a.png", "b.png"})}));
  EXPECT_EQ(std::ranges::count(changes(plan), "r.image_width=30"), 0);
}

TEST(PlanMerge, UnknownGroupsAreAdded) {
  const auto plan =
      plan_merge(table({predicted("t", {"c.png"}, 0)}), table({group("r", {"a.png"})}));
  ASSERT_EQ(plan.additions.size(), 1);
  EXPECT_EQ(plan.additions[0].group_id, "t");
}

TEST(PlanMerge, WhatNeedsAPersonIsAConflict) {
  const DecisionTable real =
      table({group("r1", {"a.png", "b.png"}), group("r2", {"c.png", "d.png"}),
             group("five", {"1", "2", "3", "4", "5"})});
  const auto kinds = [&real](const Decision& prediction) {
    const MergePlan plan = plan_merge(table({prediction}), real);
    EXPECT_TRUE(plan.changes.empty() && plan.additions.empty());
    return conflicts(plan);
  };
  EXPECT_EQ(kinds(predicted("t", {"a.png", "c.png"}, 0)), Kinds{ConflictKind::kSeveralGroups});
  EXPECT_EQ(kinds(predicted("t", {"a.png", "x.png"}, 1)), Kinds{ConflictKind::kOtherImages});
  EXPECT_EQ(kinds(predicted("t", {"5", "4"}, 0)), Kinds{ConflictKind::kIndexTooLarge});
  EXPECT_EQ(kinds(predicted("t", {"v", "w", "x", "y", "z"}, 4)),
            Kinds{ConflictKind::kIndexTooLarge});
  EXPECT_EQ(kinds(predicted("r1", {"x.png"}, 0)), Kinds{ConflictKind::kIdTaken});
}

TEST(PlanMerge, ASecondMatchOfOneGroupIsAConflict) {
  const auto plan =
      plan_merge(table({predicted("t1", {"a.png"}, 0), predicted("t2", {"b.png"}, 0)}),
                 table({group("r", {"a.png", "b.png"})}));
  EXPECT_EQ(conflicts(plan), Kinds{ConflictKind::kMatchedBefore});
  EXPECT_EQ(plan.changes.size(), 3);
}

TEST(PlanMerge, OfSeveralGroupsTheOneOfTheSameImagesIsMeant) {
  const auto plan =
      plan_merge(table({predicted("t", {"a.png", "b.png"}, 0)}),
                 table({group("r1", {"a.png", "x.png"}), group("r2", {"b.png", "a.png"})}));
  EXPECT_TRUE(plan.conflicts.empty());
  EXPECT_EQ(changes(plan).front(), "r2.ai_selected_index=1");
}

TEST(PlanMerge, OfSeveralGroupsOfTheSameNamesTheFolderOrTheIdTells) {
  const auto in = [](Decision decision, const std::string& directory) {
    decision.directory = directory;
    return decision;
  };
  const Lines names = {"1.png", "2.png"};
  const DecisionTable real =
      table({in(group("r1", names), "/p/a"), in(group("r2", names), "/p/b")});
  const auto first_change = [&](const Decision& prediction) {
    const MergePlan plan = plan_merge(table({prediction}), real);
    return plan.changes.empty() ? "none" : changes(plan).front();
  };
  EXPECT_EQ(first_change(predicted("r2", names, 0)), "r2.ai_selected_index=0");
  EXPECT_EQ(first_change(in(predicted("t", names, 0), "/p/a")), "r1.ai_selected_index=0");
  // Ids may count the groups of one name, in whatever order.
  EXPECT_EQ(first_change(in(predicted("r2", names, 0), "/p/a")), "r1.ai_selected_index=0");
  EXPECT_EQ(first_change(in(predicted("r2", names, 0), "/elsewhere/b")), "r2.ai_selected_index=0");
  EXPECT_EQ(first_change(in(predicted("t", names, 0), "/elsewhere/b")), "none");
}

TEST(PlanMerge, AnotherFinalCropIsAConflictUnlessItIsTheSameMeasuredTwice) {
  Decision chosen = group("r", {"a.png"});
  chosen.final_crop_coords = CropBox{.x2 = 0.5};
  Decision found = group("t", {"a.png"});
  found.final_crop_coords = CropBox{.x2 = 0.505};
  EXPECT_TRUE(plan_merge(table({found}), table({chosen})).conflicts.empty());
  found.final_crop_coords = CropBox{.x2 = 0.52};
  EXPECT_EQ(conflicts(plan_merge(table({found}), table({chosen}))),
            Kinds{ConflictKind::kOtherCrop});
}

TEST(PlanMerge, ACropIsOfTheImageAndTheActionThatAreChosen) {
  Decision found = group("t", {"a.png", "b.png"});
  found.user_selected_index = 0;
  found.user_action = "crop";
  found.final_crop_coords = CropBox{.x2 = 0.5};
  for (const auto& [index, action] : {std::pair(1, "crop"), std::pair(0, "reject")}) {
    Decision chosen = group("r", {"a.png", "b.png"});
    chosen.user_selected_index = index;
    chosen.user_action = action;
    const MergePlan plan = plan_merge(table({found}), table({chosen}));
    EXPECT_EQ(changes(plan), Lines{}) << action;
    EXPECT_EQ(conflicts(plan), Kinds{ConflictKind::kOtherChoice});
  }
  // The action that goes with one image is not filled in for another.
  Decision open = group("r", {"a.png", "b.png"});
  open.user_selected_index = 1;
  EXPECT_EQ(changes(plan_merge(table({found}), table({open}))), Lines{});
  open.user_selected_index = 0;
  const MergePlan plan = plan_merge(table({found}), table({open}));
  EXPECT_EQ(changes(plan).size(), 2U);
  EXPECT_TRUE(plan.conflicts.empty());
}

class Merging : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::vector<Decision>& decisions) {
    fs::path path = folder_.path() / name;
    auto database = db::Database::open(path, {.mode = db::OpenMode::kCreate});
    EXPECT_TRUE(database && decisions::create_decision_table(*database));
    const auto columns = decisions::decision_columns(*database).value();
    auto inserter = decisions::DecisionInserter::prepare(*database, columns);
    for (const Decision& decision : decisions) {
      const Status inserted = inserter->insert(decision);
      EXPECT_TRUE(inserted) << inserted.error().message;
    }
    return path;
  }

  static DecisionTable read(const fs::path& path) {
    auto database = db::Database::open(path);
    EXPECT_TRUE(database) << database.error().message;
    return *decisions::read_decisions(*database);
  }

  Result<MergeReport> merge(const fs::path& from, const fs::path& to,
                            MergeMode mode = MergeMode::kApply) {
    return merge_decisions(files::posix_file_system(), from, to, clock_, mode);
  }

  assay::testing::FakeClock clock_;
  files::testing::TemporaryFolder folder_;
};

TEST_F(Merging, FillsAddsAndKeepsABackup) {
  const fs::path real = write("p.db", {group("r", {"a.png", "b.png"})});
  const fs::path temp =
      write("temp.db", {predicted("t", {"b.png", "a.png"}, 0), predicted("new", {"c.png"}, 0)});
  // Of a merge that was killed amid its backup.
  const fs::path partial = folder_.path() / "p.db.backup.partial";
  std::ofstream(partial) << "half a copy";
  const auto report = merge(temp, real);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_TRUE(report->backup);
  EXPECT_EQ(report->backup->filename(), "p.db.backup-20251027T000000Z");
  EXPECT_FALSE(fs::exists(partial));
  EXPECT_EQ(read(*report->backup).decisions.size(), 1);
  EXPECT_EQ(read(*report->backup).decisions[0].ai_selected_index, std::nullopt);
  const DecisionTable merged = read(real);
  ASSERT_EQ(merged.decisions.size(), 2);
  EXPECT_EQ(merged.decisions[0].group_id, "new");
  EXPECT_EQ(merged.decisions[1].ai_selected_index, 1);
  EXPECT_EQ(merged.decisions[1].ai_confidence, 0.75);
  EXPECT_EQ(merged.decisions[1].timestamp, "2025-11-01T00:00:00Z");
  // Again: nothing is left to do, and no second backup is made.
  const auto again = merge(temp, real);
  EXPECT_FALSE(again->backup);
  EXPECT_EQ(again->plan.num_unchanged, 2);
}

TEST_F(Merging, ScoresComeAlongUnderTheIdsAndIndexesOfTheRealRows) {
  Decision known = group("known", {"x.png"});
  known.ai_selected_index = 0;
  const fs::path real = write("p.db", {group("r", {"a.png", "b.png"}), known});
  auto predictions = decisions::DecisionDatabase::create(files::posix_file_system(),
                                                         folder_.path() / "temp", "temp");
  ASSERT_TRUE(predictions);
  ASSERT_TRUE(predictions->add(decisions::RunRecord{.run_id = "run-1", .source = "/zips/p.zip"}));
  for (const auto& [id, images] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"t", {"b.png", "a.png"}}, {"new", {"c.png"}}, {"other", {"x.png"}}}) {
    ASSERT_TRUE(predictions->add(predicted(id, images, 0)));
    ASSERT_TRUE(predictions->add(
        decisions::GroupScore{.group_id = id, .num_images = 2, .is_uncertain = true}));
    for (std::size_t i = 0; i < images.size(); ++i) {
      ASSERT_TRUE(
          predictions->add(decisions::ImageScore{.group_id = id,
                                                 .image_index = static_cast<std::int64_t>(i),
                                                 .entry = "in/" + images[i],
                                                 .crc32 = 7}));
    }
  }
  ASSERT_TRUE(predictions->add_dropped("in/d.png", "no_stage"));
  const fs::path temp = predictions->finish().value().path;
  ASSERT_TRUE(merge(temp, real));

  const auto merged = decisions::read_scored_project(real);
  ASSERT_TRUE(merged) << merged.error().message;
  ASSERT_TRUE(merged->run);
  EXPECT_EQ(merged->run->source, "/zips/p.zip");
  EXPECT_EQ(merged->dropped.at("no_stage"), 1U);
  ASSERT_EQ(merged->groups.size(), 3U);
  // It had a prediction of its own, which stays without scores.
  EXPECT_EQ(merged->groups[0].decision.group_id, "known");
  EXPECT_FALSE(merged->groups[0].score);
  EXPECT_FALSE(merged->groups[0].images[0].score);
  EXPECT_EQ(merged->groups[1].images.at(0).score.value().entry, "in/c.png");
  EXPECT_EQ(merged->groups[2].decision.group_id, "r");
  EXPECT_TRUE(merged->groups[2].is_uncertain());
  EXPECT_EQ(merged->groups[2].images.at(0).score.value().entry, "in/a.png");
  EXPECT_EQ(merged->groups[2].images.at(1).score.value().entry, "in/b.png");
  EXPECT_EQ(merged->groups[2].images.at(1).score.value().crc32, 7);
}

TEST_F(Merging, WhereFinalImagesWereFoundComesAlongWithTheChoice) {
  Decision chosen = group("known", {"x.png", "y.png"});
  chosen.user_selected_index = 1;
  chosen.user_action = "approve";
  const fs::path real = write("p.db", {group("r", {"a.png", "b.png"}), chosen});
  Decision cropped = predicted("t", {"b.png", "a.png"}, 0);
  cropped.user_selected_index = 1;
  cropped.user_action = "crop";
  cropped.final_crop_coords = CropBox{.x2 = 0.5};
  Decision other = predicted("other", {"x.png", "y.png"}, 0);
  other.user_selected_index = 0;
  other.user_action = "approve";
  const fs::path temp = write("temp.db", {cropped, other, predicted("new", {"c.png"}, 0)});
  {
    auto database = db::Database::open(temp, {.mode = db::OpenMode::kWrite});
    ASSERT_TRUE(decisions::create_final_matches(*database));
    ASSERT_TRUE(database->execute(
        "INSERT INTO final_matches VALUES ('t', 'cropped', 1, 'done/a.png', 0.875, 0.5, '[1, 2, "
        "3, 4]', NULL), ('other', 'approved', 0, 'done/x.png', 1, 1, NULL, NULL), ('new', "
        "'unmatched', NULL, NULL, NULL, NULL, NULL, 'not found')"));
  }
  ASSERT_TRUE(merge(temp, real));

  auto database = db::Database::open(real);
  auto rows = database->prepare("SELECT * FROM final_matches ORDER BY group_id");
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->text(0), "new");
  EXPECT_EQ(rows->text(1), "unmatched");
  EXPECT_EQ(rows->type(2), db::ValueType::kNull);
  EXPECT_EQ(rows->text(7), "not found");
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->text(0), "r");
  EXPECT_EQ(rows->text(1), "cropped");
  EXPECT_EQ(rows->integer(2), 0);  // a.png, there
  EXPECT_EQ(rows->text(3), "done/a.png");
  EXPECT_EQ(rows->real(4), 0.875);
  EXPECT_EQ(rows->text(6), "[1, 2, 3, 4]");
  EXPECT_FALSE(*rows->step()) << rows->text(0);  // another image is chosen there
}

TEST_F(Merging, ADryRunChangesNothing) {
  const fs::path real = write("p.db", {group("r", {"a.png"})});
  const fs::path temp = write("temp.db", {predicted("t", {"a.png"}, 0)});
  const auto report = merge(temp, real, MergeMode::kDryRun);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->plan.changes.size(), 3);
  EXPECT_EQ(read(real).decisions[0].ai_selected_index, std::nullopt);
  EXPECT_EQ(files::posix_file_system().list(folder_.path()).value(), (Lines{"p.db", "temp.db"}));
  EXPECT_TRUE(to_text(*report).contains("r: ai_selected_index = 0")) << to_text(*report);
}

TEST_F(Merging, ADryRunWantsNoRightToWrite) {
  const fs::path real = write("p.db", {group("r", {"a.png"})});
  const fs::path temp = write("temp.db", {predicted("t", {"a.png"}, 0)});
  for (const db::JournalMode journal : {db::JournalMode::kDelete, db::JournalMode::kWal}) {
    // While another program has it.
    auto other = db::Database::open(real, {.mode = db::OpenMode::kWrite, .journal = journal});
    ASSERT_TRUE(other && other->execute("BEGIN IMMEDIATE"));
    const auto report = merge(temp, real, MergeMode::kDryRun);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->plan.changes.size(), 3);
  }
}

TEST_F(Merging, ARowThatTheTableRefusesIsAConflictAndTheOthersComeIn) {
  const fs::path real = write("p.db", {});
  {
    auto database = db::Database::open(real, {.mode = db::OpenMode::kWrite});
    ASSERT_TRUE(
        database->execute("DROP TABLE ai_decisions; CREATE TABLE ai_decisions (group_id TEXT "
                          "PRIMARY KEY, images TEXT, "
                          "ai_confidence REAL CHECK (ai_confidence < 0.5))"));
  }
  Decision low = predicted("low", {"b.png"}, 0);
  low.ai_confidence = 0.25;
  const auto report = merge(
      write("temp.db", {predicted("high", {"a.png"}, 0), low, predicted("higher", {"c.png"}, 0)}),
      real);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(conflicts(report->plan), (Kinds{ConflictKind::kCannotAdd, ConflictKind::kCannotAdd}));
  const std::string reason =
      "(cannot_add): the table refuses it: CHECK constraint failed: ai_confidence < 0.5\n";
  EXPECT_TRUE(to_text(*report).contains("  high " + reason)) << to_text(*report);
  EXPECT_TRUE(to_text(*report).contains("  and 1 more group " + reason)) << to_text(*report);
  EXPECT_EQ(report->plan.additions.size(), 1);
  EXPECT_EQ(read(real).decisions.size(), 1);
}

TEST_F(Merging, WhereEveryRowIsRefusedNoBackupIsLeft) {
  const fs::path real = write("p.db", {});
  {
    auto database = db::Database::open(real, {.mode = db::OpenMode::kWrite});
    ASSERT_TRUE(
        database->execute("DROP TABLE ai_decisions; CREATE TABLE ai_decisions (group_id TEXT "
                          "PRIMARY KEY, images TEXT, user_action TEXT NOT NULL)"));
  }
  const auto report = merge(write("temp.db", {predicted("a", {"a.png"}, 0)}), real);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(
      to_text(*report).contains("a (cannot_add): its table wants a value for user_action, "
                                "which a prediction does not have"))
      << to_text(*report);
  EXPECT_FALSE(report->backup);
  EXPECT_EQ(files::posix_file_system().list(folder_.path()).value(), (Lines{"p.db", "temp.db"}));
}

TEST_F(Merging, PredictionsOfAnotherProjectAreRefused) {
  const fs::path real = write("p.db", {group("r", {"a.png"})});
  Decision other = predicted("t", {"a.png"}, 0);
  other.project_id = "q";
  const auto report = merge(write("temp.db", {other}), real);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(report.error().message.contains(
      "the predictions are of the project q, the database to merge into is of p"))
      << report.error().message;
  EXPECT_EQ(read(real).decisions[0].ai_selected_index, std::nullopt);
  EXPECT_EQ(files::posix_file_system().list(folder_.path()).value(), (Lines{"p.db", "temp.db"}));
}

TEST_F(Merging, WhatIsNoDatabaseIsNamed) {
  const fs::path real = write("p.db", {});
  EXPECT_EQ(merge(folder_.path() / "absent.db", real).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(merge(real, folder_.path() / "absent.db").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(merge(real, real).error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(fs::exists(folder_.path() / "absent.db"));
}

}  // namespace
}  // namespace assay::decision_merge
