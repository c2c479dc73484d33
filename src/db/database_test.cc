#include "db/database.h"

#include "db/damage.h"
#include "db/transaction.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace assay::db {
namespace {

namespace fs = std::filesystem;

/// A folder that lives as long as a test.
class DatabaseFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "assay-db-XXXXXX").native();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  Database create(const std::string& name, JournalMode journal = JournalMode::kDelete) {
    auto database = Database::open(folder_ / name, {.mode = OpenMode::kCreate, .journal = journal});
    EXPECT_TRUE(database) << database.error().message;
    EXPECT_TRUE(database->execute("CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT NOT NULL)"));
    return std::move(*database);
  }

  fs::path folder_;
};

TEST_F(DatabaseFiles, TheSizeOfThePageCacheChangesNoContent) {
  Database database = create("a.db");
  for (const ByteCount size : {ByteCount(64U << 10), ByteCount(16U << 20), kUsualPageCache}) {
    ASSERT_TRUE(database.set_page_cache(size));
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("DELETE FROM t"));
    // Some hundred pages, each changed twice.
    ASSERT_TRUE(database.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO t SELECT i, printf('%0100d', i) FROM n"));
    ASSERT_TRUE(database.execute("UPDATE t SET y = printf('%0100d', x + 1)"));
    ASSERT_TRUE(transaction->commit());
    auto count = database.prepare("SELECT count(*) FROM t WHERE y = printf('%0100d', x + 1)");
    ASSERT_TRUE(count);
    ASSERT_TRUE(count->step());
    EXPECT_EQ(count->integer(0), 5000);
  }
  EXPECT_TRUE(find_damage(database).value().empty());
}

TEST_F(DatabaseFiles, WhatIsCommittedIsThereAfterwards) {
  {
    Database database = create("a.db");
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES (1, 'one'), (2, 'two')"));
    EXPECT_EQ(database.num_changed_rows(), 2);
    EXPECT_EQ(database.last_row_id(), 2);
    ASSERT_TRUE(database.close());
  }
  auto database = Database::open(folder_ / "a.db");
  ASSERT_TRUE(database) << database.error().message;
  auto statement = database->prepare("SELECT y FROM t WHERE x = ?");
  ASSERT_TRUE(statement);
  statement->bind_integer(1, 2);
  ASSERT_TRUE(statement->step().value());
  EXPECT_EQ(statement->text(0), "two");
}

TEST_F(DatabaseFiles, AFileThatIsNotThereIsNotMadeByAReader) {
  const auto database = Database::open(folder_ / "absent.db");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(database.error().message.contains("absent.db")) << database.error().message;
  EXPECT_FALSE(fs::exists(folder_ / "absent.db"));
  EXPECT_FALSE(Database::open(folder_ / "absent.db", {.mode = OpenMode::kWrite}));
}

TEST_F(DatabaseFiles, AFolderIsNoDatabase) {
  const auto database = Database::open(folder_, {.mode = OpenMode::kWrite});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kInvalidInput) << database.error().message;
}

TEST_F(DatabaseFiles, WhatIsNoDatabaseIsCorrupt) {
  std::ofstream(folder_ / "text.db") << std::string(4096, 'x');
  const auto database = Database::open(folder_ / "text.db");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(database.error().message.contains("not an SQLite database"))
      << database.error().message;
}

TEST_F(DatabaseFiles, DamageIsFoundAndACutFileRefused) {
  {
    Database database = create("a.db");
    ASSERT_TRUE(database.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO t SELECT i, 'some text of row ' || i FROM n"));
    ASSERT_TRUE(find_damage(database)->empty());
  }
  const auto size = fs::file_size(folder_ / "a.db");
  {
    std::fstream file(folder_ / "a.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 4096 / 2 * 4096));
    file << std::string(4096, '\x55');
  }
  auto database = Database::open(folder_ / "a.db");
  ASSERT_TRUE(database) << database.error().message;
  const auto damage = find_damage(*database, 3);
  ASSERT_TRUE(damage) << damage.error().message;
  EXPECT_FALSE(damage->empty());
  fs::resize_file(folder_ / "a.db", size / 2);
  const auto cut = Database::open(folder_ / "a.db");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt) << cut.error().message;
}

TEST_F(DatabaseFiles, AReaderCannotWrite) {
  create("a.db");
  auto database = Database::open(folder_ / "a.db");
  ASSERT_TRUE(database);
  const auto status = database->execute("INSERT INTO t VALUES (1, 'one')");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kDenied) << status.error().message;
}

TEST_F(DatabaseFiles, ErrorsNameTheFileAndTheSql) {
  Database database = create("a.db");
  const auto unknown = database.prepare("SELECT z FROM t");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(unknown.error().message.contains("a.db: no such column: z (in: SELECT z FROM t)"))
      << unknown.error().message;
  // A text in double quotes is a mistake, not a value.
  EXPECT_FALSE(database.prepare("SELECT \"text\" FROM t"));
  const auto constraint = database.execute("INSERT INTO t VALUES (1, NULL)");
  ASSERT_FALSE(constraint);
  EXPECT_EQ(constraint.error().code, ErrorCode::kInvalidInput);
}

TEST_F(DatabaseFiles, AHeldFileIsUnavailableAfterTheTimeout) {
  Database first = create("a.db");
  auto writing = Transaction::begin(first);
  ASSERT_TRUE(writing);
  auto second = Database::open(
      folder_ / "a.db", {.mode = OpenMode::kWrite, .busy_timeout = std::chrono::milliseconds(10)});
  ASSERT_TRUE(second) << second.error().message;
  const auto status = second->execute("INSERT INTO t VALUES (1, 'one')");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(status.error().message.contains("another program holds it"));
  ASSERT_TRUE(writing->commit());
  EXPECT_TRUE(second->execute("INSERT INTO t VALUES (1, 'one')"));
}

TEST_F(DatabaseFiles, TheJournalModeIsTheOneAskedFor) {
  Database wal = create("wal.db", JournalMode::kWal);
  ASSERT_TRUE(wal.execute("INSERT INTO t VALUES (1, 'one')"));
  EXPECT_TRUE(fs::exists(folder_ / "wal.db-wal"));
  ASSERT_TRUE(wal.close());
  EXPECT_FALSE(fs::exists(folder_ / "wal.db-wal"));
  // Another connection that reads keeps a file in WAL mode.
  auto reader = Database::open(folder_ / "wal.db");
  ASSERT_TRUE(reader);
  auto rows = reader->prepare("SELECT * FROM t");
  ASSERT_TRUE(rows->step().value());
  const auto writer = Database::open(
      folder_ / "wal.db",
      {.mode = OpenMode::kWrite, .journal = JournalMode::kDelete, .busy_timeout = {}});
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kUnavailable) << writer.error().message;
}

TEST_F(DatabaseFiles, ANameThatBeginsWithAColonIsAFile) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  {
    auto database = Database::open(":memory:", {.mode = OpenMode::kCreate});
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE t (x)"));
  }
  fs::current_path(before);
  EXPECT_TRUE(fs::exists(folder_ / ":memory:"));
  EXPECT_FALSE(Database::open("", {.mode = OpenMode::kCreate}));
}

TEST_F(DatabaseFiles, AClosedOneHasNoStatementsLeft) {
  auto database = Database::open_in_memory();
  ASSERT_TRUE(database);
  auto statement = database->prepare("SELECT 1");
  ASSERT_TRUE(statement->step().value());
  EXPECT_FALSE(database->close());
  {
    const Statement ended = std::move(*statement);
  }
  EXPECT_TRUE(database->close());
}

TEST(QuoteIdentifier, DoublesQuotes) { EXPECT_EQ(quote_identifier("a\"b c"), "\"a\"\"b c\""); }

}  // namespace
}  // namespace assay::db
