#include "db/statement.h"

#include "db/database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

namespace assay::db {
namespace {

class Statements : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(database_.execute("CREATE TABLE t (a, b, c, d)")); }
  Database database_ = *Database::open_in_memory();
};

TEST_F(Statements, ValuesComeBackAsTheyWereBound) {
  const std::array<std::byte, 3> bytes{std::byte{0}, std::byte{255}, std::byte{7}};
  auto insert = database_.prepare("INSERT INTO t VALUES (?, ?, ?, ?)");
  ASSERT_TRUE(insert);
  ASSERT_TRUE(insert->bind_integer(1, std::numeric_limits<std::int64_t>::min())
                  .bind_real(2, 0.1)
                  .bind_text(3, std::string_view("a\0b", 3))
                  .bind_blob(4, bytes)
                  .run());
  ASSERT_TRUE(insert->bind_text(1, "").bind_blob(2, {}).bind_real(3, std::nullopt).run());
  auto select = database_.prepare("SELECT * FROM t ORDER BY rowid");
  ASSERT_TRUE(select);
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(select->optional_real(1), 0.1);
  EXPECT_EQ(select->text(2), std::string_view("a\0b", 3));
  const auto blob = select->blob(3);
  EXPECT_TRUE(std::ranges::equal(blob, bytes));
  EXPECT_EQ(select->column_name(1), "b");
  EXPECT_EQ(select->num_columns(), 4);
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->type(0), ValueType::kText);
  EXPECT_EQ(select->text(0), "");
  EXPECT_EQ(select->type(1), ValueType::kBlob);
  EXPECT_EQ(select->optional_real(2), std::nullopt);
  // Not bound: NULL, not what the row before had.
  EXPECT_TRUE(select->is_null(3));
  EXPECT_FALSE(select->step().value());
}

TEST_F(Statements, TypesAreThoseOfTheValueNotOfTheColumn) {
  ASSERT_TRUE(database_.execute("CREATE TABLE n (x INTEGER); INSERT INTO n VALUES ('word')"));
  auto select = database_.prepare("SELECT x FROM n");
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->type(0), ValueType::kText);
  EXPECT_EQ(select->integer(0), 0);
  EXPECT_EQ(select->optional_text(0), "word");
}

TEST_F(Statements, AStatementStartsAnewAfterItsEndAndAfterReset) {
  ASSERT_TRUE(database_.execute("INSERT INTO t(a) VALUES (1), (2)"));
  auto select = database_.prepare("SELECT a FROM t WHERE a >= ?1 ORDER BY a");
  select->bind_integer(1, 1);
  ASSERT_TRUE(select->step().value());
  select->reset();
  select->bind_integer(1, 2);
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), 2);
  EXPECT_FALSE(select->step().value());
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->integer(0), 2);
}

TEST_F(Statements, AFailedRunCanBeFollowedByAnother) {
  ASSERT_TRUE(database_.execute("CREATE TABLE k (x PRIMARY KEY)"));
  auto insert = database_.prepare("INSERT INTO k VALUES (?)");
  ASSERT_TRUE(insert->bind_integer(1, 1).run());
  const auto again = insert->bind_integer(1, 1).run();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(again.error().message.contains("UNIQUE")) << again.error().message;
  EXPECT_TRUE(insert->bind_integer(1, 2).run());
}

using StatementsDeathTest = Statements;

TEST_F(StatementsDeathTest, AParameterOrColumnThatIsNotThereIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto select = database_.prepare("SELECT 1");
  EXPECT_DEATH(select->bind_integer(1, 1), "no parameter");
  EXPECT_DEATH((void)select->integer(0), "no row");
  ASSERT_TRUE(select->step().value());
  EXPECT_DEATH((void)select->integer(1), "no such column");
  EXPECT_DEATH((void)database_.prepare("SELECT 1; SELECT 2"), "several statements");
}

}  // namespace
}  // namespace assay::db
