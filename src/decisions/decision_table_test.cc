#include "decisions/decision_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::decisions {
namespace {

Decision prediction(const std::string& id) {
  return {.group_id = id,
          .timestamp = "2025-11-01T00:00:00Z",
          .project_id = "mojo1",
          .directory = "original",
          .images = {"a.png", "b.png"},
          .ai_selected_index = 1,
          .ai_crop_coords = CropBox{.x1 = 0.1, .y1 = 0, .x2 = 0.9, .y2 = 0.8},
          .ai_confidence = 0.75,
          .image_width = 832,
          .image_height = 1216};
}

db::Database new_table() {
  db::Database database = *db::Database::open_in_memory();
  EXPECT_TRUE(create_decision_table(database));
  return database;
}

Status insert(db::Database& database, const Decision& decision) {
  ASSIGN_OR_RETURN(const auto columns, decision_columns(database));
  ASSIGN_OR_RETURN(DecisionInserter inserter, DecisionInserter::prepare(database, columns));
  return inserter.insert(decision);
}

TEST(DecisionTable, ARowComesBackAsItWas) {
  db::Database database = new_table();
  Decision decided = prediction("b");
  decided.user_selected_index = 0;
  decided.user_action = "crop";
  decided.final_crop_coords = CropBox{.x2 = 0.5};
  decided.crop_timestamp = "2025-11-02T00:00:00Z";
  decided.selection_match = false;
  decided.crop_match = true;
  decided.ai_crop_accepted = false;
  decided.batch_number = 7;
  ASSERT_TRUE(insert(database, decided));
  ASSERT_TRUE(insert(database, prediction("a")));
  const auto table = read_decisions(database);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_TRUE(table->bad_rows.empty());
  ASSERT_EQ(table->decisions.size(), 2);
  EXPECT_EQ(table->decisions[0].group_id, "a");
  EXPECT_EQ(table->decisions[0].user_action, std::nullopt);
  const Decision& read = table->decisions[1];
  EXPECT_EQ(read.images, decided.images);
  EXPECT_EQ(read.ai_crop_coords, decided.ai_crop_coords);
  EXPECT_EQ(read.ai_confidence, 0.75);
  EXPECT_EQ(read.user_selected_index, 0);
  EXPECT_EQ(read.user_action, "crop");
  EXPECT_EQ(read.final_crop_coords, decided.final_crop_coords);
  EXPECT_EQ(read.selection_match, false);
  EXPECT_EQ(read.crop_match, true);
  EXPECT_EQ(read.ai_crop_accepted, false);
  EXPECT_EQ(read.batch_number, 7);
  EXPECT_EQ(read.image_height, 1216);
}

TEST(DecisionTable, TheChecksHoldButTheUsersColumnsMayBeNull) {
  db::Database database = new_table();
  EXPECT_TRUE(insert(database, prediction("ok")));
  const auto refused = [&database](auto&& change) {
    Decision decision = prediction("wrong");
    change(decision);
    const Status status = insert(database, decision);
    return !status && status.error().code == ErrorCode::kInvalidInput;
  };
  EXPECT_TRUE(refused([](Decision& d) { d.ai_selected_index = 2; }));
  EXPECT_TRUE(refused([](Decision& d) { d.ai_selected_index = -1; }));
  EXPECT_TRUE(refused([](Decision& d) { d.user_selected_index = 2; }));
  EXPECT_TRUE(refused([](Decision& d) { d.user_action = "skip"; }));
  EXPECT_TRUE(refused([](Decision& d) { d.ai_confidence = 1.5; }));
  EXPECT_TRUE(refused([](Decision& d) { d.image_width = 0; }));
  EXPECT_TRUE(refused([](Decision& d) { d.image_height = std::nullopt; }));
  EXPECT_TRUE(refused([](Decision& d) { d.group_id = "ok"; }));
  // Five images are a group too.
  Decision five = prediction("five");
  five.images = {"a", "b", "c", "d", "e"};
  five.ai_selected_index = 4;
  EXPECT_TRUE(insert(database, five));
}

TEST(DecisionTable, SixColumnsAreReadToo) {
  db::Database database = *db::Database::open_in_memory();
  ASSERT_TRUE(database.execute(
      "CREATE TABLE ai_decisions (group_id TEXT PRIMARY KEY, project_id TEXT, images TEXT, "
      "ai_selected_index INTEGER, ai_crop_coords TEXT, ai_confidence REAL); "
      "INSERT INTO ai_decisions VALUES ('g', 'p', '[\"a.png\", \"b.png\"]', 1, NULL, 0.5)"));
  const auto table = read_decisions(database);
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->decisions.size(), 1);
  EXPECT_EQ(table->decisions[0].project_id, "p");
  EXPECT_EQ(table->decisions[0].image_width, std::nullopt);
  EXPECT_EQ(table->columns.size(), 6);
}

TEST(DecisionTable, ABadRowCostsThatRow) {
  db::Database database = *db::Database::open_in_memory();
  ASSERT_TRUE(database.execute(
      "CREATE TABLE ai_decisions (group_id TEXT, images TEXT, ai_selected_index INTEGER, "
      "ai_crop_coords TEXT, ai_confidence REAL); INSERT INTO ai_decisions VALUES "
      "('a', '[\"x\"]', 0, '[0, 0, 1, 1]', 1), ('b', 'text', 0, NULL, NULL), "
      "('c', '[\"x\"]', 1, NULL, NULL), ('d', '[\"x\"]', 'one', NULL, NULL), "
      "('e', '[\"x\"]', 0, '[0, 1]', NULL), ('f', '[\"x\"]', 0, NULL, 'high'), "
      "(NULL, '[\"x\"]', 0, NULL, NULL), ('h', '[\"x\"]', 0, 'null', NULL)"));
  const auto table = read_decisions(database);
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->decisions.size(), 2);
  EXPECT_EQ(table->decisions[1].group_id, "h");
  ASSERT_EQ(table->bad_rows.size(), 6);
  EXPECT_EQ(table->bad_rows[0].row, "row 1");
  EXPECT_EQ(table->bad_rows[2].row, "c");
  EXPECT_EQ(table->bad_rows[2].problem, "ai_selected_index is 1, but the group has 1 images");
}

TEST(DecisionTable, ADatabaseWithoutTheTableIsRefused) {
  db::Database database = *db::Database::open_in_memory();
  const auto none = read_decisions(database);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().message.contains("no table ai_decisions")) << none.error().message;
  ASSERT_TRUE(database.execute("CREATE TABLE ai_decisions (group_id TEXT)"));
  const auto without = read_decisions(database);
  ASSERT_FALSE(without);
  EXPECT_TRUE(without.error().message.contains("no column images")) << without.error().message;
}

TEST(DecisionTable, TheViewsCountWhatIsDecided) {
  db::Database database = new_table();
  Decision right = prediction("a");
  right.selection_match = true;
  Decision wrong = prediction("b");
  wrong.selection_match = false;
  wrong.user_action = "crop";
  for (const Decision& decision : {right, wrong, prediction("c")}) {
    ASSERT_TRUE(insert(database, decision));
  }
  auto performance = database.prepare("SELECT * FROM ai_performance");
  ASSERT_TRUE(performance->step().value());
  EXPECT_EQ(performance->column_name(0), "project_id");
  EXPECT_EQ(performance->integer(1), 3);
  EXPECT_EQ(performance->integer(2), 1);
  EXPECT_EQ(performance->real(4), 50.0);
  EXPECT_TRUE(performance->is_null(5));
  auto incomplete = database.prepare("SELECT group_id FROM incomplete_crops");
  ASSERT_TRUE(incomplete->step().value());
  EXPECT_EQ(incomplete->text(0), "b");
  auto mistakes = database.prepare("SELECT group_id FROM ai_mistakes");
  ASSERT_TRUE(mistakes->step().value());
  EXPECT_EQ(mistakes->text(0), "b");
}

}  // namespace
}  // namespace assay::decisions
