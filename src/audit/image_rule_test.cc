#include "audit/image_rule.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace assay::audit {
namespace {

std::string utf8(char32_t point) {
  std::string text;
  const auto add = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | point >> 6);
    add(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    add(0xE0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  } else {
    add(0xF0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3F));
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  }
  return text;
}

TEST(ImageRule, BlankIsExactlyWhatPythonStrips) {
  std::set<char32_t> blank = {0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  for (char32_t point = 0x09; point <= 0x0D; ++point) blank.insert(point);
  for (char32_t point = 0x1C; point <= 0x20; ++point) blank.insert(point);
  for (char32_t point = 0x2000; point <= 0x200A; ++point) blank.insert(point);
  for (char32_t point = 0; point < 0x110000; ++point) {
    if (point >= 0xD800 && point < 0xE000) continue;
    const std::string text = utf8(point);
    ASSERT_EQ(is_blank(text), blank.contains(point)) << std::hex << static_cast<unsigned>(point);
    ASSERT_EQ(is_blank(" " + text + "\u3000"), blank.contains(point));
  }
}

TEST(ImageRule, NothingIsBlankAndBrokenUtf8IsNot) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_FALSE(is_blank("\xC2"));
  EXPECT_FALSE(is_blank("\xE2\x80"));
  EXPECT_FALSE(is_blank(" \xFF"));
  EXPECT_FALSE(is_blank(std::string(1, '\0')));
}

TEST(ImageRule, ABooleanDecidesOtherwiseTheAddress) {
  EXPECT_TRUE(has_image(true, std::nullopt));
  EXPECT_FALSE(has_image(false, "gs://b/o"));
  EXPECT_TRUE(has_image(std::nullopt, "x"));
  EXPECT_FALSE(has_image(std::nullopt, " \t"));
  EXPECT_FALSE(has_image(std::nullopt, std::nullopt));
}

TEST(ImageRule, StatusIgnoresTheCaseOfAsciiLettersAndTrimsNothing) {
  EXPECT_EQ(parse_status("sUcCeSs"), JobStatus::kSuccess);
  EXPECT_EQ(parse_status("FAILED"), JobStatus::kFailed);
  EXPECT_EQ(parse_status("pending"), JobStatus::kPending);
  for (const char* text : {"", " success", "success ", "succes", "\u017fuccess", "PEND\u0130NG",
                           "successs", "timeout"}) {
    EXPECT_EQ(parse_status(text), JobStatus::kOther) << text;
  }
}

}  // namespace
}  // namespace assay::audit
