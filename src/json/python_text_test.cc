#include "json/python_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace assay::json {
namespace {

std::string dumps(std::string_view text) {
  const auto json = python_dumps(text);
  return json ? *json : json.error().message;
}

std::string python_string(std::string_view text) {
  std::string json;
  append_python_string(json, text);
  return json;
}

TEST(PythonDumps, WritesSeparatorsAsPythonDoes) {
  EXPECT_EQ(dumps(R"( {"b":1,"a":[true,false,null,{}],"c":[]} )"),
            R"({"b": 1, "a": [true, false, null, {}], "c": []})");
}

TEST(PythonDumps, WritesNumbersAsPythonDoes) {
  EXPECT_EQ(dumps("[1.0, 1.50, 1e5, 1E22, 1e-7, -0, -0.0, 0.1e1, 12345678901234567890]"),
            "[1.0, 1.5, 100000.0, 1e+22, 1e-07, 0, -0.0, 1.0, 12345678901234567890]");
  EXPECT_EQ(dumps("[NaN, Infinity, -Infinity, 1e999, -1e999, 1e-999]"),
            "[NaN, Infinity, -Infinity, Infinity, -Infinity, 0.0]");
}

TEST(PythonDumps, WritesTextsInAscii) {
  EXPECT_EQ(dumps("\"caf\u00e9 \U0001f916 \\u0041 \\/ \\ud800 \x7f\""),
            R"("caf\u00e9 \ud83e\udd16 A / \ud800 \u007f")");
}

TEST(PythonDumps, KeepsTheLastOfNamesakesAtTheFirstPlace) {
  EXPECT_EQ(dumps(R"({"a": 1, "b": 2, "a": 3, "c": 4, "b": 5})"), R"({"a": 3, "b": 5, "c": 4})");
}

TEST(PythonDumps, RefusesWhatIsNoJson) {
  EXPECT_EQ(python_dumps("{'a': 1}").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(python_dumps("\"\xff\"").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(python_dumps("1 2").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(dumps("[1,]"), "not JSON at byte 3: expected a value");
  EXPECT_EQ(python_dumps(std::string(1001, '[')).error().code, ErrorCode::kExhausted);
}

TEST(AppendPythonString, EscapesWhatPythonEscapes) {
  EXPECT_EQ(python_string("a\"b\\c/\b\f\n\r\t\x01\x1f\x7f"),
            R"("a\"b\\c/\b\f\n\r\t\u0001\u001f\u007f")");
  EXPECT_EQ(python_string("\u00e9\u6f22\U0001f916"), R"("\u00e9\u6f22\ud83e\udd16")");
}

TEST(AppendPythonString, ShowsBytesThatAreNoText) {
  EXPECT_EQ(python_string("x\xffy\xc3"), R"("x\ufffdy\ufffd")");
  EXPECT_EQ(python_string("\xed\xa0\x80"), R"("\ud800")");
  EXPECT_EQ(python_string("\xc0\x80"), R"("\ufffd\ufffd")");
}

TEST(PythonRound, RoundsTheExactDecimalValueHalfToEven) {
  EXPECT_EQ(python_round(2.675, 2), 2.67);  // 2.67499999999999982236431605997495353221893310546875
  EXPECT_EQ(python_round(0.5, 0), 0.0);
  EXPECT_EQ(python_round(1.5, 0), 2.0);
  EXPECT_EQ(python_round(2.5, 0), 2.0);
  EXPECT_EQ(python_round(0.125, 2), 0.12);
  EXPECT_EQ(python_round(0.375, 2), 0.38);
  EXPECT_EQ(python_round(1e22, 3), 1e22);
  EXPECT_EQ(python_round(5e-324, 323), 0.0);
  EXPECT_EQ(python_round(5e-324, 324), 5e-324);
  EXPECT_EQ(python_round(-1.7976931348623157e308, 300), -1.7976931348623157e308);
}

TEST(PythonRound, KeepsSignsAndWhatIsNotFinite) {
  EXPECT_TRUE(std::signbit(python_round(-0.0, 2)));
  EXPECT_TRUE(std::signbit(python_round(-0.0004, 3)));
  EXPECT_TRUE(std::isnan(python_round(std::nan(""), 2)));
  EXPECT_EQ(python_round(-HUGE_VAL, 2), -HUGE_VAL);
}

}  // namespace
}  // namespace assay::json
