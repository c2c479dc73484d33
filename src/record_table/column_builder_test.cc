#include "record_table/column_builder_internal.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace assay::record_table {
namespace {

/// A column of the value of `x` of each line.
class Built {
 public:
  Built(ColumnType type, const std::vector<std::string>& lines) {
    constexpr std::string_view kPath = "x";
    json::LineScan scan({&kPath, 1});
    ColumnBuilder builder(type);
    for (const std::string& line : lines) {
      const std::string padded = line + std::string(json::LineScan::kPadding, ' ');
      scan.scan(std::string_view(padded).substr(0, line.size()));
      if (!builder.add(scan.fields().front())) ++num_refused;
    }
    column = builder.take();
    EXPECT_EQ(column.num_rows, lines.size());
    EXPECT_EQ(column.validity.size(), (lines.size() + 7) / 8);
  }

  std::string_view text(std::size_t row) const {
    const auto begin = static_cast<std::size_t>(column.offsets.at(row));
    const auto end = static_cast<std::size_t>(column.offsets.at(row + 1));
    return std::string_view(column.text).substr(begin, end - begin);
  }

  Column column;
  int num_refused = 0;
};

TEST(ColumnBuilder, HoldsTexts) {
  const Built built(ColumnType::kText, {R"({"x": "a"})", R"({"x": null})", R"({"x": ""})",
                                        R"({"x": "\u00e9"})", R"({"x": 7})", "{}"});
  EXPECT_EQ(built.text(0), "a");
  EXPECT_EQ(built.text(2), "");
  EXPECT_EQ(built.text(3), "é");
  EXPECT_EQ(built.column.validity, std::vector<std::uint8_t>{0b001101});
  EXPECT_EQ(built.column.num_nulls, 3);
  EXPECT_EQ(built.num_refused, 1);
}

TEST(ColumnBuilder, MakesUtf8OfLoneSurrogates) {
  const Built built(ColumnType::kText, {R"({"x": "\ud800 \udfff\ud7ff"})", R"({"x": "\ud800"})"});
  EXPECT_EQ(built.text(0), "\uFFFD \uFFFD\uD7FF");
  EXPECT_EQ(built.text(1), "\uFFFD");
}

TEST(ColumnBuilder, HoldsAnyValueAsJson) {
  const Built built(ColumnType::kJson,
                    {R"({"x": {"a":  [1, "b"]}})", R"({"x": "a"})", R"({"x": null})"});
  EXPECT_EQ(built.text(0), R"({"a":  [1, "b"]})");
  EXPECT_EQ(built.text(1), R"("a")");
  EXPECT_EQ(built.column.num_nulls, 1);
  EXPECT_EQ(built.num_refused, 0);
}

TEST(ColumnBuilder, TakesAWholeNumberForAnInteger) {
  const Built built(
      ColumnType::kInteger,
      {R"({"x": -3})", R"({"x": 2.0})", R"({"x": 2.5})", R"({"x": 9007199254740992.0})",
       R"({"x": 99999999999999999999})", R"({"x": NaN})", R"({"x": "3"})"});
  EXPECT_EQ(built.column.integers, (std::vector<std::int64_t>{-3, 2, 0, 0, 0, 0, 0}));
  EXPECT_EQ(built.column.num_nulls, 5);
  EXPECT_EQ(built.num_refused, 5);
}

TEST(ColumnBuilder, TakesAnIntegerForANumber) {
  const Built built(ColumnType::kNumber,
                    {R"({"x": 3})", R"({"x": 0.25})", R"({"x": -Infinity})", R"({"x": true})"});
  EXPECT_EQ(built.column.numbers.at(0), 3);
  EXPECT_EQ(built.column.numbers.at(1), 0.25);
  EXPECT_LT(built.column.numbers.at(2), -1e308);
  EXPECT_EQ(built.num_refused, 1);
}

TEST(ColumnBuilder, PacksBooleans) {
  std::vector<std::string> lines(10, R"({"x": true})");
  lines[1] = R"({"x": false})";
  lines[8] = R"({"x": 1})";
  const Built built(ColumnType::kBoolean, lines);
  EXPECT_EQ(built.column.booleans, (std::vector<std::uint8_t>{0b11111101, 0b10}));
  EXPECT_EQ(built.column.validity, (std::vector<std::uint8_t>{0xFF, 0b10}));
  EXPECT_EQ(built.num_refused, 1);
}

TEST(ColumnBuilder, HoldsTimesInMicrosecondsOfUtc) {
  const Built built(ColumnType::kTime, {R"({"x": "1970-01-01T01:00:00.000005+01:00"})",
                                        R"({"x": "yesterday"})", R"({"x": 5})", R"({"x": null})"});
  EXPECT_EQ(built.column.integers, (std::vector<std::int64_t>{5, 0, 0, 0}));
  EXPECT_EQ(built.column.num_nulls, 3);
  EXPECT_EQ(built.num_refused, 2);
}

TEST(ColumnBuilder, BeginsAnewWhenItsRowsAreTaken) {
  ColumnBuilder builder(ColumnType::kText);
  builder.add_text("first");
  EXPECT_EQ(builder.text_size(), 5);
  EXPECT_EQ(builder.take().num_rows, 1);
  builder.add_text("second");
  const Column column = builder.take();
  EXPECT_EQ(column.text, "second");
  EXPECT_EQ(column.offsets, (std::vector<std::int32_t>{0, 6}));
}

}  // namespace
}  // namespace assay::record_table
