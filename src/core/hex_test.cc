#include "core/hex.h"

#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

TEST(Hex, KnowsTheDigitsOfEitherCaseAndNoOtherCharacter) {
  const std::string digits = "0123456789abcdefABCDEF";
  for (int c = 0; c < 256; ++c) {
    const auto character = static_cast<char>(c);
    const std::size_t place = digits.find(character);
    const auto value = hex_digit(character);
    ASSERT_EQ(value.has_value(), place != std::string::npos) << c;
    if (!value) continue;
    EXPECT_EQ(*value, place < 16 ? place : place - 6) << c;
  }
}

TEST(Hex, ReadsWhatItWrites) {
  const auto bytes = parse_hex("00fF7a").value();
  EXPECT_EQ(to_hex(bytes), "00ff7a");
}

TEST(Hex, SaysWhichCharacterIsNoDigit) {
  EXPECT_EQ(parse_hex("abc").error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(parse_hex("abg0").error().message.ends_with("position 2"));
  EXPECT_TRUE(parse_hex("ab0g").error().message.ends_with("position 3"));
}

}  // namespace
}  // namespace assay
