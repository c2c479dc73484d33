#include "db/transaction.h"

#include "db/database.h"

#include <gtest/gtest.h>

#include <utility>

namespace assay::db {
namespace {

std::int64_t count(Database& database) {
  auto statement = database.prepare("SELECT count(*) FROM t");
  EXPECT_TRUE(statement->step().value());
  return statement->integer(0);
}

TEST(Transaction, WithoutCommitNothingHappened) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(database.execute("CREATE TABLE t (x)"));
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES (1)"));
    EXPECT_EQ(count(database), 1);
  }
  EXPECT_EQ(count(database), 0);
}

TEST(Transaction, WithCommitItStays) {
  Database database = *Database::open_in_memory();
  ASSERT_TRUE(database.execute("CREATE TABLE t (x)"));
  {
    auto transaction = Transaction::begin(database, TransactionKind::kRead);
    ASSERT_TRUE(transaction);
    Transaction moved = std::move(*transaction);
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES (1)"));
    ASSERT_TRUE(moved.commit());
    EXPECT_FALSE(moved.commit());
  }
  EXPECT_EQ(count(database), 1);
}

TEST(Transaction, TheyDoNotNest) {
  Database database = *Database::open_in_memory();
  auto transaction = Transaction::begin(database);
  ASSERT_TRUE(transaction);
  EXPECT_FALSE(Transaction::begin(database));
}

}  // namespace
}  // namespace assay::db
