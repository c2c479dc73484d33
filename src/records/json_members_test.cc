#include "records/json_members.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::records {
namespace {

TEST(JsonMembers, CutsOutValuesOfEachKind) {
  const auto members = JsonMembers::parse(
      R"( {"a": "text, with } and \" and \\", "b": [1, {"c": "]"}], "d" :-1.5e3, "e": null, "\u0066": {}} )");
  ASSERT_TRUE(members);
  EXPECT_EQ(*members->find("a"), R"("text, with } and \" and \\")");
  EXPECT_EQ(*members->find("b"), R"([1, {"c": "]"}])");
  EXPECT_EQ(*members->find("d"), "-1.5e3");
  EXPECT_EQ(*members->find("e"), "null");
  EXPECT_EQ(*members->find("f"), "{}");
  EXPECT_EQ(members->find("g"), nullptr);
}

TEST(JsonMembers, RefusesWhatDoesNotEndOrMatch) {
  for (const std::string_view text :
       {"", "{", R"({"a)", R"({"a\)", R"({"a": "b)", R"({"a": "b\)", R"({"a": "b\"})", R"({"a": 1)",
        R"({"a": [1})", R"({"a" 1})", R"({"a": })", R"({"a": 1} {})", R"({a: 1})",
        "{\"a\": \"x\x01\"}", "{\"a\": \"a text of sixteen\n\"}", "[]"}) {
    EXPECT_FALSE(JsonMembers::parse(text)) << text;
  }
}

TEST(JsonMembers, SaysWhatStoodBeforeTheDamage) {
  const auto found = find_json_members(R"({"a": 1, "b": "two", "c": "thr)");
  EXPECT_FALSE(found.is_whole);
  ASSERT_EQ(found.members.all().size(), 2U);
  EXPECT_EQ(found.members.all()[1].value, R"("two")");
}

// Escapes and other bytes stand at each place of a step of sixteen, and at the end.
TEST(JsonMembers, DecodesTextsAtAnyPlace) {
  for (std::size_t num_before = 0; num_before < 40; ++num_before) {
    for (std::size_t num_behind : {0U, 1U, 15U, 16U, 17U, 33U}) {
      const std::string before(num_before, 'x');
      const std::string behind(num_behind, 'y');
      const std::string json =
          "\"" + before + R"(\n\u00e9\ud83e\udd16\")" + "caf\xc3\xa9\x7f" + behind + "\"";
      const std::string text = before + "\n\xc3\xa9\xf0\x9f\xa4\x96\"" + "caf\xc3\xa9\x7f" + behind;
      ASSERT_EQ(decode_json_text(json), text) << json;
      const auto members = JsonMembers::parse("{" + json + ": " + json + "}");
      ASSERT_TRUE(members) << json;
      ASSERT_NE(members->find(text), nullptr) << json;
      EXPECT_EQ(*members->find(text), json);
    }
  }
}

TEST(JsonMembers, RefusesTextsThatEndWithinAnEscape) {
  for (const std::string_view json :
       {R"("\")", R"("sixteen bytes ..\")", R"("\u12")", R"("\q")", R"("a)", R"(a")", R"(")"}) {
    EXPECT_EQ(decode_json_text(json), std::nullopt) << json;
  }
}

}  // namespace
}  // namespace assay::records
