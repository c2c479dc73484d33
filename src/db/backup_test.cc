#include "db/backup.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace assay::db {
namespace {

namespace fs = std::filesystem;

TEST(CopyDatabase, TheCopyHoldsWhatIsStillInTheWal) {
  std::string name = (fs::temp_directory_path() / "assay-db-XXXXXX").native();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path folder = name;
  {
    auto database =
        Database::open(folder / "a.db", {.mode = OpenMode::kCreate, .journal = JournalMode::kWal});
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE t (x); INSERT INTO t VALUES (7)"));
    const auto copied = copy_database(*database, folder / "b.db");
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_FALSE(fs::exists(folder / "b.db-wal"));
    const auto again = copy_database(*database, folder / "b.db");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
    auto copy = Database::open(folder / "b.db");
    ASSERT_TRUE(copy);
    auto statement = copy->prepare("SELECT x FROM t");
    ASSERT_TRUE(statement->step().value());
    EXPECT_EQ(statement->integer(0), 7);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace assay::db
