#include "decisions/decision_database.h"

#include "decisions/decision_table.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace assay::decisions {
namespace {

namespace fs = std::filesystem;

class DecisionDatabases : public testing::Test {
 protected:
  Result<DecisionDatabase> create(ExistingResult existing = ExistingResult::kRefuse) {
    return DecisionDatabase::create(files::posix_file_system(), folder_.path() / "out", "mojo1",
                                    existing);
  }

  static Decision prediction(const std::string& id, std::int64_t selected) {
    return {.group_id = id,
            .timestamp = "2025-11-01T00:00:0" + std::to_string(selected) + "Z",
            .project_id = "mojo1",
            .images = {"a.png", "b.png"},
            .ai_selected_index = selected,
            .ai_confidence = 0.5,
            .image_width = 1,
            .image_height = 1};
  }

  /// Write a database of these groups in this order. Gives its path.
  fs::path write(const std::vector<std::string>& ids,
                 ExistingResult existing = ExistingResult::kRefuse) {
    auto database = create(existing);
    EXPECT_TRUE(database) << database.error().message;
    for (const std::string& id : ids) {
      EXPECT_TRUE(database->add(prediction(id, 0)));
      EXPECT_TRUE(database->add(GroupScore{.group_id = id, .num_images = 2, .margin = 0.25}));
      EXPECT_TRUE(
          database->add(ImageScore{.group_id = id, .image_index = 0, .entry = id + "/a.png"}));
    }
    EXPECT_TRUE(database->add_dropped("x.png", "unknown_stage"));
    EXPECT_TRUE(database->add(RunRecord{.run_id = ids.front(), .source = "mojo1.zip"}));
    const auto path = database->finish();
    EXPECT_TRUE(path) << path.error().message;
    return path ? path->path : fs::path();
  }

  static std::string dump(const fs::path& path) {
    auto database = db::Database::open(path);
    EXPECT_TRUE(database) << database.error().message;
    return dump_decisions(*database).value();
  }

  std::vector<std::string> names() const {
    return files::posix_file_system().list(folder_.path() / "out").value();
  }

  /// Leave `path` as a program does that dies amid a change: half of it in the file, and what was
  /// there before in the journal beside it.
  void die_amid_a_change(const fs::path& path) {
    const fs::path copy = folder_.path() / "copy";
    {
      auto database = db::Database::open(
          path, {.mode = db::OpenMode::kWrite, .journal = db::JournalMode::kDelete});
      ASSERT_TRUE(database) << database.error().message;
      // With room for little, pages go to the file before the end.
      ASSERT_TRUE(database->execute(
          "PRAGMA cache_size=1; BEGIN; UPDATE ai_decisions SET ai_confidence = 0;"
          "CREATE TABLE filler AS WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL "
          "SELECT n + 1 FROM numbers WHERE n < 200) SELECT n, hex(zeroblob(1000)) FROM numbers"));
      fs::copy_file(path, copy);
      fs::copy_file(path.native() + "-journal", copy.native() + "-journal");
    }
    fs::rename(copy, path);
    fs::rename(copy.native() + "-journal", path.native() + "-journal");
  }

  files::testing::TemporaryFolder folder_;
};

TEST_F(DecisionDatabases, AppearWholeUnderTheProjectsName) {
  const fs::path path = write({"a", "b"});
  EXPECT_EQ(path.filename(), "mojo1.db");
  EXPECT_EQ(names(), std::vector<std::string>{"mojo1.db"});
  auto database = db::Database::open(path);
  ASSERT_TRUE(database);
  EXPECT_EQ(read_decisions(*database)->decisions.size(), 2);
  // Old tools look at neither; both stay as SQLite makes them.
  auto version = database->prepare("PRAGMA user_version");
  ASSERT_TRUE(version->step().value());
  EXPECT_EQ(version->integer(0), 0);
}

TEST_F(DecisionDatabases, OneOfThatNameIsNeverTouched) {
  fs::create_directories(folder_.path() / "out");
  std::ofstream(folder_.path() / "out/mojo1.db") << "the user's work";
  EXPECT_EQ(write({"a"}).filename(), "mojo1_ai_predictions_temp.db");
  std::string content;
  std::getline(std::ifstream(folder_.path() / "out/mojo1.db"), content);
  EXPECT_EQ(content, "the user's work");
  // The second result is only replaced when that is asked for.
  const auto refused = create();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(write({"a", "b"}, ExistingResult::kReplace).filename(), "mojo1_ai_predictions_temp.db");
  // Even then it is kept, for it may wait to be merged.
  ASSERT_EQ(names().size(), 3U);
  EXPECT_EQ(names()[1], "mojo1_ai_predictions_temp.db");
  EXPECT_TRUE(names()[2].starts_with("mojo1_ai_predictions_temp.db.backup-20")) << names()[2];
  EXPECT_TRUE(dump(folder_.path() / "out" / names()[2]).contains("a/a.png"));
  EXPECT_FALSE(dump(folder_.path() / "out" / names()[2]).contains("b/a.png"));
}

TEST_F(DecisionDatabases, ALinkToNowhereTakesTheNameToo) {
  fs::create_directories(folder_.path() / "out");
  fs::create_symlink("/nowhere/at/all", folder_.path() / "out/mojo1.db");
  EXPECT_EQ(write({"a"}).filename(), "mojo1_ai_predictions_temp.db");
}

TEST_F(DecisionDatabases, ANameTakenWhileItIsWrittenIsNotReplaced) {
  auto database = create();
  ASSERT_TRUE(database);
  std::ofstream(folder_.path() / "out/mojo1.db") << "came in between";
  EXPECT_EQ(database->finish().value().path.filename(), "mojo1_ai_predictions_temp.db");
}

TEST_F(DecisionDatabases, WithoutFinishNothingIsLeft) {
  {
    auto database = create();
    ASSERT_TRUE(database->add(prediction("a", 0)));
    EXPECT_EQ(names(), std::vector<std::string>{"mojo1.db.partial"});
    const auto second = create();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(second.error().message.contains("another run")) << second.error().message;
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(DecisionDatabases, WhatAKilledRunLeftIsReplaced) {
  fs::create_directories(folder_.path() / "out");
  std::ofstream(folder_.path() / "out/mojo1.db.partial") << std::string(5000, 'x');
  write({"a"});
  EXPECT_EQ(names(), std::vector<std::string>{"mojo1.db"});
}

TEST_F(DecisionDatabases, AChangeCutShortIsTakenBackBeforeTheFileIsReplaced) {
  write({"a"});
  const fs::path path = write({"b"});
  die_amid_a_change(path);
  EXPECT_EQ(write({"c"}, ExistingResult::kReplace), path);
  const std::vector<std::string> left = names();
  ASSERT_EQ(left.size(), 3U);  // no journal that would be played back into the new file
  EXPECT_TRUE(dump(path).contains("c/a.png"));
  const std::string kept = dump(folder_.path() / "out" / left[2]);
  EXPECT_TRUE(kept.contains("b/a.png"));
  EXPECT_TRUE(kept.contains("0.5")) << kept;
}

TEST_F(DecisionDatabases, AFileThatAProgramStillUsesIsNotReplaced) {
  write({"a"});
  const fs::path path = write({"b"});
  for (const db::JournalMode journal : {db::JournalMode::kDelete, db::JournalMode::kWal}) {
    auto other = db::Database::open(path, {.mode = db::OpenMode::kWrite, .journal = journal});
    ASSERT_TRUE(other) << other.error().message;
    ASSERT_TRUE(other->execute("BEGIN; UPDATE ai_decisions SET ai_confidence = 0"));
    if (journal == db::JournalMode::kWal) {
      ASSERT_TRUE(other->execute("COMMIT"));
    }
    auto database = create(ExistingResult::kReplace);
    ASSERT_TRUE(database->add(prediction("c", 0)));
    const auto refused = database->finish();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  }
  EXPECT_EQ(names().size(), 3U);  // and what could not be published
}

TEST_F(DecisionDatabases, AJournalWithoutItsFileIsPutAside) {
  const fs::path path = write({"a"});
  die_amid_a_change(path);
  fs::remove(path);
  std::ofstream(path.native() + "-wal") << "the log of another file";
  EXPECT_EQ(write({"b"}), path);
  const std::vector<std::string> left = names();
  ASSERT_EQ(left.size(), 3U);
  EXPECT_TRUE(left[1].starts_with("mojo1.db-journal.backup-20")) << left[1];
  EXPECT_TRUE(left[2].starts_with("mojo1.db-wal.backup-20")) << left[2];
  auto database = db::Database::open(path, {.mode = db::OpenMode::kWrite});
  ASSERT_TRUE(database) << database.error().message;
  EXPECT_TRUE(dump(path).contains("b/a.png"));
}

TEST_F(DecisionDatabases, ARefusedRowDoesNotEndTheWriting) {
  auto database = create();
  ASSERT_TRUE(database->add(prediction("a", 0)));
  EXPECT_FALSE(database->add(prediction("b", 2)));
  EXPECT_FALSE(database->add(prediction("a", 1)));
  ASSERT_TRUE(database->add(prediction("c", 1)));
  const fs::path path = database->finish().value().path;
  auto read = db::Database::open(path);
  EXPECT_EQ(read_decisions(*read)->decisions.size(), 2);
}

TEST_F(DecisionDatabases, DumpsAreEqualWhateverTheOrderAndTheRun) {
  const std::string first = dump(write({"a", "b", "c"}));
  fs::remove_all(folder_.path() / "out");
  const std::string second = dump(write({"c", "b", "a"}));
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::ranges::count(first, '\n'), 10);
  EXPECT_FALSE(first.contains("2025-11-01"));
  fs::remove_all(folder_.path() / "out");
  EXPECT_NE(dump(write({"a", "b", "d"})), first);
}

TEST_F(DecisionDatabases, AProjectThatNamesNoFileIsRefused) {
  for (const char* project : {"", ".", "..", "a/b", ".hidden"}) {
    const auto refused =
        DecisionDatabase::create(files::posix_file_system(), folder_.path(), project);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace assay::decisions
