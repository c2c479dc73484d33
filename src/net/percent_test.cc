#include "net/percent.h"

#include "core/random.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::net {
namespace {

TEST(Percent, ASegmentKeepsUnreservedCharactersOnly) {
  EXPECT_EQ(percent_encode("a/b c+d~e-f_g.h?\xc3\xa9"), "a%2Fb%20c%2Bd~e-f_g.h%3F%C3%A9");
  EXPECT_EQ(percent_encode("a/b c", PercentKeep::kUnreservedAndSlash), "a/b%20c");
}

TEST(Percent, DecodesWhatItEncodes) {
  SeededRandom random(3);
  for (int i = 0; i < 1000; ++i) {
    std::string text(random.below(30), ' ');
    for (char& c : text) c = static_cast<char>(random.below(256));
    EXPECT_EQ(percent_decode(percent_encode(text)).value(), text);
  }
}

TEST(Percent, DecodesEitherCaseAndLeavesPlus) {
  EXPECT_EQ(percent_decode("%2f%2F+").value(), "//+");
}

TEST(Percent, RefusesACutOrWrongTriplet) {
  for (const std::string_view text : {"%", "a%4", "%g0", "%0g", "%%41"}) {
    EXPECT_EQ(percent_decode(text).error().code, ErrorCode::kInvalidInput) << text;
  }
}

}  // namespace
}  // namespace assay::net
