#include "json/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace assay::json {
namespace {

TEST(Parse, ReadsEachKind) {
  const auto value = parse(R"( {"a": [1, -2.5, true, null, "x\u00e9\ud83d\ude00"], "b": {}} )");
  ASSERT_TRUE(value);
  const Value::List& list = *value->find("a")->list();
  EXPECT_EQ(list[0].integer(), 1);
  EXPECT_EQ(list[0].number(), 1.0);
  EXPECT_EQ(list[1].number(), -2.5);
  EXPECT_EQ(list[1].integer(), std::nullopt);
  EXPECT_EQ(list[2].boolean(), true);
  EXPECT_TRUE(list[3].is_null());
  EXPECT_EQ(*list[4].text(), "xé😀");
  EXPECT_EQ(value->find("b")->kind_name(), "an object");
  EXPECT_EQ(value->find("c"), nullptr);
  EXPECT_EQ(list[0].find("a"), nullptr);
}

TEST(Parse, IntegersBeyond64BitsWithSignAreDoubles) {
  EXPECT_EQ(parse("9223372036854775807")->integer(), 9'223'372'036'854'775'807);
  EXPECT_EQ(parse("-9223372036854775808")->integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse("9223372036854775808")->integer(), std::nullopt);
  EXPECT_EQ(parse("9223372036854775808")->number(), 9223372036854775808.0);
}

TEST(Parse, OfTwoMembersOfOneNameTheLastWins) {
  EXPECT_EQ(parse(R"({"a": 1, "b": 2, "a": {"c": 3}})")->find("a")->find("c")->integer(), 3);
}

TEST(Parse, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "NaN", "01", "1 2", "'a'", "\"a", "[1]x",
        "\"\xff\"", "\"\x01\"", "\xef\xbb\xbf", "1e999", "{1:2}", "// comment\n1"}) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST(ParsePython, TakesWhatPythonWrites) {
  const auto value = parse_python(
      R"({"a": NaN, "b": -Infinity, "c": 18446744073709551617, "d": 1e400, "e": -7, "f": "\ud800x",
          "g": [true, null, 2.5, {"h": false}], "a": Infinity})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->find("a")->number(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value->find("b")->number(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(value->find("c")->number(), 18446744073709551616.0);
  EXPECT_EQ(value->find("c")->integer(), std::nullopt);
  EXPECT_EQ(value->find("d")->number(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value->find("e")->integer(), -7);
  EXPECT_EQ(*value->find("f")->text(), "\ufffdx");
  const Value::List& list = *value->find("g")->list();
  EXPECT_EQ(list[0].boolean(), true);
  EXPECT_TRUE(list[1].is_null());
  EXPECT_EQ(list[2].number(), 2.5);
  EXPECT_EQ(list[3].find("h")->boolean(), false);
  EXPECT_TRUE(std::isnan(parse_python("NaN")->number().value_or(0)));
  EXPECT_EQ(parse_python("\xef\xbb\xbf{}").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse_python("nan").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse_python("[1, 2]", ByteCount(5)).error().code, ErrorCode::kExhausted);
}

TEST(Parse, SaysTheByteAndNotTheText) {
  const auto value = parse(R"({"private_key": "secret-secret", oops})");
  EXPECT_EQ(value.error().message, "not JSON at byte 34");
}

TEST(Parse, RefusesDeeperNestingThanTheLimit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse(nested(kMaxJsonDepth)));
  const auto value = parse(nested(kMaxJsonDepth + 1));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(parse(std::string(5'000'000, '[')).error().code, ErrorCode::kExhausted);
}

TEST(Parse, RefusesATextOverTheLimit) {
  const auto value = parse("[1, 2]", {.max_size = ByteCount(5)});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::kExhausted);
}

TEST(Value, ARequiredMemberOfAnotherKindIsNamedButNotShown) {
  const Value value = *parse(R"({"token": ["hush"], "expires": 3599, "share": 1})");
  EXPECT_EQ(value.require_text("token").error().message, "'token' is a list, not a text");
  EXPECT_EQ(value.require_text("nothing").error().message, "'nothing' is missing");
  EXPECT_EQ(*value.require_integer("expires"), 3599);
  EXPECT_EQ(*value.require_number("share"), 1.0);
  EXPECT_EQ(value.require_integer("token").error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace assay::json
