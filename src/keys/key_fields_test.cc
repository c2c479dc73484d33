#include "keys/key_fields_internal.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::keys {
namespace {

TEST(KeyFields, ReadsFlatObjects) {
  const auto fields = read_key_fields(
      " { \"a\" : \"x\\u0041\\n\", \"b\":-1.5e+3, \"c\":null,\r\n\"d\":true , \" e\": \"\" } ");
  ASSERT_TRUE(fields) << fields.error().message;
  EXPECT_EQ(find_field(*fields, "a")->value, "x\\u0041\\n");
  EXPECT_EQ(find_field(*fields, "b")->value, "-1.5e+3");
  EXPECT_EQ(find_field(*fields, "b")->kind, FieldKind::kNumber);
  EXPECT_FALSE(find_field(*fields, "c"));
  EXPECT_EQ(find_field(*fields, "d")->kind, FieldKind::kBoolean);
  EXPECT_TRUE(find_field(*fields, " e"));
  EXPECT_FALSE(find_field(*fields, "e"));
  EXPECT_TRUE(read_key_fields("{}"));
}

TEST(KeyFields, RefusesWhatIsNoFlatObject) {
  for (const std::string_view text : {"",
                                      "{",
                                      "}",
                                      "[]",
                                      "null",
                                      "{} x",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\":{}}",
                                      "{\"a\":[1]}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":-}",
                                      "{\"a\":1e}",
                                      "{\"a\":+1}",
                                      "{\"a\":\"x}",
                                      "{\"a\":\"\\",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12g4\"}",
                                      "{\"a\":\"\\u12",
                                      "{\"a\":nul}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":1,\"a\":2}"}) {
    const auto fields = read_key_fields(text);
    ASSERT_FALSE(fields) << text;
    EXPECT_EQ(fields.error().code, ErrorCode::kCorrupt);
  }
}

TEST(KeyFields, TheErrorDoesNotShowTheText) {
  EXPECT_EQ(read_key_fields("{\"secretSeed\": \"0x1234").error().message.find("1234"),
            std::string::npos);
}

TEST(KeyFields, RefusesMoreMembersThanAKeyFileHas) {
  std::string text = "{\"a\":1";
  for (int i = 0; i < 100; ++i) text += ",\"m" + std::to_string(i) + "\":1";
  EXPECT_FALSE(read_key_fields(text + "}"));
}

}  // namespace
}  // namespace assay::keys
