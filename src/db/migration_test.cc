#include "db/migration.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace assay::db {
namespace {

constexpr std::array<std::string_view, 2> kSteps = {
    "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)", "ALTER TABLE t ADD COLUMN y TEXT"};

Schema schema_of(std::span<const std::string_view> steps) {
  return {.name = "a test table", .application_id = 0x41535459, .steps = steps};
}

std::int64_t number(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  EXPECT_TRUE(statement) << statement.error().message;
  EXPECT_TRUE(statement->step().value());
  return statement->integer(0);
}

TEST(Migrate, AnEmptyDatabaseGetsAllSteps) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(migrate(database, schema_of(kSteps)));
  EXPECT_EQ(number(database, "SELECT count(*) FROM t WHERE y IS NULL"), 1);
  EXPECT_EQ(number(database, "PRAGMA user_version"), 2);
  // Again: nothing to do.
  ASSERT_TRUE(migrate(database, schema_of(kSteps)));
  EXPECT_EQ(number(database, "SELECT count(*) FROM t"), 1);
}

TEST(Migrate, AnOlderOneGetsTheRest) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(migrate(database, schema_of(std::span(kSteps).first(1))));
  ASSERT_TRUE(database.execute("INSERT INTO t VALUES (2)"));
  ASSERT_TRUE(migrate(database, schema_of(kSteps)));
  EXPECT_EQ(number(database, "SELECT count(*) FROM t WHERE y IS NULL"), 2);
}

TEST(Migrate, ANewerOneIsRefused) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(migrate(database, schema_of(kSteps)));
  const auto status = migrate(database, schema_of(std::span(kSteps).first(1)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(status.error().message.contains("version 2")) << status.error().message;
}

TEST(Migrate, AnotherKindIsRefusedAndLeftAlone) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(database.execute("CREATE TABLE other (x)"));
  const auto status = migrate(database, schema_of(kSteps));
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message.contains("another kind")) << status.error().message;
  EXPECT_EQ(number(database, "SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(Migrate, AStepThatFailsLeavesNothing) {
  Database database = *Database::open_in_memory();
  constexpr std::array<std::string_view, 1> kBroken = {
      "CREATE TABLE t (x); INSERT INTO nowhere VALUES (1)"};
  const auto status = migrate(database, schema_of(kBroken));
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message.contains("step 1 of a test table")) << status.error().message;
  EXPECT_EQ(number(database, "SELECT count(*) FROM sqlite_schema"), 0);
  EXPECT_EQ(number(database, "PRAGMA user_version"), 0);
}

}  // namespace
}  // namespace assay::db
