#include "record_table/record_columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace assay::record_table {
namespace {

TEST(RecordColumns, AreNamedAsTheMembersThatTheyHold) {
  std::set<std::string_view> names;
  for (const RecordColumn& column : all_record_columns()) {
    EXPECT_TRUE(names.insert(column.name).second) << column.name;
    if (!column.field) continue;
    const std::string_view path =
        records::kRecordFieldPaths.at(static_cast<std::size_t>(*column.field));
    EXPECT_EQ(path.substr(path.rfind('.') + 1), column.name);
  }
}

TEST(RecordColumns, LeaveOutWhatRepeatsTheOthersUnlessItIsNamed) {
  const auto columns = choose_columns(std::nullopt);
  EXPECT_EQ(columns->size() + 2, all_record_columns().size());
  EXPECT_EQ(std::ranges::count(*columns, "record", &RecordColumn::name), 0);
  EXPECT_EQ(choose_columns({{"record"}})->front().field, std::nullopt);
}

TEST(RecordColumns, StandInTheOrderInWhichTheyAreNamed) {
  const auto columns = choose_columns({{"score", "timestamp"}});
  ASSERT_EQ(columns->size(), 2);
  EXPECT_EQ(columns->front().type, ColumnType::kNumber);
  EXPECT_EQ(columns->back().type, ColumnType::kTime);
}

TEST(RecordColumns, RefuseNamesThatMeanNothing) {
  const auto message = [](const std::vector<std::string>& names) {
    const auto columns = choose_columns(names);
    EXPECT_EQ(columns.error().code, ErrorCode::kInvalidInput);
    return columns.error().message;
  };
  EXPECT_TRUE(
      message({"scor"}).starts_with("columns: there is no column 'scor'; did you mean 'score'?; "
                                    "expected some of generation_id, "));
  EXPECT_EQ(message({"score", "score"}), "columns: 'score' is named twice: name it once");
  EXPECT_EQ(message({}), "columns: expected one name at least");
}

}  // namespace
}  // namespace assay::record_table
