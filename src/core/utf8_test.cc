#include "core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(Utf8, TheLengthOfEachCharacter) {
  EXPECT_EQ(utf8_length("a"), 1U);
  EXPECT_EQ(utf8_length("\xc2\x80"), 2U);
  EXPECT_EQ(utf8_length("\xe0\xa0\x80"), 3U);
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf"), 4U);
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("\x80"), 0U);
}

TEST(Utf8, TheByteOrderMarkIsNoTextAtTheBeginningAlone) {
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbf"), "");
  EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbf\xef\xbb\xbf"
                                    "a"),
            "\xef\xbb\xbf"
            "a");
  EXPECT_EQ(without_byte_order_mark("a\xef\xbb\xbf"), "a\xef\xbb\xbf");
}

TEST(Utf8, TakesCharactersAndNothingElse) {
  for (const auto* text : {"", "a\x01", "é € 😀", "\xef\xbf\xbd", "\xed\x9f\xbf", "\xee\x80\x80"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  const std::string eight_letters = "eight ch";
  for (const std::string bad :
       {"\xff", "a\xc3", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(bad));
    EXPECT_FALSE(is_utf8(eight_letters + bad));
    EXPECT_FALSE(is_utf8(bad + eight_letters));
  }
}

}  // namespace
}  // namespace assay
