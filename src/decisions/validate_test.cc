#include "decisions/validate.h"

#include "core/testing/stopped_token.h"
#include "db/database.h"
#include "decisions/decision_table.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace assay::decisions {
namespace {

class Validation : public ::testing::Test {
 protected:
  /// A table without checks, as the old temporary databases have it, with one row that is right but
  /// for `change`, an assignment in SQL.
  void add(const std::string& name, const std::string& change = "") {
    auto database =
        db::Database::open(folder_.path() / name, {.mode = db::OpenMode::kCreate,
                                                   .journal = db::JournalMode::kMemory,
                                                   .durability = db::Durability::kNone});
    ASSERT_TRUE(database);
    std::string columns;
    for (const std::string_view column : all_decision_columns()) {
      columns += (columns.empty() ? "" : ", ") + std::string(column);
    }
    ASSERT_TRUE(database->execute("CREATE TABLE IF NOT EXISTS ai_decisions (" + columns + ")"));
    ASSERT_TRUE(database->execute(
        "INSERT INTO ai_decisions VALUES ('g', '2025-11-01T00:00:00Z', 'p', 'd', NULL, "
        "'[\"a.png\", \"b.png\"]', 1, '[0.1, 0, 0.9, 1]', 0.5, 1, 'crop', '[0.1, 0.0, 0.9, 1.0]', "
        "NULL, 832, 1216, 1, 1, NULL)"));
    if (change.empty()) return;
    ASSERT_TRUE(database->execute("UPDATE ai_decisions SET " + change));
  }

  ValidationReport validate(ValidationRules rules = ValidationRules::kAll) {
    auto report = validate_decisions(files::posix_file_system(), folder_.path(), {.rules = rules});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : ValidationReport{};
  }

  /// How often each rule is broken after `change`; the only database there is.
  std::map<Rule, std::size_t> broken_by(const std::string& change,
                                        ValidationRules rules = ValidationRules::kAll) {
    std::filesystem::remove(folder_.path() / "p.db");
    add("p.db", change);
    return validate(rules).databases.at(0).num_findings;
  }

  files::testing::TemporaryFolder folder_;
};

using Broken = std::map<Rule, std::size_t>;

TEST_F(Validation, ARightRowBreaksNoRule) {
  EXPECT_EQ(broken_by(""), Broken{});
  EXPECT_EQ(broken_by("", ValidationRules::kOld), Broken{});
  const ValidatedDatabase database = validate().databases.at(0);
  EXPECT_EQ(database.num_records, 1);
  EXPECT_EQ(database.num_with_ai_predictions, 1);
  EXPECT_EQ(database.num_with_user_data, 1);
  // A prediction has no choice of the user yet.
  EXPECT_EQ(broken_by("user_selected_index = NULL, user_action = NULL, final_crop_coords = NULL, "
                      "selection_match = NULL, crop_match = NULL"),
            Broken{});
}

TEST_F(Validation, EachOldRuleIsFoundByBoth) {
  for (const ValidationRules rules : {ValidationRules::kAll, ValidationRules::kOld}) {
    EXPECT_EQ(broken_by("project_id = NULL", rules), (Broken{{Rule::kValues, 1}}));
    EXPECT_EQ(broken_by("ai_crop_coords = '[0.1'", rules), (Broken{{Rule::kJson, 1}}));
    EXPECT_EQ(broken_by("ai_crop_coords = '[0, 0, 1.5, 1]', crop_match = NULL", rules),
              (Broken{{Rule::kCoordinates, 1}}));
    EXPECT_EQ(broken_by("user_action = 'skip'", rules), (Broken{{Rule::kUserAction, 1}}));
    EXPECT_EQ(broken_by("image_width = 0, image_height = -1", rules),
              (Broken{{Rule::kDimensions, 2}}));
    EXPECT_EQ(broken_by("image_width = 'wide'", rules), (Broken{{Rule::kDimensions, 1}}));
    EXPECT_EQ(broken_by("user_selected_index = 4, selection_match = 0", rules),
              (Broken{{Rule::kUserIndex, 1}}));
  }
}

TEST_F(Validation, TheOtherRulesAreOursAlone) {
  const auto ours = [this](const std::string& change, Rule rule) {
    EXPECT_EQ(broken_by(change), (Broken{{rule, 1}})) << change;
    EXPECT_EQ(broken_by(change, ValidationRules::kOld), Broken{}) << change;
  };
  ours("ai_crop_coords = '[0.9, 0, 0.1, 1]', crop_match = 0", Rule::kBoxOrder);
  ours("ai_selected_index = 2, selection_match = 0", Rule::kAiIndex);
  ours("user_selected_index = 3, selection_match = 0", Rule::kUserIndex);
  ours("ai_confidence = 1.5", Rule::kConfidence);
  ours("ai_confidence = 'high'", Rule::kConfidence);
  ours("timestamp = 'yesterday'", Rule::kTimestamp);
  ours("selection_match = 0", Rule::kMatchFlags);
  ours("crop_match = 0", Rule::kMatchFlags);
  ours("crop_match = 7", Rule::kMatchFlags);
  ours("user_action = NULL", Rule::kUserData);
  ours("images = '[\"a.png\", \"a.png\"]'", Rule::kDuplicates);
}

TEST_F(Validation, AnImageInTwoGroupsIsFound) {
  add("p.db");
  add("p.db", "group_id = group_id || rowid");
  const auto found = validate().databases.at(0).num_findings;
  EXPECT_EQ(found, (Broken{{Rule::kDuplicates, 2}}));
}

TEST_F(Validation, TheOldRulesPassTemporaryDatabasesAndBackupsOver) {
  add("a.db");
  add("a_ai_predictions_temp.db");
  add("a.backup-1.db");
  add("a.db.backup-20251101");
  EXPECT_EQ(validate(ValidationRules::kOld).databases.size(), 1);
  EXPECT_EQ(validate().databases.size(), 2);
}

TEST_F(Validation, SixColumnsAreEnoughForATemporaryDatabase) {
  for (const char* name : {"a_ai_predictions_temp.db", "b.db"}) {
    auto database =
        db::Database::open(folder_.path() / name, {.mode = db::OpenMode::kCreate,
                                                   .journal = db::JournalMode::kMemory,
                                                   .durability = db::Durability::kNone});
    ASSERT_TRUE(database->execute(
        "CREATE TABLE ai_decisions (group_id TEXT PRIMARY KEY, project_id TEXT, images TEXT, "
        "ai_selected_index INTEGER, ai_crop_coords TEXT, ai_confidence REAL); INSERT INTO "
        "ai_decisions VALUES ('g', 'p', '[\"a\"]', 0, NULL, 0.5)"));
  }
  const ValidationReport report = validate();
  EXPECT_EQ(report.databases.at(0).num_findings, Broken{});
  EXPECT_EQ(report.databases.at(1).num_findings, (Broken{{Rule::kColumns, 1}}));
}

TEST_F(Validation, WhatIsNoDatabaseOfDecisionsIsAFindingAndTheOthersAreChecked) {
  std::ofstream(folder_.path() / "a.db") << std::string(1000, 'x');
  {
    auto empty = db::Database::open(folder_.path() / "b.db", {.mode = db::OpenMode::kCreate,
                                                              .journal = db::JournalMode::kMemory,
                                                              .durability = db::Durability::kNone});
  }
  add("c.db");
  add("d.db");
  {
    auto database = db::Database::open(folder_.path() / "d.db", {.mode = db::OpenMode::kWrite});
    ASSERT_TRUE(database->execute("DELETE FROM ai_decisions"));
  }
  const ValidationReport report = validate();
  ASSERT_EQ(report.databases.size(), 4);
  EXPECT_EQ(report.databases[0].num_findings, (Broken{{Rule::kReadable, 1}}));
  EXPECT_EQ(report.databases[1].num_findings, (Broken{{Rule::kReadable, 1}}));
  EXPECT_EQ(report.databases[2].num_findings, Broken{});
  EXPECT_EQ(report.databases[3].num_findings, (Broken{{Rule::kEmpty, 1}}));
  EXPECT_EQ(report.count(Severity::kError), 2);
  EXPECT_EQ(report.count(Severity::kWarning), 1);
}

TEST_F(Validation, LeftoversOfUnfinishedProgramsAreWarnings) {
  add("p.db");
  std::ofstream(folder_.path() / "p.db.partial") << "x";
  std::ofstream(folder_.path() / "p.db-wal") << "";
  EXPECT_EQ(validate().databases.at(0).num_findings, (Broken{{Rule::kLeftovers, 2}}));
}

TEST_F(Validation, AFolderWithoutDatabasesIsNoSuccess) {
  const auto none = validate_decisions(files::posix_file_system(), folder_.path(), {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  add("p.db");
  const auto stopped = validate_decisions(files::posix_file_system(), folder_.path(), {},
                                          assay::testing::stopped_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(Validation, JunitEscapesWhatXmlCannotHold) {
  add("p.db", "user_action = 'a<b>&\"' || char(1)");
  const std::string xml = to_junit(validate());
  EXPECT_TRUE(xml.contains("a&lt;b&gt;&amp;&quot;")) << xml;
  EXPECT_FALSE(xml.contains('\x01'));
  EXPECT_TRUE(xml.contains("failures=\"1\""));
}

}  // namespace
}  // namespace assay::decisions
