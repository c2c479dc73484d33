#include "json/python_text.h"

#include "core/random.h"

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

TEST(PythonDumps, GivesItsOwnTextBack) {
  for (const std::string_view text :
       {R"({"a": 1, "b": [1.5, -2, null, {"c": {}}, []], "d": "caf\u00e9", "e": true})", "{}", "[]",
        R"("")", R"({"n": {"mean": 0.123, "std": 1e-07}, "count": 12345678901234567890})"}) {
    EXPECT_EQ(dumps(text), text);
  }
}

TEST(PythonDumps, RewritesWhatIsNearlyItsOwn) {
  EXPECT_EQ(dumps(R"({"a":1})"), R"({"a": 1})");
  EXPECT_EQ(dumps(R"({"a": 1,"b": 2})"), R"({"a": 1, "b": 2})");
  EXPECT_EQ(dumps(R"([1, 2.50])"), "[1, 2.5]");
  EXPECT_EQ(dumps(R"([-0])"), "[0]");
  EXPECT_EQ(dumps(R"({"a": 1, "a": 2})"), R"({"a": 2})");
  EXPECT_EQ(dumps("\"\u00e9 and more than eight\""), R"("\u00e9 and more than eight")");
  EXPECT_EQ(dumps("\"12345678\x7f\""), R"("12345678\u007f")");
  EXPECT_EQ(dumps(" {}"), "{}");
}

// Seeded texts of the form, damaged in one byte: the short way must never take what the long way
// would write otherwise, or refuse.
TEST(PythonDumps, AgreesWithTheLongWayOnDamagedTexts) {
  const std::string good =
      R"({"mean": 0.125, "std": [1.0, -2.5, 17], "name": "plain text", "none": null, "yes": true})";
  SeededRandom random(6);
  for (int i = 0; i < 100'000; ++i) {
    std::string text = good;
    constexpr std::string_view kBytes = "\"\\{}[],: 0159.-eEnt\x7f\x80\n";
    text[random.below(text.size())] = kBytes[random.below(kBytes.size())];
    if (random.below(2) == 0) text.erase(random.below(text.size()), 1);
    // A blank in front makes it take the long way.
    const auto by_the_long_way = python_dumps(" " + text);
    const auto given = python_dumps(text);
    ASSERT_EQ(given.has_value(), by_the_long_way.has_value()) << text;
    ASSERT_EQ(given.value_or(""), by_the_long_way.value_or("")) << text;
  }
}

TEST(AppendPythonString, FindsWhatIsNotPlainAtEachPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      const std::string json = python_string(text);
      const bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
      ASSERT_EQ(json == '"' + text + '"', is_plain) << byte << " at " << place;
    }
  }
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

TEST(AppendPythonString, WritesLongTextsInWhatTheirBytesNeed) {
  EXPECT_EQ(python_string(std::string(10'000, '\xff')).size(), 2 + std::size_t{6} * 10'000);
  // Each letter once across the end of every step and piece.
  for (std::size_t num_before = 0; num_before < 8; ++num_before) {
    std::string text(num_before, 'x');
    std::string json = '"' + text;
    for (int i = 0; i < 3'000; ++i) {
      text += "\U0001f916 abc\n";
      json += R"(\ud83e\udd16 abc\n)";
    }
    ASSERT_EQ(python_string(text), json + '"') << num_before;
  }
}

TEST(PythonMembers, AreTheTextsOfTheValues) {
  const std::string text =
      R"( {"a": 1e400, "b" : [1,  2], "a": NaN, "\u00e9": 18446744073709551617} )";
  const auto members = python_members(text);
  ASSERT_TRUE(members) << members.error().message;
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].name, "a");
  EXPECT_EQ((*members)[0].value, "NaN");
  EXPECT_EQ((*members)[1].value, "[1,  2]");
  EXPECT_EQ((*members)[2].name, "\u00e9");
  EXPECT_EQ((*members)[2].value, "18446744073709551617");
  for (const std::string_view other : {"[1]", "{", "", "nan"}) {
    const auto refused = python_members(other);
    ASSERT_FALSE(refused) << other;
    EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt) << other;
  }
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
